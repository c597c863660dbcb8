import { type Input, OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import { UsageError } from './command.ts'
import { importFailure } from './import_failure.ts'
import type { KeyRow, KeyRows } from './key_rows.ts'

type Body = Input<'POST', '/keys/import/batch'>['body']
type Row = Body['keys'][number]
export type BatchOutcome = Output<'POST', '/keys/import/batch'>

/** What holds for every row of the file. */
export type CommonFields = Partial<Omit<Row, 'name' | 'secret' | 'tech_name' | 'disabled'>>

export interface Batch {
  readonly file: string
  readonly found: KeyRows
  readonly common: CommonFields
  readonly makeAccounts: boolean
  readonly makeGroups: boolean
}

/** Enough to be quick, few enough to be answered in a second. */
const PORTION = 1_000
const TIMEOUT_MS = 120_000

/** All portions as they would be, then as they are: what is wrong with the last row stops the first. */
export async function sendBatch(
  server: Pick<OctroiClient, 'post'>,
  batch: Batch,
  dryRun: boolean,
  progress: (done: number, of: number) => void,
): Promise<BatchOutcome> {
  requireOnce(batch)
  const { rows } = batch.found
  const passes = dryRun ? [true] : rows.length > PORTION ? [true, false] : [false]
  let all: BatchOutcome | undefined
  for (const pass of passes) {
    all = undefined
    for (let from = 0; from < rows.length; from += PORTION) {
      const part = rows.slice(from, from + PORTION)
      const answer = await sendPortion(server, batch, part, pass, pass ? 0 : from)
      all = all === undefined ? answer : joined(all, answer, from)
      progress(from + part.length, rows.length)
    }
  }
  return all ?? { dry_run: dryRun, made: 0, unchanged: 0, accounts: [], groups: [], keys: [], warnings: [] }
}

async function sendPortion(
  server: Pick<OctroiClient, 'post'>,
  batch: Batch,
  part: readonly KeyRow[],
  dry_run: boolean,
  done: number,
): Promise<BatchOutcome> {
  try {
    const body = { keys: part.map((row) => rowOf(row, batch.common)), dry_run, ...newcomers(batch, part) }
    return await server.post('/keys/import/batch', { body, timeout: TIMEOUT_MS })
  } catch (error) {
    throw error instanceof OctroiApiError ? byLine(error, batch.file, part, done) : error
  }
}

function rowOf({ line, secret, account, groups, expires_at, ...row }: KeyRow, common: CommonFields): Row {
  const inGroups = [...(common.groups ?? []), ...groups]
  return {
    ...common,
    ...row,
    ...(secret === null ? {} : { secret }),
    ...(common.account !== undefined ? {} : account === null ? {} : { account }),
    ...(inGroups.length === 0 ? {} : { groups: inGroups }),
    ...(expires_at === null ? {} : { expires_at }),
  }
}

/** What may be made, called as the file calls it. */
function newcomers({ found, common, makeAccounts, makeGroups }: Batch, part: readonly KeyRow[]) {
  const named = (ids: Iterable<string>, names: ReadonlyMap<string, string>) =>
    Object.fromEntries([...ids].map((id) => [id, names.get(id) ?? id]))
  const accounts = new Set(part.flatMap(({ account }) => common.account ?? account ?? []))
  const groups = new Set([...(common.groups ?? []), ...part.flatMap((row) => row.groups)])
  return {
    make_accounts: makeAccounts && named(accounts, found.accounts),
    make_groups: makeGroups && named(groups, found.groups),
  }
}

/** The server sees a portion at a time; the file as a whole may hold a key twice. */
function requireOnce({ file, found }: Batch): void {
  const seen = new Map<string, number>()
  for (const { line, secret, tech_name } of found.rows) {
    for (const [what, value] of [
      ['key', secret],
      ['tech_name', tech_name],
    ] as const) {
      const before = value === null ? undefined : seen.get(`${what} ${value}`)
      if (before !== undefined) throw new UsageError(`${file}: line ${line} has the same ${what} as line ${before}.`)
      if (value !== null) seen.set(`${what} ${value}`, line)
    }
  }
}

function joined(all: BatchOutcome, part: BatchOutcome, from: number): BatchOutcome {
  const both = (of: 'accounts' | 'groups' | 'warnings') => [...new Set([...all[of], ...part[of]])]
  return {
    dry_run: part.dry_run,
    made: all.made + part.made,
    unchanged: all.unchanged + part.unchanged,
    accounts: both('accounts'),
    groups: both('groups'),
    keys: [...all.keys, ...part.keys.map((key) => ({ ...key, row: key.row + from }))],
    warnings: both('warnings'),
  }
}

/** Numbers of rows are the server's; people look for lines. */
function byLine(error: OctroiApiError, file: string, part: readonly KeyRow[], done: number): OctroiApiError {
  if (error.errors.length === 0 && done === 0) return error
  const errors = error.errors.map(({ path, message }) => {
    const [, row, field] = /^keys\.(\d+)\.(.*)$/.exec(path) ?? []
    const line = row === undefined ? undefined : part[Number(row)]?.line
    return { path: line === undefined ? path : `line ${line}, ${field === 'secret' ? 'key' : field}`, message }
  })
  return importFailure(error, { file, noun: 'keys', done, errors })
}
