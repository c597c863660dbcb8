import { hash, type KeyObject } from 'node:crypto'
import { Generations } from '../core/generations.ts'
import type { HotReads } from '../core/stores.ts'
import type { FoundKey } from '../core/types.ts'
import { hmac } from '../core/vault.ts'
import { AddressSet } from '../policy/address.ts'
import type { Admission } from './admission.ts'
import { isWellFormed, looksLikeOurs } from './key_format.ts'

/** Keys whose secret is not the store's but the environment's: they beat the stored ones. */
export interface ProvidedKeys {
  /** The name of the stored key that this secret belongs to. */
  techName(hash: string): string | undefined
  /** Whether the environment provides the secret of this stored key, so that a stored one does not count. */
  provides(techName: string): boolean
}

/** Admissions that are kept, and digests of keys that came; up to twice as many of each. */
const CAPACITY = 8_000
const REMEMBERED = 32_000
const MAX_KEY_LENGTH = 512

/**
 * Key → admission. Every use is validated by the store: what was loaded is kept only while the store's version stays as it was
 * before loading, so a revocation holds from the next request. The cache is keyed by a digest, so that no key stays in memory.
 */
export class Admissions {
  readonly #hot: HotReads
  readonly #hashKey: KeyObject
  readonly #environment: string
  readonly #provided: ProvidedKeys
  #version = Number.NaN
  /** Moves with everything that makes what is being loaded now too old to be kept. */
  #epoch = 0
  readonly #kept = new Generations<string, Admission>(CAPACITY)
  /**
   * Digests of keys that came before. What comes once is not kept: among a million keys that come in turn none is ever found again, and
   * what is thrown away old costs far more than what dies young.
   */
  readonly #met = new Generations<string, true>(REMEMBERED)

  constructor(hot: HotReads, hashKey: KeyObject, environment: string, provided: ProvidedKeys = NONE_PROVIDED) {
    this.#hot = hot
    this.#hashKey = hashKey
    this.#environment = environment
    this.#provided = provided
  }

  /** `version` is what `HotReads.version()` gave for this request. `undefined`: nobody's key. */
  find(version: number, secret: string): Admission | undefined | Promise<Admission | undefined> {
    if (secret.length > MAX_KEY_LENGTH) return undefined
    if (version !== this.#version) {
      this.#version = version
      this.#epoch++
      this.#kept.clear()
    }
    const digest = hash('sha256', secret, 'base64')
    return this.#kept.get(digest) ?? this.#load(digest, secret)
  }

  /** The environment's keys were read anew: what rests on the former ones is forgotten. */
  forget(): void {
    this.#kept.clear()
    this.#epoch++
  }

  async #load(digest: string, secret: string): Promise<Admission | undefined> {
    const epoch = this.#epoch
    if (looksLikeOurs(secret) && !isWellFormed(secret)) return undefined
    const found = await this.#read(hashOfKey(this.#hashKey, secret))
    if (found === undefined || found.key.environment !== this.#environment) return undefined
    const admission = admissionOf(found)
    if (epoch === this.#epoch && this.#met.get(digest) === true) this.#kept.set(digest, admission)
    this.#met.set(digest, true)
    return admission
  }

  async #read(keyHash: string): Promise<FoundKey | undefined> {
    const techName = this.#provided.techName(keyHash)
    if (techName !== undefined) return this.#hot.findTechName(techName)
    const found = await this.#hot.findKey(keyHash)
    const name = found?.key.tech_name
    return name != null && this.#provided.provides(name) ? undefined : found
  }
}

export const NONE_PROVIDED: ProvidedKeys = { techName: () => undefined, provides: () => false }

/** How a key is recognised: an HMAC under a key of the vault, so that a stolen copy of the store cannot be searched (D14). */
export function hashOfKey(hashKey: KeyObject, secret: string): string {
  return hmac(hashKey, secret)
}

function admissionOf(found: FoundKey): Admission {
  const { key, account, secret_expires_at } = found
  const ends = [key.expires_at, secret_expires_at].flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  return {
    key,
    account,
    principal: {
      kind: 'key',
      proof: 'api_key',
      subject: account.id,
      key_id: key.id,
      account: account.id,
      name: key.name,
      email: account.email,
      groups: key.groups ?? account.groups,
      permissions: key.permissions,
      grants: key.grants,
      expires_at: key.expires_at,
      cidrs: key.cidrs,
    },
    addresses: key.cidrs.length === 0 ? undefined : new AddressSet(key.cidrs),
    endsAt: Math.min(Number.POSITIVE_INFINITY, ...ends),
    compiled: new Map(),
    notedAt: 0,
  }
}
