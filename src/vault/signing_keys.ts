import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { OctroiError } from '../core/errors.ts'
import type { SigningKeyRow } from '../core/program_types.ts'
import type { SigningKeys } from '../core/signing_keys.ts'
import type { Store } from '../core/stores.ts'
import type { ValueSealer } from '../core/vault.ts'

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
  readonly header: string
  readonly key: KeyObject
}

/**
 * The keys that sign assertions (ES256, RFC 7518 §3.4), sealed in the store. Every process takes part in their rotation: each step is
 * one transaction that reads first, so that two at once come to the same.
 */
export class SigningKeyRing implements SigningKeys {
  readonly #parts: SigningKeyParts
  #current: Current | undefined
  #jwks = ''

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
    try {
      await this.#parts.store.transaction((trx) => this.#turn(trx))
    } catch (error) {
      // Another process made the same step first.
      if (!(error instanceof OctroiError) || error.code !== 'conflict') throw error
    }
    this.#load(await this.#parts.store.signingKeys.list())
  }

  sign(claims: Readonly<Record<string, unknown>>): string {
    if (this.#current === undefined) throw new OctroiError('internal', 'There is no signing key.')
    const signed = `${this.#current.header}.${base64url(JSON.stringify(claims))}`
    const signature = sign('sha256', Buffer.from(signed), { key: this.#current.key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }

  jwks(): string {
    return this.#jwks
  }

  async #turn({ signingKeys }: Pick<Store, 'signingKeys'>): Promise<void> {
    const rows = await signingKeys.list()
    const now = this.#parts.now()
    const since = new Date(now).toISOString()
    const current = rows.find(({ state }) => state === 'current')
    const next = rows.find(({ state }) => state === 'next')
    if (current === undefined) {
      if (next === undefined) await signingKeys.insert(this.#newRow('current', since))
      else await signingKeys.setState(next.id, 'current', since)
    } else if (next === undefined) {
      if (ageOf(current, now) >= USED_MS - PREPARED_MS) await signingKeys.insert(this.#newRow('next', since))
    } else if (ageOf(current, now) >= USED_MS && ageOf(next, now) >= AHEAD_MS) {
      await signingKeys.setState(current.id, 'retired', since)
      await signingKeys.setState(next.id, 'current', since)
    }
    for (const row of rows) {
      if (row.state === 'retired' && ageOf(row, now) >= AHEAD_MS) await signingKeys.delete(row.id)
    }
  }

  #newRow(state: SigningKeyRow['state'], since: string): SigningKeyRow {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
    // RFC 7638 §3: the required members, in the order of their names.
    const id = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
    return {
      id,
      algorithm: 'ES256',
      state,
      public_key: JSON.stringify({ kty, crv, x, y }),
      sealed: this.#parts.sealer.seal(Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))), id),
      created_at: since,
      since,
    }
  }

  #load(rows: readonly SigningKeyRow[]): void {
    const row = rows.find(({ state }) => state === 'current')
    if (row === undefined) throw new OctroiError('internal', 'The store holds no signing key.')
    const jwk = JSON.parse(this.#parts.sealer.open(row.sealed, row.id).toString())
    this.#current = {
      header: base64url(JSON.stringify({ alg: row.algorithm, typ: 'JWT', kid: row.id })),
      key: createPrivateKey({ key: jwk, format: 'jwk' }),
    }
    this.#jwks = JSON.stringify({ keys: rows.map(published) })
  }
}

/** The members that are public are named one by one: whatever else a row should hold stays where it is. */
function published({ id, algorithm, public_key }: SigningKeyRow): object {
  const { kty, crv, x, y } = JSON.parse(public_key)
  return { kty, crv, x, y, kid: id, use: 'sig', alg: algorithm }
}

function ageOf(row: SigningKeyRow, now: number): number {
  return now - Date.parse(row.since)
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
