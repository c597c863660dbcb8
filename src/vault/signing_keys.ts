import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { OctroiError } from '../core/errors.ts'
import type { SigningKeyRow } from '../core/program_types.ts'
import type { PrivateJwk, SigningAlg, SigningKeys } from '../core/signing_keys.ts'
import type { Store } from '../core/stores.ts'
import type { ValueSealer } from '../core/vault.ts'
import { type KeyPair, newKeyPair, privateMembers, publicMembers } from './signing_key_pairs.ts'

const DAY_MS = 86_400_000
/** How long a key signs. */
const USED_MS = 30 * DAY_MS
/** A key is published at least so long before it signs, and so long after: whoever checks has it by then, and what it signed has ended. */
const AHEAD_MS = DAY_MS
/** When the next key is made, counted from the end of the current one's time. */
const PREPARED_MS = 2 * DAY_MS

export interface SigningKeyParts {
  readonly store: Pick<Store, 'signingKeys' | 'transaction'>
  readonly sealer: ValueSealer
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

interface Current {
  readonly kid: string
  /** By `typ`. */
  readonly headers: Map<string, string>
  readonly key: KeyObject
}

/**
 * The keys that sign (RFC 7518 §3.3, §3.4), sealed in the store: one row of keys per algorithm. Every process takes part in their rotation:
 * each step is one transaction that reads first, so that two at once come to the same.
 */
export class SigningKeyRing implements SigningKeys {
  readonly #parts: SigningKeyParts
  #current: ReadonlyMap<string, Current> = new Map()
  #jwks = ''
  #private: readonly PrivateJwk[] = []

  private constructor(parts: SigningKeyParts) {
    this.#parts = parts
  }

  /** Makes the first key where there is none. */
  static async open(parts: SigningKeyParts): Promise<SigningKeyRing> {
    const ring = new SigningKeyRing(parts)
    await ring.round()
    return ring
  }

  /** Every hour: the next key is made, takes over, and goes, each in its time. What other processes did is read. */
  async round(): Promise<void> {
    const rows = await this.#parts.store.signingKeys.list()
    const used = new Set<SigningAlg>(['ES256', ...rows.map(({ algorithm }) => algorithm as SigningAlg)])
    for (const algorithm of used) await this.#advance(rows, algorithm)
    this.#load(await this.#parts.store.signingKeys.list())
  }

