import { createHash } from 'node:crypto'
import { basicCredential, formFields } from './reading.ts'
import { signedJwt } from './rsa_pair.ts'
import { apiOf, IDENTITY, random, type SuperOfficeState } from './superoffice_state.ts'
import { type Call, Refused, type Reply, type Route } from './vendor.ts'

/** Sign-in with OpenID Connect. The issuer is the host alone, though everything is under `/login`. */
export function loginRoutes(state: SuperOfficeState, issuer: string): Route[] {
  return [
    {
      method: 'GET',
      path: /^\/login\/\.well-known\/openid-configuration$/,
      answer: () => ({ status: 200, body: metadata(issuer) }),
    },
    { method: 'GET', path: /^\/login\/\.well-known\/jwks$/, answer: () => ({ status: 200, body: jwks(state) }) },
    { method: 'GET', path: /^\/login\/common\/oauth\/authorize$/, answer: (call) => authorize(state, call.query) },
    {
      method: 'POST',
      path: /^\/login\/common\/oauth\/tokens$/,
      token: true,
      answer: (call) => tokens(state, issuer, call),
    },
  ]
}

const metadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/login/common/oauth/authorize`,
  token_endpoint: `${issuer}/login/common/oauth/tokens`,
  jwks_uri: `${issuer}/login/.well-known/jwks`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  scopes_supported: ['openid'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  code_challenge_methods_supported: ['plain', 'S256'],
  id_token_signing_alg_values_supported: ['RS256'],
})

/** The key in use comes second: who takes the first one, and not the one named by `kid`, fails. */
function jwks({ signing }: SuperOfficeState) {
  const jwk = (key: typeof signing.key, kid: string) => ({
    ...key.publicKey.export({ format: 'jwk' }),
    kid,
    use: 'sig',
    alg: 'RS256',
  })
  return { keys: [jwk(signing.decoy, 'superid-1'), jwk(signing.key, signing.kid)] }
}

/** Approves without asking. What is wrong with client or redirect is shown to the person, never sent on. */
function authorize(state: SuperOfficeState, query: URLSearchParams): Reply {
  const redirectUri = query.get('redirect_uri') ?? ''
  if (query.get('client_id') !== state.app.clientId) return { status: 400, body: 'Unknown client' }
  if (!state.app.redirectUris.includes(redirectUri)) return { status: 400, body: 'Redirect address not registered' }
  const back = (answer: Record<string, string>): Reply => {
    const echoed = query.get('state')
    const parameters = new URLSearchParams({ ...answer, ...(echoed !== null && { state: echoed }) })
    return { status: 302, headers: { Location: `${redirectUri}?${parameters}` } }
  }
  if (state.settings.signInError !== undefined) return back({ error: state.settings.signInError })
  if (query.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' })
  if (query.get('scope') !== 'openid') return back({ error: 'invalid_scope' })
  const tenant = query.get('acr_values')
  if (tenant !== null && tenant !== `tenant:${state.tenant}`) return back({ error: 'access_denied' })
  state.counts.signIns++
  const code = random()
  state.codes.set(code, {
    redirectUri,
    challenge: query.get('code_challenge') ?? undefined,
    method: query.get('code_challenge_method') ?? 'plain',
    nonce: query.get('nonce') ?? undefined,
    expiresAt: state.now() + state.settings.codeSeconds * 1000,
  })
  return back({ code })
}

const oauthError = (status: number, error: string): never => {
  throw new Refused({ status, body: { error } })
}

function tokens(state: SuperOfficeState, issuer: string, call: Call): Reply {
  const form = formFields(call, { status: 400, body: { error: 'invalid_request' } })
  const basic = basicCredential(call)
  const client = basic
    ? { id: decodeURIComponent(basic.username), secret: decodeURIComponent(basic.password) }
    : { id: form.get('client_id'), secret: form.get('client_secret') }
  const { clientId, clientSecret } = state.app
  if (client.id !== clientId || client.secret !== clientSecret) oauthError(401, 'invalid_client')
  const grant = form.get('grant_type')
  if (grant === 'authorization_code') return exchange(state, issuer, form)
  if (grant === 'refresh_token') return refresh(state, issuer, form)
  return oauthError(400, 'unsupported_grant_type')
}

function exchange(state: SuperOfficeState, issuer: string, form: URLSearchParams): Reply {
  const sent = form.get('code') ?? ''
  const code = state.codes.get(sent)
  state.codes.delete(sent)
  const verifier = form.get('code_verifier') ?? ''
  if (!code || state.now() >= code.expiresAt || form.get('redirect_uri') !== code.redirectUri)
    return oauthError(400, 'invalid_grant')
  const proof = code.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
  if (code.challenge !== undefined && proof !== code.challenge) oauthError(400, 'invalid_grant')
  const refreshToken = random()
  state.refreshTokens.add(refreshToken)
  return { status: 200, body: { ...granted(state, issuer, code.nonce), refresh_token: refreshToken } }
}

/** The refresh token stays good, and no other one comes back. */
function refresh(state: SuperOfficeState, issuer: string, form: URLSearchParams): Reply {
  if (!state.refreshTokens.has(form.get('refresh_token') ?? '')) return oauthError(400, 'invalid_grant')
  state.counts.refreshes++
  return { status: 200, body: granted(state, issuer, undefined) }
}

function granted(state: SuperOfficeState, issuer: string, nonce: string | undefined) {
  const { accessSeconds } = state.settings
  const accessToken = `8A:${state.tenant}.${random()}`
  state.accessTokens.set(accessToken, state.now() + accessSeconds * 1000)
  return {
    token_type: 'Bearer',
    access_token: accessToken,
    expires_in: accessSeconds,
    id_token: identity(state, issuer, nonce),
  }
}

function identity(state: SuperOfficeState, issuer: string, nonce: string | undefined): string {
  const seconds = Math.floor(state.now() / 1000)
  const administrator = state.settings.approvedBy === 'administrator'
  const own = {
    ctx: state.tenant,
    webapi_url: `${apiOf(state)}/`,
    netserver_url: `${apiOf(state).replace(/api$/, 'Remote/Services88')}/`,
    serial: state.serial,
    associateid: '5',
    email: 'kari@example.no',
    upn: 'kari@example.no',
    company_name: 'Nordlys AS',
    is_administrator: administrator ? 'True' : 'False',
    initials: 'KN',
    identityprovider: 'superid',
    so_primary_email_address: 'kari@example.no',
    ...(administrator && { system_token: state.systemToken }),
  }
  const claims = {
    sub: 'kari@example.no',
    iat: String(seconds), // A string, as the vendor's sample has it.
    nbf: seconds,
    exp: seconds + state.settings.identitySeconds,
    iss: issuer,
    aud: state.app.clientId,
    ...(nonce !== undefined && { nonce }),
    ...Object.fromEntries(Object.entries(own).map(([name, value]) => [IDENTITY + name, value])),
  }
  return signedJwt(claims, state.signing.key.privateKey, state.signing.kid)
}
