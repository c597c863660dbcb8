import type { KeyObject } from 'node:crypto'
import { type JWTPayload, jwtVerify } from 'jose'
import type { OAuth2Settings } from './oauth2_settings.ts'
import { basicCredential } from './reading.ts'
import { type Call, Refused } from './vendor.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const MAX_ASSERTION_SECONDS = 3600

/** The token address; the longer ones are Salesforce's, HelloAsso's and most others'. */
export const TOKEN_PATHS = ['/token', '/oauth/token', '/oauth2/token', '/services/oauth2/token']

export interface RegisteredClient {
  readonly id: string
  readonly secret: string
  readonly publicKey: KeyObject
}

export interface Verifier {
  readonly now: () => number
  readonly settings: OAuth2Settings
  readonly client: RegisteredClient
  readonly issuer: string
  /** Assertions are good once. */
  readonly seenIds: Set<string>
}

/** Throws what RFC 6749 §5.2 says. */
export function oauthError(settings: OAuth2Settings, error: string, description = error, status = 400): never {
  const headers = status === 401 ? { 'WWW-Authenticate': 'Basic realm="token"' } : {}
  const body = { error, error_description: description }
  throw new Refused({ status: settings.errorStatus ?? status, headers, body })
}

/** The client has proved itself by the method that it is registered for, and by no other beside it. */
export async function authenticateClient(verifier: Verifier, call: Call, form: URLSearchParams): Promise<void> {
  const { settings, client } = verifier
  const used = methodOf(call, form)
  const refuse = (why: string): never => oauthError(settings, 'invalid_client', why, 401)
  if (used.length > 1) oauthError(settings, 'invalid_request', 'more than one way of client authentication')
  if (used[0] !== settings.clientAuth) refuse(`registered for ${settings.clientAuth}`)
  if (settings.clientAuth === 'basic') {
    const sent = basicCredential(call)
    if (formDecoded(sent?.username) !== client.id || formDecoded(sent?.password) !== client.secret)
      refuse('wrong secret')
  } else if (settings.clientAuth === 'private_key_jwt') await checkAssertion(verifier, form, refuse)
  else if (form.get('client_id') !== client.id) refuse('unknown client')
  if (settings.clientAuth === 'post' && form.get('client_secret') !== client.secret) refuse('wrong secret')
}

function methodOf(call: Call, form: URLSearchParams): OAuth2Settings['clientAuth'][] {
  const used: OAuth2Settings['clientAuth'][] = []
  if (call.header('authorization') !== undefined) used.push('basic')
  if (form.has('client_secret')) used.push('post')
  if (form.has('client_assertion')) used.push('private_key_jwt')
  return used.length === 0 ? ['none'] : used
}

/** Both parts are form-encoded before they are joined (RFC 6749 §2.3.1). */
const formDecoded = (part = '') => new URLSearchParams(`part=${part}`).get('part')

async function checkAssertion(verifier: Verifier, form: URLSearchParams, refuse: (why: string) => never) {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) refuse('client_assertion_type')
  const { id, publicKey } = verifier.client
  const claims = await verifiedAssertion(verifier, form.get('client_assertion') ?? '', publicKey, id).catch(
    (error: Error) => refuse(error.message),
  )
  if (claims.sub !== id) refuse('sub is not the client')
  if (claims.jti === undefined || verifier.seenIds.has(claims.jti)) refuse('jti is missing or was seen before')
  verifier.seenIds.add(claims.jti as string)
}

/** Signature, issuer, audience (issuer or token endpoint), and a life of an hour at most (RFC 7523 §3). */
export async function verifiedAssertion(
  { now, issuer, settings }: Verifier,
  assertion: string,
  key: KeyObject,
  expectedIssuer: string,
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(assertion, key, {
    issuer: expectedIssuer,
    // The path of the token address may be any of those under which it is served.
    audience: settings.audience ?? [issuer, ...TOKEN_PATHS.map((path) => issuer + path)],
    currentDate: new Date(now()),
    requiredClaims: ['exp'],
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  })
  if ((payload.exp ?? 0) * 1000 > now() + MAX_ASSERTION_SECONDS * 1000) throw new Error('exp is too far away')
  return payload
}
