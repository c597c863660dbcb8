import type { ClientTemplate } from './template.ts'

const PROVIDER = 'octroi'

/** Nextcloud with the app user_oidc, which reads the ID token. Its addresses stand with index.php and without, by how its web server is set up. */
export const nextcloud: ClientTemplate = {
  fields: (url) => ({
    name: 'Nextcloud',
    redirect_uris: [`${url}/apps/user_oidc/code`, `${url}/index.php/apps/user_oidc/code`],
    post_logout_redirect_uris: [`${url}/`],
    openid: {
      auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_claims: true,
      scopes: ['openid', 'profile', 'email', 'groups'],
      // In clear it would have to be allowed first.
      backchannel_logout_uri: url.startsWith('https://')
        ? `${url}/index.php/apps/user_oidc/backchannel-logout/${PROVIDER}`
        : null,
    },
  }),
  instructions: () => [
    'occ config:system:set user_oidc default_token_endpoint_auth_method --value=client_secret_post',
    'Nextcloud: Administration settings, OpenID Connect, Registered Providers, +',
    `Identifier: ${PROVIDER}`,
    'Client ID: {client_id}',
    'Client secret: {client_secret}',
    'Discovery endpoint: {issuer}/.well-known/openid-configuration',
    'Scope: openid profile email groups',
    'User ID mapping: preferred_username',
    'Display name mapping: name',
    'Email mapping: email',
    'Groups mapping: groups',
  ],
}
