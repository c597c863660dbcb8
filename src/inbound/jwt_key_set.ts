import type { CryptoKey } from 'jose'
import { isObject, type JsonObject } from './jwt_token.ts'

/** What may stand in a set; more is no set of an issuer. */
const MAX_KEYS = 100
/** A token that names no key is tried with so many. */
const MAX_TRIED = 8

const EC_CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
/** The members of public keys (RFC 7518 §6, RFC 8037 §2): nothing else of what is published is looked at. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['kty', 'n', 'e'],
  EC: ['kty', 'crv', 'x', 'y'],
  OKP: ['kty', 'crv', 'x'],
}

/** The public keys of one issuer (RFC 7517 §5). */
export class KeySet {
  readonly #keys: readonly JsonObject[]
  readonly #imported = new Map<string, Promise<CryptoKey | undefined>>()

  constructor(keys: readonly JsonObject[]) {
    this.#keys = keys.slice(0, MAX_KEYS)
  }

  /** Undefined for what is not a set of keys. */
  static read(text: string): KeySet | undefined {
    try {
      const set: unknown = JSON.parse(text)
      if (!isObject(set) || !Array.isArray(set.keys)) return undefined
      return new KeySet(set.keys.filter(isObject))
    } catch {
      return undefined
    }
  }

  /** Those that may have made a signature by this algorithm, under this name if one is given. */
  async fitting(algorithm: string, kid: string | undefined): Promise<readonly CryptoKey[]> {
    const fitting = this.#keys.flatMap((key, index) => (fits(key, algorithm, kid) ? [{ key, index }] : []))
    const imported = fitting.slice(0, MAX_TRIED).map(({ key, index }) => this.#import(key, algorithm, index))
    return (await Promise.all(imported)).filter((key) => key !== undefined)
  }

  #import(key: JsonObject, algorithm: string, index: number): Promise<CryptoKey | undefined> {
    const place = `${index} ${algorithm}`
    let importing = this.#imported.get(place)
    if (importing === undefined) {
      importing = importPublic(key, algorithm)
      this.#imported.set(place, importing)
    }
    return importing
  }
}

function fits(key: JsonObject, algorithm: string, kid: string | undefined): boolean {
  if (kid !== undefined && key.kid !== kid) return false
  if (key.alg !== undefined && family(key.alg) !== family(algorithm)) return false
  if (key.use !== undefined && key.use !== 'sig') return false
  if (Array.isArray(key.key_ops) && !key.key_ops.includes('verify')) return false
  if (/^[RP]S/.test(algorithm)) return key.kty === 'RSA'
  if (algorithm.startsWith('ES')) return key.kty === 'EC' && key.crv === EC_CURVES[algorithm]
  return key.kty === 'OKP' && key.crv === 'Ed25519'
}

/** RFC 9864 §2.2: `Ed25519` is `EdDSA` with the only curve that is taken. */
function family(algorithm: unknown): unknown {
  return algorithm === 'Ed25519' ? 'EdDSA' : algorithm
}

/** Undefined for what is no key, whatever it says of itself. */
async function importPublic(key: JsonObject, algorithm: string): Promise<CryptoKey | undefined> {
  const { importJWK } = await import('jose')
  const members = PUBLIC_MEMBERS[key.kty as string] ?? []
  const jwk = Object.fromEntries(members.map((name) => [name, key[name]]))
  const imported = await importJWK(jwk, algorithm).catch(() => undefined)
  return imported instanceof Uint8Array ? undefined : imported
}
