import type { ClientTemplate } from './template.ts'

/** WordPress with the plugin OpenID Connect Generic. It sends its secret in the form; up to version 3.9 it knows no PKCE. */
export const wordpress: ClientTemplate = {
  fields: (url) => ({
    name: 'WordPress',
    redirect_uris: [`${url}/wp-admin/admin-ajax.php?action=openid-connect-authorize`],
    post_logout_redirect_uris: [`${url}/`],
    openid: {
      auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token'],
      pkce: false,
      email: { from: 'primary', required: true },
    },
  }),
  instructions: () => [
    '// wp-config.php of WordPress',
    "define('OIDC_CLIENT_ID', '{client_id}');",
    "define('OIDC_CLIENT_SECRET', '{client_secret}');",
    "define('OIDC_CLIENT_SCOPE', 'openid profile email');",
    "define('OIDC_ENDPOINT_LOGIN_URL', '{issuer}/auth');",
    "define('OIDC_ENDPOINT_TOKEN_URL', '{issuer}/token');",
    "define('OIDC_ENDPOINT_USERINFO_URL', '{issuer}/me');",
    "define('OIDC_ENDPOINT_LOGOUT_URL', '{issuer}/session/end');",
    "define('OIDC_LOGIN_TYPE', 'button');",
    "define('OIDC_CREATE_IF_DOES_NOT_EXIST', false);",
    "define('OIDC_LINK_EXISTING_USERS', true);",
  ],
}
