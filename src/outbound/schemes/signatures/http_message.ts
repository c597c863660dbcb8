import { createHash, createHmac, type KeyObject, constants as padding, sign as signWith } from 'node:crypto'
import { OctroiError } from '../../../core/errors.ts'
import type { OutgoingRequest } from '../../scheme.ts'
import { headerValue, hostOf } from './canonical.ts'

/** HTTP Message Signatures (RFC 9421) of a request, and the digest of its body (RFC 9530). */

export const SIGNATURE_ALGORITHMS = [
  'ed25519',
  'hmac-sha256',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
  'ecdsa-p256-sha256',
] as const
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number]

/** RFC 9421 §2.2, of those that a request has. */
export const DERIVED = [
  '@method',
  '@target-uri',
  '@authority',
  '@scheme',
  '@request-target',
  '@path',
  '@query',
] as const

/** RFC 9421 §2.3, in the order in which they are written. */
export interface SignatureParameters {
  /** Seconds since the epoch. */
  readonly created: number
  readonly expires?: number | undefined
  readonly keyid?: string | undefined
  readonly alg?: string | undefined
  readonly nonce?: string | undefined
  readonly tag?: string | undefined
}

/** RFC 9421 §2.5: what is signed, and the value that says how. Throws `invalid_request` when a header is not there. */
export function signatureBase(
  request: OutgoingRequest,
  components: readonly string[],
  parameters: SignatureParameters,
): { readonly base: string; readonly input: string } {
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `;${name}=${typeof value === 'number' ? value : quoted(value as string)}`)
  const input = `(${components.map(quoted).join(' ')})${written.join('')}`
  const lines = components.map((name) => `${quoted(name)}: ${componentOf(request, name)}`)
  return { base: [...lines, `"@signature-params": ${input}`].join('\n'), input }
}

function componentOf(request: OutgoingRequest, name: string): string {
  const path = request.path === '' ? '/' : request.path
  const target = `${path}${request.query === '' ? '' : `?${request.query}`}`
  switch (name as (typeof DERIVED)[number]) {
    case '@method':
      return request.method
    case '@target-uri':
      return `${new URL(request.origin).origin}${target}`
    case '@authority':
      return hostOf(request)
    case '@scheme':
      return request.origin.startsWith('https:') ? 'https' : 'http'
    case '@request-target':
      return target
    case '@path':
      return path
    case '@query':
      // RFC 9421 §2.2.7: with its question mark, which is there also where there is no query.
      return `?${request.query}`
    default:
      return fieldOf(request, name)
  }
}

function fieldOf({ headers }: OutgoingRequest, name: string): string {
  const value = headerValue(headers, name)
  if (value !== undefined) return value
  throw new OctroiError('invalid_request', `The header ${name} is part of the signature: the request needs it.`)
}

export function signBase(base: string, algorithm: SignatureAlgorithm, key: KeyObject): Buffer {
  const data = Buffer.from(base, 'latin1')
  switch (algorithm) {
    case 'ed25519':
      return signWith(null, data, key)
    case 'hmac-sha256':
      return createHmac('sha256', key).update(data).digest()
    case 'rsa-pss-sha512':
      return signWith('sha512', data, { key, padding: padding.RSA_PKCS1_PSS_PADDING, saltLength: 64 })
    case 'rsa-v1_5-sha256':
      return signWith('sha256', data, key)
    case 'ecdsa-p256-sha256':
      return signWith('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
  }
}

/** RFC 9530 §2. */
export function contentDigest(algorithm: 'sha-256' | 'sha-512', body: Uint8Array | null): string {
  const hash = createHash(algorithm.replace('-', ''))
    .update(body ?? '')
    .digest('base64')
  return `${algorithm}=:${hash}:`
}

/** A string of RFC 8941 §3.3.3. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
