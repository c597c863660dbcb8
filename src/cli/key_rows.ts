import { ID_PATTERN, slug } from '../core/ids.ts'
import { keysOfServerEnv } from '../inbound/server_env.ts'
import { UsageError } from './command.ts'
import { CsvFault, readCsv } from './csv.ts'

/** One key of a file that is taken over. Accounts and groups are named by ids; what people call them is kept beside. */
export interface KeyRow {
  /** Of the file. */
  readonly line: number
  readonly name: string
  /** Null: the environment provides it, under its `tech_name`. */
  readonly secret: string | null
  readonly account: string | null
  readonly groups: readonly string[]
  readonly tech_name: string | null
  readonly disabled: boolean
  readonly expires_at: string | null
}

export interface KeyRows {
  readonly rows: readonly KeyRow[]
  /** Lines that hold no key that could be taken over, and why. */
  readonly left: readonly { readonly line: number; readonly reason: string }[]
  /** Columns that say nothing about a key here. */
  readonly unread: readonly string[]
  /** Id → what the file calls it. */
  readonly accounts: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, string>
}

/** Header names of Odoo's exports (names of fields or, in two languages, what it shows for them) and our own; small letters, `_` for spaces. */
const COLUMNS: Readonly<Record<Column, readonly string[]>> = {
  name: ['name', 'nom'],
  key: ['key', 'api_key', 'secret', 'clé', 'clé_api'],
  account: [
    ...['account', 'user', 'user_id', 'owner', 'user_id/login', 'user_id/id', 'user_id/name', 'login'],
    ...['user/login', 'user/name', 'utilisateur', 'utilisateur/identifiant', 'utilisateur/nom'],
  ],
  groups: [
    ...['groups', 'group', 'group_ids', 'auth_api_key_group_ids', 'group_ids/code', 'auth_api_key_group_ids/code'],
    ...['groups/code', 'groupes', 'groupes/code'],
  ],
  tech_name: ['tech_name', 'technical_name'],
  active: ['active', 'actif'],
  expires_at: ['expires_at', 'expires', 'expiration_date'],
}

type Column = 'name' | 'key' | 'account' | 'groups' | 'tech_name' | 'active' | 'expires_at'

/** `.conf` of server_env, or CSV. Throws `UsageError` with the line, never with what stands there. */
export function keyRowsOf(text: string, file: string, now: number): KeyRows {
  const isServerEnv = /\.(conf|ini|cfg)$/i.test(file) || beginsWithSection(text)
  return isServerEnv ? fromServerEnv(text, file) : fromCsv(text, file, now)
}

