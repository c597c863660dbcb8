import { createHash, createHmac, type KeyObject, sign as signWith } from 'node:crypto'
import { OctroiError } from '../../../core/errors.ts'
import type { OutgoingRequest } from '../../scheme.ts'
import { encode, formPairs, hostOf, isForm, type Pair, pairsOf, sortedPairs } from '../signatures/canonical.ts'

/** OAuth 1.0 (RFC 5849): the signature of one request and the header that it goes in. */

export const SIGNATURE_METHODS = [
  'HMAC-SHA1',
  'HMAC-SHA256',
  'HMAC-SHA512',
  'RSA-SHA1',
  'RSA-SHA256',
  'PLAINTEXT',
] as const
export type SignatureMethod = (typeof SIGNATURE_METHODS)[number]

export interface OAuth1Credentials {
  readonly consumerKey: string
  /** Empty with RSA, which has the private key instead. */
  readonly consumerSecret: string
  readonly privateKey?: KeyObject | undefined
  readonly token?: string | undefined
  readonly tokenSecret?: string | undefined
}

export interface OAuth1Signing {
  readonly method: SignatureMethod
  readonly realm?: string | undefined
  /** `oauth_version="1.0"` goes along. */
  readonly version: boolean
  /** The fields of a form are signed. */
  readonly signForm: boolean
  /** `oauth_body_hash` for bodies that are no form (an extension; some services demand it). */
  readonly bodyHash: boolean
}

/**
 * The value of `Authorization`. `more` has `oauth_callback` or `oauth_verifier`, where there is one.
 * Throws `invalid_request` for a form that has fields of the signature, and `upstream_refused_address` for secrets in the clear.
 */
export function oauth1Header(
  request: OutgoingRequest,
  credentials: OAuth1Credentials,
  signing: OAuth1Signing,
  nonce: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const form = signing.signForm ? formPairs(request) : []
  refuseOwnFields(form)
  const own: Readonly<Record<string, string>> = {
    oauth_consumer_key: credentials.consumerKey,
    ...(credentials.token === undefined ? {} : { oauth_token: credentials.token }),
    oauth_signature_method: signing.method,
    oauth_timestamp: String(Math.floor(request.now / 1000)),
    oauth_nonce: nonce,
    ...(signing.version ? { oauth_version: '1.0' } : {}),
    ...(signing.bodyHash && !isForm(request.headers)
      ? { oauth_body_hash: bodyHash(request.body, signing.method) }
      : {}),
    ...more,
  }
  const pairs = Object.entries(own).map(([name, value]): Pair => [encode(name), encode(value)])
  const base = baseString(request, [...pairsOf(request.query), ...form, ...pairs])
  const signature = signatureOf(base, request, credentials, signing.method)
  const quoted = [...pairs, ['oauth_signature', encode(signature)] as const].map(
    ([name, value]) => `${name}="${value}"`,
  )
  if (signing.realm !== undefined) quoted.unshift(`realm="${signing.realm.replace(/["\\]/g, '\\$&')}"`)
  return `OAuth ${quoted.join(', ')}`
}

/** RFC 5849 §3.4.1.1. */
export function baseString(request: OutgoingRequest, pairs: readonly Pair[]): string {
  const scheme = request.origin.startsWith('https:') ? 'https' : 'http'
  const address = `${scheme}://${hostOf(request)}${request.path === '' ? '/' : request.path}`
  return [request.method.toUpperCase(), address, sortedPairs(pairs)].map(encode).join('&')
}

function signatureOf(
  base: string,
  { origin }: OutgoingRequest,
  { consumerSecret, tokenSecret = '', privateKey }: OAuth1Credentials,
  method: SignatureMethod,
): string {
  const key = `${encode(consumerSecret)}&${encode(tokenSecret)}`
  if (method === 'PLAINTEXT') {
    // RFC 5849 §3.4.4: the secrets themselves are the signature.
    if (!origin.startsWith('https:'))
      throw new OctroiError('upstream_refused_address', 'PLAINTEXT sends the secrets as they are: only over https.')
    return key
  }
  const digest = digestOf(method)
  if (privateKey !== undefined) return signWith(digest, Buffer.from(base), privateKey).toString('base64')
  return createHmac(digest, key).update(base).digest('base64')
}

function bodyHash(body: Uint8Array | null, method: SignatureMethod): string {
  return createHash(digestOf(method))
    .update(body ?? '')
    .digest('base64')
}

function digestOf(method: SignatureMethod): string {
  return method === 'PLAINTEXT' ? 'sha1' : (method.split('-')[1] as string).toLowerCase()
}

/** RFC 5849 §3.2: a service refuses a request that has a parameter of the protocol twice. */
function refuseOwnFields(form: readonly Pair[]): void {
  const name = form.map(([field]) => field).find((field) => field.startsWith('oauth_'))
  if (name !== undefined)
    throw new OctroiError('invalid_request', `The form has the field ${name.slice(0, 60)}, which the signature sets.`)
}
