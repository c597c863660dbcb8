import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** An authenticator and its browser in one, which says whatever a test wants it to say (WebAuthn §6.1, §6.5). */

interface Flags {
  readonly present?: boolean
  readonly verified?: boolean
  /** It can be, and is, on several devices. */
  readonly synchronised?: boolean
}

export interface Said extends Flags {
  readonly challenge: string
  readonly origin?: string
  readonly rpId?: string
  readonly counter?: number
  readonly userHandle?: string | undefined
  readonly type?: string
  readonly crossOrigin?: boolean
}

export interface Attested extends Said {
  readonly fmt?: string
  readonly statement?: Map<string, unknown>
}

export class TestAuthenticator {
  readonly id = randomBytes(32).toString('base64url')
  readonly #key: KeyObject
  readonly #point: { x: string; y: string }

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    this.#point = publicKey.export({ format: 'jwk' }) as { x: string; y: string }
  }

  /** As `navigator.credentials.create()` gives it, in JSON. */
  register(said: Attested): object {
    const attested = Buffer.concat([
      Buffer.alloc(16),
      lengthOf(this.id),
      Buffer.from(this.id, 'base64url'),
      this.#cose(),
    ])
    const attestationObject = isoCBOR.encode(
      new Map<string, unknown>([
        ['fmt', said.fmt ?? 'none'],
        ['attStmt', said.statement ?? new Map()],
        ['authData', Uint8Array.from(Buffer.concat([authData(said, 0x40), attested]))],
      ]) as never,
    )
    const response = {
      clientDataJSON: clientData(said, 'webauthn.create').toString('base64url'),
      attestationObject: Buffer.from(attestationObject).toString('base64url'),
      transports: ['internal'],
    }
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response }
  }

  /** As `navigator.credentials.get()` gives it. */
  answer(said: Said): { id: string; rawId: string; response: Record<string, string | undefined> } & object {
    const data = authData(said, 0)
    const client = clientData(said, 'webauthn.get')
    const signature = sign('sha256', Buffer.concat([data, createHash('sha256').update(client).digest()]), this.#key)
    const response = {
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: said.userHandle,
    }
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response } as never
  }

  /** ES256 (RFC 9053 §2.1). */
  #cose(): Uint8Array {
    const { x, y } = this.#point
    return isoCBOR.encode(
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
        [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
      ]) as never,
    )
  }
}

function clientData(
  { challenge, origin = 'https://gate.example.org', type, crossOrigin = false }: Said,
  usual: string,
): Buffer {
  return Buffer.from(JSON.stringify({ type: type ?? usual, challenge, origin, crossOrigin }))
}

function authData(said: Said, more: number): Buffer {
  const { rpId = 'gate.example.org', counter = 0, present = true, verified = true, synchronised = false } = said
  const flags = (present ? 0x01 : 0) | (verified ? 0x04 : 0) | (synchronised ? 0x18 : 0) | more
  const tail = Buffer.alloc(5)
  tail.writeUInt8(flags, 0)
  tail.writeUInt32BE(counter, 1)
  return Buffer.concat([createHash('sha256').update(rpId).digest(), tail])
}

function lengthOf(id: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.from(id, 'base64url').length)
  return length
}