function beginsWithSection(text: string): boolean {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  return (
    lines
      .find((line) => !/^\s*(?:[#;]|$)/.test(line))
      ?.trimStart()
      .startsWith('[') === true
  )
}

function fromServerEnv(text: string, file: string): KeyRows {
  const { keys, faults } = keysOfServerEnv(text)
  if (faults.length > 0)
    throw new UsageError(faults.map(({ line, message }) => `${file}: line ${line} ${message}.`).join('\n'))
  const rows: KeyRow[] = []
  const left: { line: number; reason: string }[] = []
  for (const { techName, value, line } of keys) {
    if (!value) left.push({ line, reason: `[api_key_${techName}] gives no key` })
    else {
      const whose = { account: null, groups: [], disabled: false, expires_at: null }
      rows.push({ line, name: techName, secret: value, tech_name: techName, ...whose })
    }
  }
  return { rows, left, unread: [], accounts: new Map(), groups: new Map() }
}

function fromCsv(text: string, file: string, now: number): KeyRows {
  const at = (line: number, message: string) => new UsageError(`${file}: line ${line} ${message}.`)
  const { header, rows: lines } = parsed(text, file)
  const { columns, unread } = columnsOf(header, file)
  const accounts = new Names('account')
  const groups = new Names('group')
  const left: { line: number; reason: string }[] = []
  const rows: KeyRow[] = []
  for (const { line, cells } of lines) {
    const cell = (column: Column) => textIn(cells[columns.get(column) ?? -1])
    const own = () => {
      const account = cell('account')
      return {
        account: account === '' ? null : accounts.idOf(account),
        groups: cell('groups')
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean)
          .map((name) => groups.idOf(name)),
        disabled: !isActive(columns.has('active') ? cells[columns.get('active') ?? -1]?.trim() : 'true'),
        expires_at: expiry(cell('expires_at')),
      }
    }
    try {
      const before = rows.at(-1)
      // Odoo writes further values of a list on lines of their own.
      const isMore = cell('groups') !== '' && cell('name') === '' && cell('key') === '' && cell('account') === ''
      if (isMore && before !== undefined) {
        rows[rows.length - 1] = { ...before, groups: [...before.groups, ...own().groups] }
        continue
      }
      const { expires_at, ...rest } = own()
      const tech_name = cell('tech_name') || null
      const secret = cells[columns.get('key') ?? -1]?.trim() || null
      if (expires_at !== null && Date.parse(expires_at) <= now) left.push({ line, reason: 'has expired' })
      else if (secret === null && tech_name === null) left.push({ line, reason: 'has no key' })
      else rows.push({ line, name: cell('name'), secret, tech_name, ...rest, expires_at })
    } catch (error) {
      throw at(line, (error as Error).message)
    }
  }
  return { rows, left, unread, accounts: accounts.all, groups: groups.all }
}

function parsed(text: string, file: string): ReturnType<typeof readCsv> {
  try {
    return readCsv(text)
  } catch (error) {
    if (!(error instanceof CsvFault)) throw error
    throw new UsageError(`${file}: line ${error.line} ${error.message}.`)
  }
}

function columnsOf(header: readonly string[], file: string): { columns: Map<Column, number>; unread: string[] } {
  const columns = new Map<Column, number>()
  const unread: string[] = []
  for (const [i, given] of header.entries()) {
    const name = given.trim().toLowerCase().replaceAll(/\s+/g, '_')
    const column = (Object.keys(COLUMNS) as Column[]).find((known) => COLUMNS[known].includes(name))
    if (column === undefined) unread.push(given)
    else if (columns.has(column))
      throw new UsageError(`${file}: ${header[columns.get(column) ?? 0]} and ${given} say the same; leave one out.`)
    else columns.set(column, i)
  }
  const missing = (['name', 'key'] as const).find((column) => !columns.has(column))
  if (missing !== undefined)
    throw new UsageError(
      `${file}: the first line names no column "${missing}" (or ${COLUMNS[missing].slice(1).join(', ')}); it must be names of columns.`,
    )
  return { columns, unread }
}

/** Odoo writes `False` for what is not set. */
function textIn(cell: string | undefined): string {
  const value = cell?.trim() ?? ''
  return value === 'False' || value === 'FALSE' ? '' : value
}

function isActive(cell = ''): boolean {
  if (/^(true|1|yes|oui|vrai|t)$/i.test(cell)) return true
  if (/^(false|0|no|non|faux|f)$/i.test(cell)) return false
  throw new Error('has an active that is neither true nor false')
}

/** RFC 3339, or as Odoo writes it, in UTC: `2027-01-31 12:00:00`, `2027-01-31`. */
function expiry(cell: string): string | null {
  if (cell === '') return null
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(cell)
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00:00'}${match[3] ?? 'Z'}`)
  if (Number.isNaN(time)) throw new Error('has an expiry that is no time such as 2027-01-31 12:00:00')
  return new Date(time).toISOString()
}

/** Ids for what the file calls accounts or groups. */
class Names {
  readonly all = new Map<string, string>()
  readonly #what: string

  constructor(what: string) {
    this.#what = what
  }

  idOf(name: string): string {
    const id = ID_PATTERN.test(name) ? name : slug(name)
    if (id === '') throw new Error(`names the ${this.#what} in a way of which no id can be made`)
    const known = this.all.get(id)
    // One id for two people would give one the keys of the other.
    if (known !== undefined && known !== name)
      throw new Error(`names the ${this.#what} "${name}", which would have the same id as "${known}" (${id})`)
    this.all.set(id, name)
    return id
  }
}
