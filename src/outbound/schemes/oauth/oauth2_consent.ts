import { type Consent, ExchangeError } from '../../exchange.ts'
import type { ConnectionSecrets, Values } from '../../scheme.ts'
import { endpointOf } from '../endpoints.ts'
import { secret } from './oauth_client.ts'
import { randomText, s256 } from './oauth_pkce.ts'
import { errorCode } from './oauth_refusal.ts'
import { values, withParams } from './oauth_values.ts'
import { type CompiledOauth2, oauth2Of, scopesOf } from './oauth2_compiled.ts'
import { redeem } from './oauth2_exchange.ts'

/** Authorization code with PKCE: out to the service with a challenge, back with a code (RFC 6749 §4.1, RFC 7636, RFC 9207). */
export const oauth2Consent: Consent = {
  needed: ({ connector }) => oauth2Of(connector).grant === 'authorization_code',
  signInAt(connection) {
    const { authorizationUrl, tokenUrl } = oauth2Of(connection.connector)
    return endpointOf(authorizationUrl ?? tokenUrl, connection)
  },

  async begin(connection, { redirectUri, state }) {
    const compiled = oauth2Of(connection.connector)
    if (compiled.authorizationUrl === undefined)
      throw new ExchangeError('human', `${connection.connector.name} asks nobody for consent.`)
    const scopes = scopesOf(compiled, connection)
    const keep = {
      ...(compiled.pkce ? { verifier: randomText() } : {}),
      ...(scopes.includes('openid') ? { nonce: randomText() } : {}),
    }
    const own = {
      response_type: 'code',
      client_id: secret(connection, 'client_id'),
      redirect_uri: redirectUri,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(compiled.scopeSeparator) }),
      state,
      ...(keep.nonce === undefined ? {} : { nonce: keep.nonce }),
      ...(keep.verifier === undefined ? {} : { code_challenge: s256(keep.verifier), code_challenge_method: 'S256' }),
    }
    const params = withParams(own, compiled.authorizeParams, connection)
    return { url: withQuery(endpointOf(compiled.authorizationUrl, connection), params), keep }
  },

  async finish(connection, { params, redirectUri, keep }, context) {
    const compiled = oauth2Of(connection.connector)
    checkIssuer(compiled, connection, params)
    checkCallback(params)
    const code = {
      code: params.code ?? '',
      redirect_uri: redirectUri,
      ...(keep.verifier === undefined ? {} : { code_verifier: keep.verifier }),
      ...(compiled.stateInExchange && params.state !== undefined ? { state: params.state } : {}),
    }
    return redeem(code, { callback: params, nonce: keep.nonce }, connection, context)
  },
}

/** The address keeps the query that it has (RFC 6749 §3.1). */
export function withQuery(address: string, params: Values): string {
  const query = Object.entries(params).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  )
  const joint = address.includes('?') ? (/[?&]$/.test(address) ? '' : '&') : '?'
  return `${address}${joint}${query.join('&')}`
}

/** RFC 9207 §2.4, error answers included: a code of another server would be taken to this one (mix-up). */
function checkIssuer(compiled: CompiledOauth2, connection: ConnectionSecrets, params: Values): void {
  const issuer = compiled.issuer?.render(values(connection))
  if (params.iss === undefined) {
    if (compiled.issRequired) throw new ExchangeError('human', 'The service did not say who it is: iss is missing.')
  } else if (issuer !== undefined && params.iss !== issuer)
    throw new ExchangeError('human', 'The answer came from another service than the one that was asked.')
}

/** Refuses a callback that brings no code. RFC 6749 §4.1.2.1. */
export function checkCallback(params: Values): void {
  if (params.error !== undefined) {
    const code = errorCode({ error: params.error })
    if (code === 'access_denied') throw new ExchangeError('human', 'The access was not agreed to at the service.')
    const passing = code === 'temporarily_unavailable' || code === 'server_error'
    const detail = `The service answered ${code ?? 'an error'} instead of a code.`
    throw new ExchangeError(passing ? 'transient' : 'human', detail)
  }
  if (params.code === undefined || params.code === '')
    throw new ExchangeError('human', 'The service sent no code: begin again.')
}
