import { newToken } from '../../core/ids.ts'
import type { TicketStore } from '../../core/people_stores.ts'
import { type PeopleSecrets, TOKEN_SHAPE } from '../secrets.ts'
import type { Question } from './steps/step.ts'

const QUARTER_HOUR_MS = 900_000

interface TicketParts {
  readonly tickets: TicketStore
  readonly secrets: PeopleSecrets
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * A sign-in that waits for an answer. What names it is good once, in one browser, for a quarter of an hour: a step that is done twice, out of
 * order or elsewhere finds nothing (T36, B-20).
 */
export class StepTickets {
  readonly #parts: TicketParts

  constructor(parts: TicketParts) {
    this.#parts = parts
  }

  /** Its name. What is shown once is not kept. */
  async put(question: Question): Promise<string> {
    const { tickets, secrets, now } = this.#parts
    const token = newToken()
    const id = secrets.hash('ticket', token)
    const until = question.state.until ?? now() + 4 * QUARTER_HOUR_MS
    const bounded = { ...question, state: { ...question.state, until } }
    const kept = question.once ? { ...bounded, stage: { ...question.stage, codes: [] } } : bounded
    await tickets.put({
      id,
      purpose: 'step',
      account: question.state.account,
      session: question.state.raises,
      sealed: secrets.seal(kept, `ticket:${id}`),
      expires_at: new Date(Math.min(now() + QUARTER_HOUR_MS, until)).toISOString(),
      created_at: new Date(now()).toISOString(),
    })
    return token
  }

  /** `browser`: the hash of its cookie. It stays. */
  async peek(token: string, browser: string): Promise<Question | undefined> {
    return this.#read(token, browser, (id, at) => this.#parts.tickets.peek(id, 'step', at))
  }

  /** Gone with the answer. In another browser it is not even touched. */
  async take(token: string, browser: string): Promise<Question | undefined> {
    if ((await this.peek(token, browser)) === undefined) return undefined
    return this.#read(token, browser, (id, at) => this.#parts.tickets.take(id, 'step', at))
  }

  async #read(
    token: string,
    browser: string,
    find: (id: string, at: string) => ReturnType<TicketStore['peek']>,
  ): Promise<Question | undefined> {
    if (!TOKEN_SHAPE.test(token)) return undefined
    const { secrets, now } = this.#parts
    const id = secrets.hash('ticket', token)
    const ticket = await find(id, new Date(now()).toISOString())
    const question = ticket && secrets.open<Question>(ticket.sealed, `ticket:${id}`)
    return question?.state.browser === browser ? question : undefined
  }
}
