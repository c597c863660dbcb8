import type { ClientTemplate } from './template.ts'

/** The name of the authentication source in Gitea, which is in its address. */
const SOURCE = 'octroi'

/** Gitea and Forgejo: an authentication source of the kind OpenID Connect. It knows no PKCE. */
export const gitea: ClientTemplate = {
  fields: (url) => ({
    name: 'Gitea',
    redirect_uris: [`${url}/user/oauth2/${SOURCE}/callback`],
    post_logout_redirect_uris: [`${url}/`],
    openid: {
      grant_types: ['authorization_code', 'refresh_token'],
      pkce: false,
      scopes: ['openid', 'profile', 'email', 'groups'],
      email: { from: 'primary', required: true },
    },
  }),
  instructions: () => [
    'Gitea: Site Administration, Authentication Sources, Add Authentication Source',
    'Authentication Type: OAuth2',
    `Authentication Name: ${SOURCE}`,
    'OAuth2 Provider: OpenID Connect',
    'Client ID (Key): {client_id}',
    'Client Secret: {client_secret}',
    'OpenID Connect Auto Discovery URL: {issuer}/.well-known/openid-configuration',
    'Additional Scopes: profile email groups',
    'Claim name providing group names for this source: groups',
  ],
}
