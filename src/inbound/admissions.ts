import { hash, type KeyObject } from 'node:crypto'
import { OctroiError } from '../core/errors.ts'
import { Generations } from '../core/generations.ts'
import type { HotReads } from '../core/stores.ts'
import type { FoundKey, Principal } from '../core/types.ts'
import { hmac } from '../core/vault.ts'
import { AddressSet } from '../policy/address.ts'
import type { RateLimiter } from '../policy/rate_limit.ts'
import { isWellFormed, looksLikeOurs } from './key_format.ts'

/** What a key that was found may do now, ready to be asked: everything that needs no further look-up. */
export interface Admission {
  readonly found: FoundKey
  readonly principal: Principal
  readonly addresses: AddressSet | undefined
  /** Milliseconds since the epoch; infinity when it does not end. */
  readonly endsAt: number
  /** Whatever the gate compiles for this key, for as long as this admission is good. */
  readonly compiled: Map<string, unknown>
  /** When the last use was last noted, milliseconds since the epoch. */
  notedAt: number
}

const CAPACITY = 25_000
const MAX_KEY_LENGTH = 512

/**
 * Key → admission. Every use is validated by the store: what was loaded is kept only while the store's version stays as it was
 * before loading, so a revocation holds from the next request. The cache is keyed by a digest, so that no key stays in memory.
 */
export class Admissions {
  readonly #hot: HotReads
  readonly #hashKey: KeyObject
  readonly #environment: string
  #version = Number.NaN
  readonly #kept = new Generations<string, Admission>(CAPACITY)

  constructor(hot: HotReads, hashKey: KeyObject, environment: string) {
    this.#hot = hot
    this.#hashKey = hashKey
    this.#environment = environment
  }

  /** `version` is what `HotReads.version()` gave for this request. `undefined`: nobody's key. */
  find(version: number, secret: string): Admission | undefined | Promise<Admission | undefined> {
    if (secret.length > MAX_KEY_LENGTH) return undefined
    if (version !== this.#version) {
      this.#version = version
      this.#kept.clear()
    }
    const digest = hash('sha256', secret, 'base64')
    return this.#kept.get(digest) ?? this.#load(version, digest, secret)
  }

  async #load(version: number, digest: string, secret: string): Promise<Admission | undefined> {
    if (looksLikeOurs(secret) && !isWellFormed(secret)) return undefined
    const found = await this.#hot.findKey(hashOfKey(this.#hashKey, secret))
    if (found === undefined || found.key.environment !== this.#environment) return undefined
    const admission = admissionOf(found)
    if (version === this.#version) this.#kept.set(digest, admission)
    return admission
  }
}

/** How a key is recognised: an HMAC under a key of the vault, so that a stolen copy of the store cannot be searched (D14). */
export function hashOfKey(hashKey: KeyObject, secret: string): string {
  return hmac(hashKey, secret)
}

function admissionOf(found: FoundKey): Admission {
  const { key, account, secret_expires_at } = found
  const ends = [key.expires_at, secret_expires_at].flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  return {
    found,
    principal: {
      kind: 'key',
      subject: account.id,
      key_id: key.id,
      account: account.id,
      name: key.name,
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

/**
 * Whether the key may be used now, from here. Throws the refusal. Unknown, wrong and disabled answer alike; that a key ended or
 * was revoked is said only to somebody who holds it.
 */
export function requireUsable(admission: Admission | undefined, address: string, nowMs: number): Admission {
  if (admission === undefined) throw unknownKey()
  const { key, account } = admission.found
  if (key.revoked_at !== null) throw new OctroiError('key_revoked', 'This key was revoked.')
  if (nowMs >= admission.endsAt) throw new OctroiError('key_expired', 'This key has expired.')
  if (key.disabled_at !== null) throw unknownKey()
  if (account.disabled_at !== null && !key.usable_when_owner_inactive) throw unknownKey()
  if (admission.addresses !== undefined && !admission.addresses.has(address)) {
    throw new OctroiError('not_granted', 'This key may not be used from this address.')
  }
  return admission
}

/** Counts the request against the key's limit, whatever door it came through. Throws `rate_limited`. */
export function requireWithinLimit(admission: Admission, limiter: RateLimiter, nowMs: number): void {
  const limit = admission.found.key.rate_limit
  if (limit === null) return
  const wait = limiter.take(admission.found.key.id, limit, nowMs)
  if (wait === 0) return
  throw new OctroiError('rate_limited', `This key may make ${limit.limit} requests in ${limit.window_s} s.`, {
    retryAfter: wait,
  })
}

export function missingCredential(): OctroiError {
  return new OctroiError(
    'unauthenticated',
    'No credential was sent. Send an Octroi key as "Authorization: Bearer", "API-KEY", "X-API-Key", or as the password of Basic.',
  )
}

function unknownKey(): OctroiError {
  return new OctroiError('unauthenticated', 'The credential is not valid.')
}
