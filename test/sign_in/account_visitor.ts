import { Passwords } from '../../src/inbound/passwords.ts'
import { openStore } from '../../src/store/open.ts'
import type { TestGate } from '../support/gate.ts'
import { type Answer, PlainBrowser, type VisitOptions } from './browser.ts'

/** People of a gate under test, and their browsers. */

export const PASSWORD = 'correct horse battery'

/** Persons with a password, put into the store of the gate as somebody before us would have. */
export async function addPeople(gate: TestGate, ...ids: readonly string[]): Promise<void> {
  const passwords = new Passwords()
  const hash = await passwords.hash(PASSWORD)
  const open = await openStore({ dataDir: gate.settings.data_dir })
  try {
    for (const id of ids) {
      const made = await gate.api('POST', '/accounts', { id, kind: 'person', name: `Person ${id}` })
      if (made.status !== 201) throw new Error(JSON.stringify(made.body))
      await open.store.accounts.setPassword(id, hash)
    }
  } finally {
    await open.close()
  }
}

/** Sees a page and posts its forms, as somebody at `/account` does. */
export class AccountVisitor extends PlainBrowser {
  readonly #base: string

  constructor(base: string) {
    super(base)
    this.#base = base
  }

  /** Where it leads is told below the gate's own address. */
  override async get(path: string, options: VisitOptions = {}): Promise<Answer> {
    return this.#below(await super.get(path, options))
  }

  override async post(path: string, form: Readonly<Record<string, string>>, { headers = {} } = {}): Promise<Answer> {
    return this.#below(await super.post(path, form, { headers: { 'sec-fetch-site': 'same-origin', ...headers } }))
  }

  /** The form that goes to `action`, on the page at `page`, with what is hidden in it. */
  async hidden(page: string, action = page): Promise<Record<string, string>> {
    await this.get(page)
    return this.form(action).hidden
  }

  async fill(page: string, action: string, form: Readonly<Record<string, string>>): Promise<Answer> {
    return this.post(action, { ...(await this.hidden(page, action)), ...form })
  }

  async signIn(account: string, password = PASSWORD): Promise<Answer> {
    return this.fill('/sign-in', '/sign-in/password', { login: account, password })
  }

  get session(): string | undefined {
    return this.cookies.get('octroi_session')
  }

  #below(answer: Answer): Answer {
    return { ...answer, location: answer.location?.replace(this.#base, '') }
  }
}
