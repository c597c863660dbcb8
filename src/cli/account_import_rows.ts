import type { Input } from '../client/index.ts'
import { ID_PATTERN, slug } from '../core/ids.ts'
import { UsageError } from './command.ts'
import { CsvFault, readCsv } from './csv.ts'

export type SentRow = Input<'POST', '/accounts/import'>['body']['accounts'][number]

export interface AccountRow {
  /** Of the file; of JSON, which entry, from 1. */
  readonly line: number
  readonly sent: SentRow
}

export interface AccountRows {
  readonly rows: readonly AccountRow[]
  /** What `line` counts. */
  readonly unit: 'line' | 'entry'
  /** Columns that say nothing of an account here. */
  readonly unread: readonly string[]
}

/** Names of columns, ours and those of Django and Odoo; small letters, `_` for spaces. */
const COLUMNS = {
  id: ['id'],
  login: ['login', 'username', 'user_name', 'identifiant', 'nom_d’utilisateur', "nom_d'utilisateur"],
  name: ['name', 'full_name', 'display_name', 'nom_complet', 'nom', 'partner_id/name'],
  first: ['first_name', 'prénom', 'prenom'],
  last: ['last_name', 'nom_de_famille'],
  description: ['description'],
  email: ['email', 'e-mail', 'mail', 'courriel', 'adresse_électronique', 'partner_id/email'],
  email_verified: ['email_verified'],
  kind: ['kind'],
  groups: ['groups', 'group', 'groupes'],
  organizations: ['organizations', 'organization', 'organisations', 'organisation', 'siret'],
  password_hash: ['password_hash', 'password', 'hash', 'password_crypt', 'mot_de_passe'],
  issuer: ['issuer'],
  subject: ['subject', 'sub'],
  disabled: ['disabled'],
  active: ['active', 'is_active', 'actif'],
} as const
type Column = keyof typeof COLUMNS
type Cells = Partial<Record<Column, string>>

