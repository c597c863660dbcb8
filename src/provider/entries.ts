import type { KeyObject } from 'node:crypto'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { Generations } from '../core/generations.ts'
import type { ProviderEntryStore, SubjectStore } from '../core/openid_stores.ts'
import type { ProviderEntry } from '../core/openid_types.ts'
import { hmac, type ValueSealer } from '../core/vault.ts'

export interface EntriesParts {
  readonly entries: ProviderEntryStore
  readonly subjects: Pick<SubjectStore, 'find'>
  /** Recognises what was handed out. */
  readonly key: KeyObject
  readonly sealer: ValueSealer
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What a second use is answered with. */
export interface Refusals {
  used(model: string): Error
}

/** Whose account a subject is never changes, but that it may be gone. */
const SUBJECTS = 10_000

/** Seconds: the library takes a proof so long after the end that it names here at the most, if the clock of who made it is ahead (RFC 9449 §11.1). */
const TAKEN_LATE_S = 600

/** Codes, tokens, grants and interactions in our store: known by their hashes, sealed as a whole. */
export class Entries {
  readonly #parts: EntriesParts
  readonly #accounts = new Generations<string, string>(SUBJECTS)

  constructor(parts: EntriesParts) {
    this.#parts = parts
  }

  adapter(model: string, refusals: Refusals): Adapter {
    const { entries } = this.#parts
    return {
      upsert: async (id, payload, ttl) => entries.put(await this.#entry(model, id, payload, ttl)),
      find: async (id) => this.#opened(await entries.get(model, this.id(model, id))),
      findByUserCode: async (code) => this.#opened(await entries.findByUserCode(model, this.userCode(code))),
      findByUid: async () => undefined,
      consume: (id) => this.#consume(model, id, refusals),
      destroy: async (id) => {
        // A grant takes what hangs on it along: nothing of it is good for anything.
        if (model === 'Grant') await entries.deleteOfGrant(this.id('Grant', id))
        else await entries.delete(model, this.id(model, id))
      },
      revokeByGrantId: (grant) => entries.deleteOfGrant(this.id('Grant', grant), model),
    }
  }

  /** True once for each: a proof that comes again is a replay (RFC 7523 §3, RFC 9449 §11.1). */
  async first(issuer: string, jti: string, expiresAt: number): Promise<boolean> {
    const id = JSON.stringify([issuer, jti])
    const ttl = Math.max(1, expiresAt - Math.floor(this.#parts.now() / 1000)) + TAKEN_LATE_S
    return this.#parts.entries.add(await this.#entry('ReplayDetection', id, {}, ttl))
  }

  /** As an entry is found; that of `Grant` stands in the `grant` of what hangs on it, too. */
  id(model: string, id: string): string {
    return hmac(this.#parts.key, JSON.stringify([model, id]))
  }

  userCode(code: string): string {
    return this.id('user_code', code)
  }

  async #entry(model: string, id: string, payload: AdapterPayload, ttl: number | undefined): Promise<ProviderEntry> {
    const { sealer, now } = this.#parts
    const hash = this.id(model, id)
    const kept = model === 'Interaction' ? unbound(payload) : payload
    // Nothing of ours is kept for ever.
    if (ttl === undefined) throw new Error(`An entry of ${model} without an end.`)
    return {
      model,
      id: hash,
      grant: grantOf(model, hash, payload, (grant) => this.id('Grant', grant)),
      account: await this.#accountOf(payload.accountId),
      client: payload.clientId ?? clientIn(payload) ?? null,
      user_code: payload.userCode === undefined ? null : this.userCode(payload.userCode),
      sealed: sealer.seal(Buffer.from(JSON.stringify(kept)), placeOf(model, hash)),
      consumed_at: null,
      expires_at: new Date(now() + ttl * 1000).toISOString(),
      created_at: new Date(now()).toISOString(),
    }
  }

  /** The subject's account, under whose id an administrator finds what is his. */
  async #accountOf(subject: string | undefined): Promise<string | null> {
    if (subject === undefined) return null
    const known = this.#accounts.get(subject)
    if (known !== undefined) return known
    const account = await this.#parts.subjects.find(subject)
    if (account !== undefined) this.#accounts.set(subject, account.id)
    return account?.id ?? null
  }

  #opened(entry: ProviderEntry | undefined): AdapterPayload | undefined {
    if (entry === undefined) return undefined
    const payload: AdapterPayload = JSON.parse(
      this.#parts.sealer.open(entry.sealed, placeOf(entry.model, entry.id)).toString(),
    )
    return entry.consumed_at === null
      ? payload
      : { ...payload, consumed: Math.floor(Date.parse(entry.consumed_at) / 1000) }
  }

  /** Of two uses, one is the first, whoever looked when; the other is a replay, and all that hangs on the grant ends (T18, T19). */
  async #consume(model: string, id: string, refusals: Refusals): Promise<void> {
    const { entries, now } = this.#parts
    const hash = this.id(model, id)
    if (await entries.consume(model, hash, new Date(now()).toISOString())) return
    const used = await entries.get(model, hash)
    if (used?.grant) await entries.deleteOfGrant(used.grant)
    throw refusals.used(model)
  }
}

/**
 * The browser is known by a cookie of its own; while it is at an interaction, a fresh proof gives it another session. Which it had at the
 * beginning is kept, to tell that one from this.
 */
function unbound({ session, ...payload }: AdapterPayload): AdapterPayload {
  const cookie = session?.cookie
  return cookie === undefined ? payload : ({ ...payload, session: { cookie } } as AdapterPayload)
}

function grantOf(
  model: string,
  own: string,
  { grantId }: AdapterPayload,
  hash: (grant: string) => string,
): string | null {
  if (model === 'Grant') return own
  return grantId === undefined ? null : hash(grantId)
}

function clientIn({ params }: AdapterPayload): string | undefined {
  const id = params?.client_id
  return typeof id === 'string' ? id : undefined
}

function placeOf(model: string, id: string): string {
  return `oidc:${model}:${id}`
}
