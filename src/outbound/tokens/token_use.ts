import type { Sought } from '../connections/targets.ts'
import { usableUntil } from './lifetime.ts'

/** When connections whose tokens live by being used were last used, in this process (SuperOffice: 6 h from each call). */
export class TokenUse {
  readonly #used = new Map<string, number>()

  note(id: string, now: number): void {
    this.#used.set(id, now)
  }

  forget(id: string): void {
    this.#used.delete(id)
  }

  /** Until when its token may be relied on. */
  usableUntil({ connection, token }: Sought): number {
    if (token === null) return Number.POSITIVE_INFINITY
    const { obtainedAt, expiresAt, idleMs, endsAt } = token
    const stated = usableUntil(obtainedAt, expiresAt)
    const used = idleMs === null ? undefined : this.#used.get(connection.id)
    if (used === undefined) return stated
    const idle = Math.max(stated, usableUntil(used, used + (idleMs as number)))
    return Math.min(idle, usableUntil(obtainedAt, endsAt))
  }

  /** Until when a token that was used may be left to its use; `undefined` when nothing speaks for that at `now`. */
  restsUntil(id: string, idleMs: number, now: number): number | undefined {
    const used = this.#used.get(id)
    return used !== undefined && now < used + idleMs / 2 ? used + idleMs * 0.75 : undefined
  }
}
