import type { ClientTemplate } from './template.ts'

const BACKCHANNEL = '/api/backchannel-logout'

/** RecyClique, or another FastAPI application: its API takes the code. Who may do what stays its own affair: it is told who it is. */
export const recyclique: ClientTemplate = {
  fields: (url) => ({
    name: 'RecyClique',
    redirect_uris: [`${url}/api/callback`],
    post_logout_redirect_uris: [`${url}/api/logged-out`],
    openid: {
      scopes: ['openid', 'profile', 'email'],
      email: { from: 'primary', required: true },
      ...(isPublic(url) ? { backchannel_logout_uri: `${url}${BACKCHANNEL}` } : {}),
    },
  }),
  instructions: (url) => [
    'issuer: {issuer}',
    'discovery: {issuer}/.well-known/openid-configuration',
    'client_id: {client_id}',
    'client_secret: {client_secret}',
    `redirect URI: ${url}/api/callback`,
    `after signing out: ${url}/api/logged-out`,
    ...(isPublic(url) ? [`told of sign-outs at: ${url}${BACKCHANNEL}`] : []),
    'scope: openid profile email',
    'token endpoint authentication: client_secret_basic, with PKCE (S256)',
  ],
}

/** An application on the developer's own machine is called by nobody, unless `network` lets Octroi. */
function isPublic(url: string): boolean {
  return url.startsWith('https:')
}
