import { newEvent } from '../../core/events.ts'
import type { LogoutOutcome } from '../../core/metrics.ts'
import type { IdTokenAlg, LogoutNotice } from '../../core/openid_types.ts'
import type { Store } from '../../core/stores.ts'
import { nextTryAt } from './logout_schedule.ts'
import { type FetchFor, type Told, tellApplication } from './logout_sender.ts'
import { Resting } from './resting.ts'

/** Applications that are told at a time. */
const AT_ONCE = 8
/** Longer than telling can take: it lapses only where the process that held it is gone. */
export const LEASE_MS = 60_000
/** What another process left undone is found by looking. */
const LOOK_EVERY_MS = 1_000
/** The transaction that ended the session commits meanwhile, and all that end at once are told together. */
const WAKE_MS = 20
const STOP_MS = 5_000

export interface LogoutParts {
  readonly store: Store
  /** The logout token of a notice. */
  readonly tokenOf: (notice: LogoutNotice, alg: IdTokenAlg) => Promise<string>
  readonly fetchFor: FetchFor
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly random: () => number
  /** How long what was begun may take at the end: milliseconds, 5 s unless given. */
  readonly stopMs?: number
  /** Told of every try that was recorded. */
  readonly onOutcome?: (outcome: LogoutOutcome) => void
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

/**
 * Tells applications that a session of their people has ended (OpenID Connect Back-Channel Logout 1.0). What ends a session leaves a notice
 * in the same transaction; any number of processes may tell beside one another, for a notice is claimed before it is tried, and a claim that
 * was left behind lapses.
 */
export class LogoutDispatcher {
  readonly #parts: LogoutParts
  readonly #running = new Set<Promise<void>>()
  readonly #resting = new Resting()
  readonly #ending = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #waking: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(parts: LogoutParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
  }

  /** A session has ended in this process: nobody waits for the next look. */
  wake(): void {
    if (this.#timer === undefined || this.#waking !== undefined) return
    this.#waking = setTimeout(() => {
      this.#waking = undefined
      void this.look()
    }, WAKE_MS).unref()
  }

  /** Begins what is due now, as far as there is room. One look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error) => this.#parts.log.error({ err: error }, 'the notices of ended sessions cannot be read'))
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** What was begun has come to its end. */
  async settled(): Promise<void> {
    await this.#looking
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Begins nothing more; what takes too long is cut off and stays due. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#waking)
    const force = setTimeout(() => this.#ending.abort(), this.#parts.stopMs ?? STOP_MS)
    await this.settled()
    clearTimeout(force)
  }

  async #look(): Promise<void> {
    const room = AT_ONCE - this.#running.size
    if (this.#stopped || room <= 0) return
    const { logoutNotices } = this.#parts.store
    const now = this.#text(0)
    // The one read of an idle second: the first entry of an index.
    const due = await logoutNotices.nextDue()
    if (due === undefined || due > now || this.#stopped) return
    for (const notice of await logoutNotices.claim(now, this.#text(LEASE_MS), room)) this.#run(notice)
  }

  #run(notice: LogoutNotice): void {
    const { id, client } = notice
    const run: Promise<void> = this.#tell(notice)
      .catch((error) => this.#parts.log.error({ err: error, client, notice: id }, 'an application could not be told'))
      .finally(() => {
        this.#running.delete(run)
        // A place is free: many notices are worked off as fast as they are taken, not some a second.
        if (this.#timer !== undefined) void this.look()
      })
    this.#running.add(run)
  }

  async #tell(notice: LogoutNotice): Promise<void> {
    const { store, fetchFor, tokenOf } = this.#parts
    const openid = (await store.clients.get(notice.client))?.openid
    // The application is gone, or no longer wants to hear of it.
    if (openid == null || openid.backchannel_logout_uri === null) return store.logoutNotices.delete(notice.id)
    const rest = this.#resting.until(notice.client, this.#parts.now())
    if (rest !== undefined) return this.#again(notice, notice.attempts, rest, 'The application did not answer others.')
    const address = { uri: openid.backchannel_logout_uri, network: openid.network }
    try {
      const token = await tokenOf(notice, openid.id_token_alg)
      const told = await tellApplication(fetchFor, address, token, this.#ending.signal)
      await this.#record(notice, told)
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error
      // Whether it was told is not known: at least once, so it is due at once for whoever looks next.
      await store.logoutNotices.postpone(notice.id, notice.attempts, this.#text(0))
    }
  }

  async #record(notice: LogoutNotice, { outcome, status, detail }: Told): Promise<void> {
    const { client } = notice
    if (outcome !== 'again') this.#resting.answered(client)
    if (outcome === 'told') {
      await this.#parts.store.logoutNotices.delete(notice.id)
      this.#parts.onOutcome?.('delivered')
    } else if (outcome === 'refused') await this.#giveUp(notice, notice.attempts + 1, status, detail)
    else {
      this.#resting.failed(client, this.#parts.now())
      await this.#again(notice, notice.attempts + 1, undefined, detail, status)
    }
  }

  /** `at`: milliseconds of the epoch; by the schedule, unless given. */
  async #again(
    notice: LogoutNotice,
    attempts: number,
    at: number | undefined,
    detail: string,
    status: number | null = null,
  ): Promise<void> {
    const { store, now, random, onOutcome } = this.#parts
    const created = Date.parse(notice.created_at)
    const scheduled = nextTryAt(Math.max(attempts, 1), { created, now: now() }, random)
    if (scheduled === null) return this.#giveUp(notice, attempts, status, detail)
    await store.logoutNotices.postpone(notice.id, attempts, new Date(at ?? scheduled).toISOString())
    if (at === undefined) onOutcome?.('waiting')
  }

  async #giveUp({ id, client, sid }: LogoutNotice, attempts: number, status: number | null, detail: string) {
    const { store, now, log, onOutcome } = this.#parts
    const data = { sid, attempts, status, detail }
    await store.transaction(async (bound) => {
      await bound.logoutNotices.delete(id)
      await bound.events.insert(newEvent('client.logout_failed', `client:${client}`, data, new Date(now())))
    })
    onOutcome?.('failed')
    log.warn({ client, ...data }, 'an application was not told that a session has ended, and will not be')
  }

  #text(laterMs: number): string {
    return new Date(this.#parts.now() + laterMs).toISOString()
  }
}
