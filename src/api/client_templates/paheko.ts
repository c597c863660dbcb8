import type { ClientTemplate } from './template.ts'

/**
 * Paheko 1.3.16 and newer, run by oneself. It sends its secret in the form, knows no PKCE, asks for every scope that the discovery document
 * names (so it gets one of its own), knows its members by their address and reads a name from `profile.name` of the userinfo answer.
 */
export const paheko: ClientTemplate = {
  fields: (url) => ({
    name: 'Paheko',
    redirect_uris: [`${url}/admin/login.php?oidc`],
    openid: {
      auth_method: 'client_secret_post',
      grant_types: ['authorization_code'],
      pkce: false,
      scopes: ['openid', 'profile', 'email'],
      email: { from: 'primary', required: true },
      claims: [{ claim: 'profile.name', from: 'name', scope: 'profile' }],
    },
  }),
  instructions: (url) => [
    '// config.local.php of Paheko',
    `const WWW_URL = '${url}/';`,
    `const ADMIN_URL = '${url}/admin/';`,
    'const SHOW_ERRORS = false;',
    "const OIDC_CLIENT_URL = '{issuer}/clients/{client_id}';",
    "const OIDC_CLIENT_ID = '{client_id}';",
    "const OIDC_CLIENT_SECRET = '{client_secret}';",
    "const OIDC_CLIENT_BUTTON = 'Octroi';",
    'const OIDC_CLIENT_MATCH_EMAIL = true;',
  ],
}
