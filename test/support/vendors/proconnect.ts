import type { RecordedRequest } from '../loopback.ts'
import { partsOf } from './oidc_provider_forgery.ts'
import { type PeopleClient, type PeopleProvider, startPeopleProvider, type TestPerson } from './oidc_provider_people.ts'

/**
 * ProConnect as its documentation and its open code have it (https://partenaires.proconnect.gouv.fr/docs/fournisseur-service,
 * https://github.com/proconnect-gouv/federation), on the certified library: what the real one refuses, this one refuses.
 */
export interface ProConnectOptions {
  readonly port?: number
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris?: readonly string[]
  /** As registered; ES256 where nothing was said. */
  readonly idTokenAlg?: PeopleClient['idTokenAlg']
  /** As registered; `json`: plain. */
  readonly userinfo?: 'ES256' | 'RS256' | 'HS256' | 'json'
}

const person = (
  sub: string,
  given: string,
  usual: string,
  siret: string,
  label: string,
  acr = 'eidas1',
): TestPerson => ({
  sub,
  acr,
  amr: acr === 'eidas1' ? ['pwd'] : ['pwd', 'mfa'],
  claims: {
    given_name: given,
    usual_name: usual,
    email: `${given}.${usual}@agents.exemple.fr`.toLowerCase(),
    siret,
    organization_label: label,
    idp_id: '71144ab3-ee1a-4401-b7b3-79b44f7daeeb',
    uid: sub,
  },
})

/** Who its form offers; one SIRET each, as a session there is for one organization. */
export const PROCONNECT_PEOPLE: Readonly<Record<string, TestPerson>> = {
  camille: person('pc-camille', 'Camille', 'Petit', '13002526500013', 'Direction interministérielle du numérique'),
  dominique: person('pc-dominique', 'Dominique', 'Moreau', '21750001600019', 'Ville de Paris', 'eidas2'),
  sacha: person('pc-sacha', 'Sacha', 'Inconnu', '99999999900018', 'Organisation inconnue'),
}

/** One scope, one claim (`scope-claims.md`); there is no `profile`. */
const SCOPES = {
  openid: ['sub'],
  given_name: ['given_name'],
  usual_name: ['usual_name'],
  email: ['email'],
  uid: ['uid'],
  siret: ['siret'],
  idp_id: ['idp_id'],
  organization_label: ['organization_label'],
  phone: ['phone_number'],
  custom: ['custom'],
}
const ACR = ['eidas0', 'eidas0-mfa', 'eidas1', 'eidas1-mfa', 'eidas2', 'eidas3']

const TAKEN = new Set([
  'client_id',
  'response_type',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'claims',
  'acr_values',
  'prompt',
  'login_hint',
  'idp_hint',
  'siret_hint',
  'code_challenge',
  'code_challenge_method',
])

export function startProConnect(options: ProConnectOptions): Promise<PeopleProvider> {
  const { userinfo = options.idTokenAlg ?? 'ES256', idTokenAlg = 'ES256', postLogoutRedirectUris = [] } = options
  const client: PeopleClient = {
    id: 'octroi-proconnect',
    secret: 'proconnect-secret-of-more-than-32-bytes-5e0c1d',
    redirectUris: options.redirectUris,
    postLogoutRedirectUris,
    authMethod: 'client_secret_post',
    idTokenAlg,
    ...(userinfo === 'json' ? {} : { userinfoAlg: userinfo }),
  }
  return startPeopleProvider({
    ...(options.port === undefined ? {} : { port: options.port }),
    path: '/api/v2',
    client,
    people: PROCONNECT_PEOPLE,
    scopes: SCOPES,
    acrValues: ACR,
    codeSeconds: 60,
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      end_session: '/session/end',
    },
    guard: (request) => refusal(request, postLogoutRedirectUris),
  })
}

function refusal(request: RecordedRequest, postLogoutRedirectUris: readonly string[]) {
  const [path = '', query = ''] = request.url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  if (path === '/api/v2/authorize') return badRequest(parameters)
  if (path === '/api/v2/token') return basicRefused(request)
  if (path === '/api/v2/session/end' && request.method === 'GET')
    return logoutRefused(parameters, postLogoutRedirectUris)
  return undefined
}

const page = (code: string, text: string) => ({
  status: 400,
  type: 'text/html',
  body: `<h1>${code}</h1><p>${text}</p>`,
})

/** An error page of its own: the browser is not sent back. */
function badRequest(parameters: URLSearchParams) {
  const names = [...parameters.keys()]
  const isShort = (name: string) => (parameters.get(name) ?? '').length < 32
  if (names.some((name) => !TAKEN.has(name)) || new Set(names).size !== names.length)
    return page('Y000400', 'Bad Request Exception')
  if (isShort('state') || isShort('nonce')) return page('Y000400', 'state and nonce have at least 32 characters')
  return undefined
}

function basicRefused(request: RecordedRequest) {
  if (request.header('authorization') === undefined) return undefined
  const error = { error: 'invalid_client', error_description: 'client authentication failed' }
  return { status: 401, type: 'application/json', body: JSON.stringify(error) }
}

function logoutRefused(parameters: URLSearchParams, registered: readonly string[]) {
  if (!parameters.get('state')) return page('Y000400', 'state is required')
  const hint = parameters.get('id_token_hint')
  if (hint !== null && partsOf(hint).claims.aud === undefined) return page('Y030111', 'id_token_hint')
  return registered.includes(parameters.get('post_logout_redirect_uri') ?? '')
    ? undefined
    : page('Y030111', 'post_logout_redirect_uri is not registered')
}
