import { randomUUID } from 'node:crypto'
import { invalid, refuse } from './tripletex_answers.ts'

export interface TripletexEmployee {
  readonly token: string
  readonly employeeId: number
  readonly companyId: number
  /** Of an accounting office: works in its clients' companies and nearly not in its own (company 0). */
  readonly accountant?: boolean
  /** Companies that the employee may log in to beside `companyId`. */
  readonly clients?: readonly number[]
}

export interface Session {
  readonly id: number
  readonly token: string
  readonly employee: TripletexEmployee
  readonly consumerToken: string
  readonly expiresAt: number
}

/** What a refresh-token session may last at most, in seconds. */
export const MAX_TTL_SECONDS = 28_800

export class Sessions {
  readonly live = new Map<string, Session>()
  minted = 0
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  /** Mints whatever the date: a session of today's date, or of a past one, is dead when it is born. */
  create(employee: TripletexEmployee, consumerToken: string, expiresAt: number): Session {
    const id = 19_015_015 + ++this.minted
    // Base64 of JSON: it begins with `eyJ`, and is no JWT.
    const token = Buffer.from(JSON.stringify({ tokenId: id, token: `test-${randomUUID()}` })).toString('base64')
    const session = { id, token, employee, consumerToken, expiresAt }
    this.live.set(token, session)
    return session
  }

  find(token: string): Session | undefined {
    const session = this.live.get(token)
    return session && session.expiresAt > this.now() ? session : undefined
  }

  end(concerns: (session: Session) => boolean): void {
    for (const session of this.live.values()) if (concerns(session)) this.live.delete(session.token)
  }
}

/** Midnight in Norway at the start of the date, in epoch milliseconds: the session is over before the date begins. */
export function midnight(date: unknown): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(String(date ?? '')) ?? invalid('expirationDate')
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day))
  if (new Date(utc).getUTCDate() !== Number(day)) invalid('expirationDate')
  // At midnight UTC it is one or two o'clock in Oslo; the clocks change at 01:00 UTC, later than both.
  return utc - Number(OSLO_HOUR.format(utc)) * 3_600_000
}

const OSLO_HOUR = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Oslo', hour: '2-digit', hourCycle: 'h23' })

/** Requests per employee and consumer in a window of seconds; the headers say what is left of both. */
export class Limit {
  count = 1000
  seconds = 10
  private readonly windows = new Map<string, { startedAt: number; used: number }>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  /** Counts one request. */
  take(who: string): { over: boolean; headers: Record<string, string> } {
    const window = this.window(who)
    const over = window.used >= this.count
    if (!over) window.used++
    const left = Math.ceil((window.startedAt + this.seconds * 1000 - this.now()) / 1000)
    const headers = {
      'X-Rate-Limit-Limit': String(this.count),
      'X-Rate-Limit-Remaining': String(Math.max(0, this.count - window.used)),
      'X-Rate-Limit-Reset': String(left),
    }
    return { over, headers }
  }

  private window(who: string) {
    const known = this.windows.get(who)
    if (known && this.now() < known.startedAt + this.seconds * 1000) return known
    const fresh = { startedAt: this.now(), used: 0 }
    this.windows.set(who, fresh)
    return fresh
  }
}

export const conflict = () => refuse(409, 8000, 'RevisionException')