  async ensure(algorithm: SigningAlg): Promise<void> {
    if (this.#current.has(algorithm)) return
    await this.#advance(await this.#parts.store.signingKeys.list(), algorithm)
    this.#load(await this.#parts.store.signingKeys.list())
    if (!this.#current.has(algorithm)) throw noKey(algorithm)
  }

  sign(claims: Readonly<Record<string, unknown>>, typ = 'JWT', alg: SigningAlg = 'ES256'): string {
    const current = this.#current.get(alg)
    if (current === undefined) throw noKey(alg)
    const signed = `${headerOf(current, typ, alg)}.${base64url(JSON.stringify(claims))}`
    // `dsaEncoding` says nothing to RSA.
    const signature = sign('sha256', Buffer.from(signed), { key: current.key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }

  jwks(): string {
    return this.#jwks
  }

  privateKeys(): readonly PrivateJwk[] {
    return this.#private
  }

  /** A key is made beforehand: no transaction waits for a prime. */
  async #advance(rows: readonly SigningKeyRow[], algorithm: SigningAlg): Promise<void> {
    const made = this.#wants(ofAlgorithm(rows, algorithm)) ? await newKeyPair(algorithm) : undefined
    try {
      await this.#parts.store.transaction((trx) => this.#turn(trx, algorithm, made))
    } catch (error) {
      // Another process made the same step first.
      if (!(error instanceof OctroiError) || error.code !== 'conflict') throw error
    }
  }

  /** Whether the next step makes a key. */
  #wants(rows: readonly SigningKeyRow[]): boolean {
    if (rows.some(({ state }) => state === 'next')) return false
    const current = rows.find(({ state }) => state === 'current')
    return current === undefined || ageOf(current, this.#parts.now()) >= USED_MS - PREPARED_MS
  }

  async #turn(
    { signingKeys }: Pick<Store, 'signingKeys'>,
    algorithm: SigningAlg,
    made: KeyPair | undefined,
  ): Promise<void> {
    const rows = ofAlgorithm(await signingKeys.list(), algorithm)
    const now = this.#parts.now()
    const since = new Date(now).toISOString()
    const current = rows.find(({ state }) => state === 'current')
    const next = rows.find(({ state }) => state === 'next')
    if (current === undefined) {
      if (next !== undefined) await signingKeys.setState(next.id, 'current', since)
      else if (made !== undefined) await signingKeys.insert(this.#newRow(made, 'current', since))
    } else if (next === undefined) {
      if (made !== undefined && this.#wants(rows)) await signingKeys.insert(this.#newRow(made, 'next', since))
    } else if (ageOf(current, now) >= USED_MS && ageOf(next, now) >= AHEAD_MS) {
      await signingKeys.setState(current.id, 'retired', since)
      await signingKeys.setState(next.id, 'current', since)
    }
    for (const row of rows) {
      if (row.state === 'retired' && ageOf(row, now) >= AHEAD_MS) await signingKeys.delete(row.id)
    }
  }

  #newRow(pair: KeyPair, state: SigningKeyRow['state'], since: string): SigningKeyRow {
    const { id, algorithm, publicJwk, privateJwk } = pair
    return {
      id,
      algorithm,
      state,
      public_key: JSON.stringify(publicJwk),
      sealed: this.#parts.sealer.seal(Buffer.from(JSON.stringify(privateJwk)), id),
      created_at: since,
      since,
    }
  }

  #load(rows: readonly SigningKeyRow[]): void {
    const current = rows.filter(({ state }) => state === 'current')
    if (!current.some(({ algorithm }) => algorithm === 'ES256'))
      throw new OctroiError('internal', 'The store holds no signing key.')
    const ordered = [...current, ...rows.filter((row) => row.state !== 'current')]
    // Nothing has come or gone: whoever holds the list holds the right one.
    if (ordered.map(({ id }) => id).join() === this.#private.map(({ kid }) => kid).join()) return
    const keys = ordered.map((row) => this.#open(row))
    this.#current = new Map(
      current.map(({ id, algorithm }, i) => [
        algorithm,
        { kid: id, headers: new Map(), key: createPrivateKey({ key: keys[i] as object, format: 'jwk' }) },
      ]),
    )
    this.#private = keys
    this.#jwks = JSON.stringify({ keys: rows.map(published) })
  }

  #open({ id, algorithm, sealed }: SigningKeyRow): PrivateJwk {
    const jwk = JSON.parse(this.#parts.sealer.open(sealed, id).toString())
    return { ...privateMembers(algorithm, jwk), kid: id, use: 'sig', alg: algorithm }
  }
}

function ofAlgorithm(rows: readonly SigningKeyRow[], algorithm: SigningAlg): readonly SigningKeyRow[] {
  return rows.filter((row) => row.algorithm === algorithm)
}

function published({ id, algorithm, public_key }: SigningKeyRow): object {
  return { ...publicMembers(algorithm, JSON.parse(public_key)), kid: id, use: 'sig', alg: algorithm }
}

function headerOf({ headers, kid }: Current, typ: string, alg: SigningAlg): string {
  let header = headers.get(typ)
  if (header === undefined) {
    header = base64url(JSON.stringify({ alg, typ, kid }))
    headers.set(typ, header)
  }
  return header
}

function noKey(algorithm: SigningAlg): OctroiError {
  return new OctroiError('internal', `There is no signing key for ${algorithm}.`)
}

function ageOf(row: SigningKeyRow, now: number): number {
  return now - Date.parse(row.since)
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
