import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/**
 * `v1.<key id>.<nonce>.<ciphertext and tag>`, base64url, AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The context
 * (table, row, column, version) is authenticated: a sealed value moved to another place does not open.
 */
export interface Sealed {
  readonly keyId: string
  readonly nonce: Buffer
  readonly body: Buffer
}

const TAG_BYTES = 16
const NONCE_BYTES = 12

/** The value cannot be opened with this key in this place: another key, another place, or altered. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

export function newKey(): KeyObject {
  return createSecretKey(randomBytes(32))
}

export function keyFrom(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes)
}

export function deriveKey(from: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', from, Buffer.alloc(0), `octroi ${purpose}`, 32)))
}

export function seal(key: KeyObject, keyId: string, plain: Uint8Array, context: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(authenticated(keyId, context))
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `v1.${keyId}.${nonce.toString('base64url')}.${body.toString('base64url')}`
}

export function parseSealed(text: string): Sealed {
  const [version, keyId, nonce, body, ...more] = text.split('.')
  if (version !== 'v1' || !keyId || !nonce || !body || more.length > 0) throw new SealBroken('not a sealed value')
  return { keyId, nonce: decode(nonce), body: decode(body) }
}

/** One text per value: Node's decoder skips what it does not know and ignores spare bits, so the text is made again and compared. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw new SealBroken('not a sealed value')
  return bytes
}

function authenticated(keyId: string, context: string): Buffer {
  return Buffer.from(`v1|${keyId}|${context}`)
}

export function open(key: KeyObject, text: string, context: string): Buffer {
  const { keyId, nonce, body } = parseSealed(text)
  if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) throw new SealBroken('not a sealed value')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(authenticated(keyId, context))
    decipher.setAuthTag(body.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new SealBroken('the value does not open', { cause })
  }
}