/** CSV with names of columns, our own JSON, or what `dumpdata` of Django writes. Throws `UsageError` with the line, never with what stands there. */
export function accountRowsOf(text: string, file: string): AccountRows {
  const plain = text.replace(/^\uFEFF/, '')
  const found = /^\s*[[{]/.test(plain) ? fromJson(plain, file) : fromCsv(plain, file)
  requireOnce(found, file)
  return found
}

function fromCsv(text: string, file: string): AccountRows {
  const { header, rows } = parsed(text, file)
  const { columns, unread } = columnsOf(header, file)
  return {
    unit: 'line',
    unread,
    rows: rows.map(({ line, cells }) => {
      const named: Cells = {}
      for (const [column, at] of columns) named[column] = textIn(column, cells[at])
      return { line, sent: rowOf(named, (message) => new UsageError(`${file}: line ${line} ${message}.`)) }
    }),
  }
}

function parsed(text: string, file: string): ReturnType<typeof readCsv> {
  try {
    return readCsv(text)
  } catch (error) {
    if (error instanceof CsvFault) throw new UsageError(`${file}: line ${error.line} ${error.message}.`)
    throw error
  }
}

function columnsOf(header: readonly string[], file: string): { columns: Map<Column, number>; unread: string[] } {
  const columns = new Map<Column, number>()
  const unread: string[] = []
  for (const [i, given] of header.entries()) {
    const column = columnNamed(given)
    if (column === undefined) unread.push(given)
    else if (columns.has(column))
      throw new UsageError(`${file}: ${header[columns.get(column) ?? 0]} and ${given} say the same; leave one out.`)
    else columns.set(column, i)
  }
  // What programs number their users by is nobody's login.
  const numbered = columns.get('id')
  if (columns.has('login') && numbered !== undefined) {
    columns.delete('id')
    unread.push(header[numbered] as string)
  }
  const isNamed = (['id', 'login', 'name', 'email'] as const).some((column) => columns.has(column))
  if (!isNamed)
    throw new UsageError(`${file}: the first line must be names of columns, among them id, login, name or email.`)
  return { columns, unread }
}

function columnNamed(given: string): Column | undefined {
  const name = given.trim().toLowerCase().replaceAll(/\s+/g, '_')
  return (Object.keys(COLUMNS) as Column[]).find((column) => (COLUMNS[column] as readonly string[]).includes(name))
}

type Fault = (message: string) => UsageError

function rowOf(cells: Cells, fault: Fault): SentRow {
  const { login = cells.id ?? '', email = '', first = '', last = '', description = '' } = cells
  const address = email === '' && login.includes('@') ? login : email
  const full = [first, last === '' ? (cells.name ?? '') : last].filter(Boolean).join(' ')
  const name = full || (cells.name ?? '') || login || address
  if (name === '') throw fault('has neither a name nor a login')
  const id = login === '' || login.includes('@') ? undefined : idOf(login, fault)
  const { issuer = '', subject = '', password_hash = '' } = cells
  if ((issuer === '') !== (subject === '')) throw fault('has an issuer without a subject, or the other way round')
  return {
    ...(id === undefined ? {} : { id }),
    name,
    ...(description === '' ? {} : { description }),
    ...(address === '' ? {} : { email: address }),
    ...(truth(cells.email_verified, 'email_verified', fault) === true ? { email_verified: true } : {}),
    ...kindOf(cells.kind, fault),
    ...list('groups', cells.groups),
    ...list('organizations', cells.organizations),
    // Django marks who cannot sign in with a password by "!".
    ...(password_hash === '' || password_hash.startsWith('!') ? {} : { password_hash }),
    ...(issuer === '' ? {} : { identities: [{ issuer, subject }] }),
    ...(isDisabled(cells, fault) ? { disabled: true } : {}),
  }
}

function idOf(login: string, fault: Fault): string {
  const small = login.toLowerCase()
  const id = ID_PATTERN.test(small) ? small : slug(login)
  if (!ID_PATTERN.test(id)) throw fault('has a login of which no id can be made')
  return id
}

function kindOf(kind: string | undefined, fault: Fault): Pick<SentRow, 'kind'> {
  if (kind === undefined || kind === '') return {}
  if (kind === 'person' || kind === 'service') return { kind }
  throw fault('has a kind that is neither person nor service')
}

function list(field: 'groups' | 'organizations', text = ''): Partial<Record<typeof field, string[]>> {
  const parts = text
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter(Boolean)
  return parts.length === 0 ? {} : { [field]: parts }
}

function isDisabled({ disabled, active }: Cells, fault: Fault): boolean {
  return truth(disabled, 'disabled', fault) === true || truth(active, 'active', fault) === false
}

function truth(cell: string | undefined, column: string, fault: Fault): boolean | undefined {
  if (cell === undefined || cell === '') return undefined
  if (/^(true|1|yes|oui|vrai|t)$/i.test(cell)) return true
  if (/^(false|0|no|non|faux|f)$/i.test(cell)) return false
  throw fault(`has ${column} neither true nor false`)
}

const TRUTHS: readonly Column[] = ['active', 'disabled', 'email_verified']

/** Odoo writes `False` for texts that are not set; PostgreSQL `\\N`. */
function textIn(column: Column, cell: string | undefined): string {
  const value = cell?.trim() ?? ''
  return value === '\\N' || (value === 'False' && !TRUTHS.includes(column)) ? '' : value
}

function fromJson(text: string, file: string): AccountRows {
  const entries = entriesOf(text, file)
  const rows = entries.map((entry, i): AccountRow => {
    const line = i + 1
    const { model, fields } = entry as { model?: unknown; fields?: unknown }
    if (typeof model !== 'string' || fields === null || typeof fields !== 'object')
      return { line, sent: entry as SentRow }
    return { line, sent: rowOf(cellsOf(fields), (message) => new UsageError(`${file}: entry ${line} ${message}.`)) }
  })
  return { unit: 'entry', rows, unread: [] }
}

function entriesOf(text: string, file: string): readonly object[] {
  const wrong = new UsageError(`${file}: is not a JSON list of accounts, or an object with the list "accounts".`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message would show a part of the text.
    throw wrong
  }
  const found = Array.isArray(value) ? value : (value as { accounts?: unknown } | null)?.accounts
  if (!Array.isArray(found) || found.some((entry) => entry === null || typeof entry !== 'object')) throw wrong
  return found
}

/** `{"model": "auth.user", "pk": 1, "fields": {...}}`: what is no text is none of ours, but for what is true or false. */
function cellsOf(fields: object): Cells {
  const cells: Cells = {}
  for (const [name, value] of Object.entries(fields)) {
    const column = columnNamed(name)
    const isPlain = typeof value === 'string' || typeof value === 'boolean'
    if (column !== undefined && column !== 'groups' && isPlain) cells[column] = textIn(column, String(value))
  }
  return cells
}

/** The server sees a portion at a time; the second of two would be taken for the first, come again. */
function requireOnce({ rows, unit }: AccountRows, file: string): void {
  const seen = new Map<string, number>()
  for (const { line, sent } of rows) {
    for (const [what, value] of [
      ['login', sent.id],
      ['address', sent.id === undefined && typeof sent.email === 'string' ? sent.email.toLowerCase() : undefined],
    ] as const) {
      // What is no text, the server names.
      if (typeof value !== 'string') continue
      const before = seen.get(`${what} ${value}`)
      if (before !== undefined)
        throw new UsageError(`${file}: ${unit} ${line} has the same ${what} as ${unit} ${before}.`)
      seen.set(`${what} ${value}`, line)
    }
  }
}
