import type { ClientTemplate } from './template.ts'

/**
 * Odoo with the module auth_oidc of OCA (server-auth), in its authorization code flow. It reads the ID token and never asks further, in most
 * versions knows RS256 alone, and sends PKCE always.
 */
export const odoo: ClientTemplate = {
  fields: (url) => ({
    name: 'Odoo',
    redirect_uris: [`${url}/auth_oauth/signin`],
    post_logout_redirect_uris: [`${url}/web/login`],
    openid: {
      grant_types: ['authorization_code'],
      id_token_alg: 'RS256',
      id_token_claims: true,
      email: { from: 'primary', required: true },
    },
  }),
  instructions: () => [
    'Odoo: Settings, Users & Companies, OAuth Providers, New',
    'Auth Flow: OpenID Connect (authorization code flow)',
    'Token Map: sub:user_id',
    'Client ID: {client_id}',
    'Client Secret: {client_secret}',
    'Authorization URL: {issuer}/auth',
    'Scope: openid profile email',
    'Token URL: {issuer}/token',
    'JWKS URL: {issuer}/jwks',
    'End Session URL: {issuer}/session/end',
    'UserInfo URL: {issuer}/me',
  ],
}
