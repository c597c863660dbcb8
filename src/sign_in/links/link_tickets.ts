import { newToken } from '../../core/ids.ts'
import type { ActivityStore, HotReads } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import { type PeopleSecrets, TOKEN_SHAPE } from '../secrets.ts'
import type { LinkPurpose } from './messages.ts'

const HOUR_MS = 3_600_000
/** OWASP ASVS 6.4.1: what is handed out at first ends. */
const LIFE_MS: Readonly<Record<LinkPurpose, number>> = { invitation: 7 * 24 * HOUR_MS, password_reset: HOUR_MS }

const PURPOSES: readonly LinkPurpose[] = ['invitation', 'password_reset']

export interface LinkTicketParts {
  readonly tickets: ActivityStore['tickets']
  readonly hot: Pick<HotReads, 'findAccount'>
  readonly secrets: PeopleSecrets
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

interface Sealed {
  readonly v: 1
  /** When the account was made: another one of the same id is somebody else. */
  readonly made: string
  /** Which password it had: a link to a new one ends with another one. */
  readonly was: string
  /** By which methods an invitation may be accepted; empty: all. */
  readonly methods: readonly string[]
  /** Where it was sent: whoever has it from there reads that. */
  readonly address: string | null
}

export interface NewLinkOptions {
  readonly methods?: readonly string[] | undefined
  /** Where it is sent. */
  readonly address?: string | undefined
}

export interface NewLink {
  readonly token: string
  readonly expiresAt: Date
}

/** A link that is good at this moment. */
export interface FoundLink {
  readonly id: string
  readonly purpose: LinkPurpose
  readonly account: Account
  readonly methods: readonly string[]
  readonly address: string | null
}

/** Links that lead to an account: kept by their hash, good once, for a time, and for as long as the account is what it was. */
export class LinkTickets {
  readonly #parts: LinkTicketParts

  constructor(parts: LinkTicketParts) {
    this.#parts = parts
  }

  /** Those of the same purpose that were made before end. */
  async make(purpose: LinkPurpose, account: Account, { methods = [], address }: NewLinkOptions): Promise<NewLink> {
    const { tickets, secrets, now } = this.#parts
    const token = newToken()
    const id = this.#id(purpose, token)
    const sealed: Sealed = {
      v: 1,
      made: account.created_at,
      was: await this.#password(account.id),
      methods,
      address: address ?? null,
    }
    const expiresAt = new Date(now() + LIFE_MS[purpose])
    await tickets.deleteOfAccount(account.id, purpose)
    await tickets.put({
      id,
      purpose,
      account: account.id,
      session: null,
      sealed: secrets.seal(sealed, `ticket:${id}`),
      expires_at: expiresAt.toISOString(),
      created_at: new Date(now()).toISOString(),
    })
    return { token, expiresAt }
  }

  /** Changes nothing. `undefined`: spent, ended, or never made. */
  async find(token: string): Promise<FoundLink | undefined> {
    if (!TOKEN_SHAPE.test(token)) return undefined
    for (const purpose of PURPOSES) {
      const found = await this.#find(purpose, this.#id(purpose, token))
      if (found !== undefined) return found
    }
    return undefined
  }

  /** True for one of those who spend it at once. */
  async spend({ id, purpose }: Pick<FoundLink, 'id' | 'purpose'>): Promise<boolean> {
    const { tickets, now } = this.#parts
    return (await tickets.take(id, purpose, new Date(now()).toISOString())) !== undefined
  }

  async forget(account: string): Promise<void> {
    for (const purpose of PURPOSES) await this.#parts.tickets.deleteOfAccount(account, purpose)
  }

  async #find(purpose: LinkPurpose, id: string): Promise<FoundLink | undefined> {
    const { tickets, hot, secrets, now } = this.#parts
    const ticket = await tickets.peek(id, purpose, new Date(now()).toISOString())
    if (ticket?.account == null) return undefined
    const sealed = secrets.open<Sealed>(ticket.sealed, `ticket:${id}`)
    const account = (await hot.findAccount(ticket.account))?.account
    if (sealed?.v !== 1 || account === undefined || account.created_at !== sealed.made) return undefined
    if (account.disabled_at !== null || account.kind !== 'person') return undefined
    if (purpose === 'password_reset' && sealed.was !== (await this.#password(account.id))) return undefined
    return { id, purpose, account, methods: sealed.methods, address: sealed.address }
  }

  #id(purpose: LinkPurpose, token: string): string {
    return this.#parts.secrets.hash('ticket', purpose, token)
  }

  async #password(account: string): Promise<string> {
    const found = await this.#parts.hot.findAccount(account)
    return this.#parts.secrets.hash('ticket', 'password', found?.password_hash ?? '')
  }
}
