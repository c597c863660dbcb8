import type { ClientTemplate } from './template.ts'

/** Grafana's generic OAuth. The role that it reads is what `roles` makes of the groups: Viewer, Editor, Admin. */
export const grafana: ClientTemplate = {
  fields: (url) => ({
    name: 'Grafana',
    redirect_uris: [`${url}/login/generic_oauth`],
    post_logout_redirect_uris: [`${url}/login`],
    default_role: 'Viewer',
    openid: { scopes: ['openid', 'profile', 'email', 'groups'], email: { from: 'primary', required: true } },
  }),
  instructions: (url) => [
    '; grafana.ini',
    '[server]',
    `root_url = ${url}/`,
    '[auth.generic_oauth]',
    'enabled = true',
    'name = Octroi',
    'client_id = {client_id}',
    'client_secret = {client_secret}',
    'scopes = openid profile email groups',
    'auth_url = {issuer}/auth',
    'token_url = {issuer}/token',
    'api_url = {issuer}/me',
    'auth_style = InHeader',
    'use_pkce = true',
    'login_attribute_path = preferred_username',
    'name_attribute_path = name',
    'email_attribute_path = email',
    'role_attribute_path = role',
    `signout_redirect_url = {issuer}/session/end?client_id={client_id}&post_logout_redirect_uri=${encodeURIComponent(`${url}/login`)}`,
  ],
}
