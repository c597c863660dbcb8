import { Generations } from '../core/generations.ts'
import type { Session } from '../core/people_types.ts'
import type { ActivityStore } from '../core/stores.ts'

const KEPT = 20_000
/** A use is written down at most once a minute; of a session that may be idle for less than ten, so often that a restart does not end it. */
const NOTE_MS = 60_000
const NOTES_PER_IDLE = 10
const FLUSH_MS = 3_000

/** When this process last saw a session used, and when it last wrote that down. Milliseconds since the epoch. */
interface Use {
  usedAt: number
  notedAt: number
}

export interface SessionUsesParts {
  readonly activity: Pick<ActivityStore, 'noteSessionUses' | 'sessionUses'>
  readonly log: { error(fields: object, message: string): void }
}

/**
 * When sessions were last used. It is in memory; what is written down follows a few seconds later, for other processes and for those who
 * look at lists. Nobody waits for it.
 */
export class SessionUses {
  readonly #parts: SessionUsesParts
  readonly #uses = new Generations<string, Use>(KEPT)
  #waiting = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #failing = false

  constructor(parts: SessionUsesParts) {
    this.#parts = parts
  }

  /** Used now; so is the session that it belongs to, for the person is there. */
  note({ id, parent, idle_s }: Session, nowMs: number): void {
    this.#note(id, idle_s, nowMs)
    if (parent !== null) this.#note(parent, idle_s, nowMs)
  }

  #note(id: string, idleS: number, nowMs: number): void {
    const use = this.#uses.get(id) ?? { usedAt: nowMs, notedAt: Number.NEGATIVE_INFINITY }
    use.usedAt = nowMs
    const every = Math.min(NOTE_MS, (idleS * 1000) / NOTES_PER_IDLE)
    // A clock that was set back must not keep it from being noted.
    if (nowMs - use.notedAt >= every || nowMs < use.notedAt) {
      use.notedAt = nowMs
      this.#waiting.set(id, new Date(nowMs).toISOString())
      this.#writeSoon()
    }
    this.#uses.set(id, use)
  }

  /**
   * Whether the session was unused for too long. Before that is said the store is asked: another process may have seen it since, or this one
   * before it was started anew. Rejects when the store does not answer.
   */
  isIdle(session: Session, nowMs: number): boolean | Promise<boolean> {
    const seen = this.#uses.get(session.id)?.usedAt ?? Date.parse(session.created_at)
    if (!isPast(session, seen, nowMs)) return false
    return this.#isIdleAnywhere(session, nowMs)
  }

  async #isIdleAnywhere(session: Session, nowMs: number): Promise<boolean> {
    const noted = (await this.#parts.activity.sessionUses([session.id])).get(session.id)
    return noted === undefined || isPast(session, Date.parse(noted), nowMs)
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  /** What waits goes to the store. What it does not take now, it is given again. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const uses = this.#waiting
    if (uses.size === 0) return
    this.#waiting = new Map()
    try {
      await this.#parts.activity.noteSessionUses([...uses].map(([session, at]) => ({ session, at })))
      this.#failing = false
    } catch (error) {
      this.#waiting = new Map([...uses, ...this.#waiting])
      if (!this.#failing) this.#parts.log.error({ err: error }, 'the uses of sessions cannot be written')
      this.#failing = true
      this.#writeSoon()
    }
  }

  /** At the end of the program: what is left is written, once. */
  async close(): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
  }
}

function isPast({ idle_s }: Session, usedAt: number, nowMs: number): boolean {
  return nowMs - usedAt >= idle_s * 1000
}
