import { newToken } from '../core/ids.ts'
import type { Problem } from '../core/problem.ts'
import type { AssertionSigner } from '../core/signing_keys.ts'
import type { Arrival } from './arrival.ts'
import type { OpenIdClient, ProviderClients } from './client_metadata.ts'
import { oauthAnswer } from './failure.ts'
import type { KnownSecrets } from './known_secrets.ts'
import { type Recorder, record, requireTrail } from './recording.ts'
import { onlyResource } from './resources.ts'

export interface CredentialsParts extends Recorder {
  readonly clients: ProviderClients
  readonly secrets: KnownSecrets
  readonly signer: AssertionSigner
  readonly issuer: string
}

/** A request of the token endpoint, as far as it matters here. */
export interface TokenRequest {
  /** Not decoded. */
  readonly body: string
  /** The `Authorization` header. */
  readonly authorization: string | undefined
}

const PLAIN = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret'])
/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/
const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i
/** Of ids and secrets that need no decoding (RFC 6749 §2.3.1). */
const UNRESERVED = /^[A-Za-z0-9._-]+$/

interface Credentials {
  readonly id: string
  readonly secret: string
}

/**
 * The common token of a program (RFC 6749 §4.4, RFC 9068), in few steps: an id and a secret, one API, a JWT. It says yes, or nothing: whatever
 * is unusual or wrong goes to the library, and so does every refusal. A test holds both to the same answers.
 */
export class ClientCredentialsTokens {
  readonly #parts: CredentialsParts

  constructor(parts: CredentialsParts) {
    this.#parts = parts
  }

  /** `undefined`: for the library. */
  async answer(request: TokenRequest, arrival: Arrival): Promise<Problem | undefined> {
    const form = plainForm(request.body)
    const credentials = form && credentialsIn(form, request.authorization)
    if (form === undefined || credentials === undefined) return undefined
    const client = await this.#parts.clients.find(credentials.id)
    if (client === undefined || !isServed(client)) return undefined
    const audience = audienceOf(client, form.get('resource'))
    // A wrong secret is the library's to refuse.
    const { id, secret } = credentials
    if (audience === undefined || !(await this.#parts.secrets.proves(id, secret))) return undefined
    requireTrail(this.#parts)
    arrival.client = client.id
    const answer = this.#token(client, audience, form.get('scope'), arrival)
    record(this.#parts, 'oidc.token', arrival, { status: 200, code: null, bytesOut: answer.body.length })
    if (this.#parts.trail.mode === 'strict') await this.#parts.trail.flushed()
    return answer
  }

  #token(client: OpenIdClient, audience: string, wanted: string | undefined, arrival: Arrival): Problem {
    const { signer, issuer, now } = this.#parts
    const iat = Math.floor(now() / 1000)
    const expiresIn = client.openid.access_token_ttl_s
    const scope = scopeOf(client, audience, wanted)
    const own = { jti: newToken(), sub: client.id, iat, exp: iat + expiresIn, scope, client_id: client.id }
    const token = signer.sign({ ...own, iss: issuer, aud: audience }, 'at+jwt')
    const body = { access_token: token, expires_in: expiresIn, scope, token_type: 'Bearer' }
    return oauthAnswer(200, body, arrival.id)
  }
}

/** Each parameter once, and none that changes what is asked for. */
function plainForm(body: string): ReadonlyMap<string, string> | undefined {
  const form = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body)) {
    if (!PLAIN.has(name) || form.has(name) || value === '') return undefined
    form.set(name, value)
  }
  const scope = form.get('scope')
  if (form.get('grant_type') !== 'client_credentials' || (scope !== undefined && !SCOPE.test(scope))) return undefined
  return form
}

/** By one way alone (RFC 6749 §2.3). */
function credentialsIn(form: ReadonlyMap<string, string>, authorization: string | undefined): Credentials | undefined {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')]
  if (authorization === undefined) return id === undefined || secret === undefined ? undefined : { id, secret }
  const [, encoded] = BASIC.exec(authorization) ?? []
  if (encoded === undefined || secret !== undefined) return undefined
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('latin1').split(':')
  const password = rest.join(':')
  if (!UNRESERVED.test(user) || !UNRESERVED.test(password) || (id !== undefined && id !== user)) return undefined
  return { id: user, secret: password }
}

function isServed({ openid }: OpenIdClient): boolean {
  const { auth_method, grant_types, dpop } = openid
  return auth_method.startsWith('client_secret_') && grant_types.includes('client_credentials') && !dpop
}

function audienceOf(client: OpenIdClient, wanted: string | undefined): string | undefined {
  const id = wanted ?? onlyResource(client)
  return client.openid.resources.find((one) => one.id === id)?.id
}

/** What of it the API has; `undefined`: nothing. */
function scopeOf({ openid }: OpenIdClient, audience: string, wanted: string | undefined): string | undefined {
  const known = openid.resources.find(({ id }) => id === audience)?.scopes ?? []
  const scopes = [...new Set(wanted?.split(' '))].filter((scope) => known.includes(scope))
  return scopes.length === 0 ? undefined : scopes.join(' ')
}
