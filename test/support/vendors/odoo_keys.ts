import { timingSafeEqual } from 'node:crypto'

/** A row of the module's table. */
export interface OdooKey {
  readonly id: number
  readonly name: string
  /** In clear, as the module keeps it. */
  readonly key: string
  readonly user: string
  readonly active?: boolean
  /** Codes of the groups it is in. */
  readonly groups?: readonly string[]
  /** The name of its section in `server_environment`, without `api_key_`. */
  readonly techName?: string
}

export interface OdooUser {
  readonly login: string
  readonly password: string
  /** Keys of the user for JSON-2 and the native interfaces. */
  readonly rpcKeys?: readonly string[]
  archived?: boolean
}

export const FIRST_KEY: OdooKey = { id: 1, name: 'Web shop', key: 'webshop-key-2f61c09a77', user: 'webshop' }

interface Switches {
  archivedUserDisablesKey: boolean
  serverEnv: Record<string, string>
}

/** The module's table and its cache, with the gaps of both. */
export class OdooKeys {
  #rows: OdooKey[]
  readonly #users: readonly OdooUser[]
  readonly #settings: Switches
  /** Key → id of its row. */
  readonly #cache = new Map<string, number>()
  /** Deleted, and perhaps in the cache. */
  readonly #gone: OdooKey[] = []

  constructor(rows: readonly OdooKey[], users: readonly OdooUser[], settings: Switches) {
    this.#rows = [...rows]
    this.#users = users
    this.#settings = settings
  }

  /** The row, or the text of the exception, which repeats what was sent. */
  find(key: string): OdooKey | string {
    // `hmac.compare_digest` takes ASCII text only.
    if (/[^\0-\x7f]/.test(key)) return 'TypeError: comparing strings with non-ASCII characters is not supported'
    const id =
      this.#cache.get(key) ?? this.#rows.find((row) => this.#isVisible(row) && isEqual(this.#keyOf(row), key))?.id
    const row = [...this.#rows, ...this.#gone].find((one) => one.id === id)
    if (row === undefined) return `ValidationError: The key ${key} is not allowed`
    this.#cache.set(key, row.id)
    return row
  }

  /** Only a change of the key or of its user empties the cache: an archived row goes on working for whoever was cached. */
  write(id: number, changes: Partial<OdooKey>): void {
    this.#rows = this.#rows.map((row) => (row.id === id ? { ...row, ...changes } : row))
    if ('key' in changes || 'user' in changes) this.forget()
  }

  /** The value may be there already: nothing but the name is unique. */
  add(row: OdooKey): void {
    if (this.#rows.some(({ name }) => name === row.name)) throw new Error(`there is a key named ${row.name}`)
    this.#rows.push(row)
  }

  /** Whoever was cached is not asked for again: nothing of the module sees the deletion. */
  delete(id: number): void {
    this.#gone.push(...this.#rows.filter((row) => row.id === id))
    this.#rows = this.#rows.filter((row) => row.id !== id)
  }

  forget(): void {
    this.#cache.clear()
    this.#gone.splice(0)
  }

  /** What the environment provides wins; a value that is there and empty never matches. */
  #keyOf({ key, techName }: OdooKey): string {
    return (techName === undefined ? undefined : this.#settings.serverEnv[techName]) ?? key
  }

  #isVisible({ active = true, user }: OdooKey): boolean {
    const owner = this.#users.find(({ login }) => login === user)
    return active && !(this.#settings.archivedUserDisablesKey && owner?.archived)
  }
}

function isEqual(stored: string, sent: string): boolean {
  const [one, other] = [Buffer.from(stored), Buffer.from(sent)]
  return one.length > 0 && one.length === other.length && timingSafeEqual(one, other)
}
