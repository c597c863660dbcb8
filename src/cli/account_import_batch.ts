import { OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import type { AccountRow, AccountRows, SentRow } from './account_import_rows.ts'
import { importFailure } from './import_failure.ts'

export type ImportOutcome = Output<'POST', '/accounts/import'>

/** Enough to be quick, few enough to be answered in seconds. */
const PORTION = 2_000
const TIMEOUT_MS = 120_000

export interface Sending {
  readonly file: string
  readonly found: AccountRows
  /** What holds for every row. */
  readonly common: Partial<Pick<SentRow, 'email_verified'>>
  readonly groups: readonly string[]
}

/** All portions as they would be, then as they are: what is wrong with the last row stops the first. */
export async function sendAccounts(
  server: Pick<OctroiClient, 'post'>,
  sending: Sending,
  dryRun: boolean,
  progress: (done: number, of: number) => void,
): Promise<ImportOutcome> {
  const { rows } = sending.found
  let all: ImportOutcome | undefined
  for (const pass of dryRun ? [true] : [true, false]) {
    all = undefined
    for (let from = 0; from < rows.length; from += PORTION) {
      const part = rows.slice(from, from + PORTION)
      const answer = await sendPortion(server, sending, part, pass, pass ? 0 : from)
      all = all === undefined ? answer : joined(all, answer, from)
      progress(from + part.length, rows.length)
    }
  }
  return all ?? { dry_run: dryRun, made: 0, unchanged: 0, accounts: [], warnings: [] }
}

async function sendPortion(
  server: Pick<OctroiClient, 'post'>,
  sending: Sending,
  part: readonly AccountRow[],
  dry_run: boolean,
  done: number,
): Promise<ImportOutcome> {
  try {
    const body = { accounts: part.map(({ sent }) => rowOf(sent, sending)), dry_run }
    return await server.post('/accounts/import', { body, timeout: TIMEOUT_MS })
  } catch (error) {
    throw error instanceof OctroiApiError ? byLine(error, sending, part, done) : error
  }
}

function rowOf(sent: SentRow, { common, groups }: Sending): SentRow {
  const all = [...groups, ...(sent.groups ?? [])]
  const verified = common.email_verified === true && sent.email != null ? { email_verified: true } : {}
  return { ...sent, ...verified, ...(all.length === 0 ? {} : { groups: all }) }
}

function joined(all: ImportOutcome, part: ImportOutcome, from: number): ImportOutcome {
  return {
    dry_run: part.dry_run,
    made: all.made + part.made,
    unchanged: all.unchanged + part.unchanged,
    accounts: [...all.accounts, ...part.accounts.map((one) => ({ ...one, row: one.row + from }))],
    warnings: [...all.warnings, ...part.warnings],
  }
}

/** Numbers of rows are the server's; people look for lines. */
function byLine(
  error: OctroiApiError,
  { file, found }: Sending,
  part: readonly AccountRow[],
  done: number,
): OctroiApiError {
  const errors = error.errors.map(({ path, message }) => {
    const [, row, field] = /^accounts\.(\d+)\.?(.*)$/.exec(path) ?? []
    const line = row === undefined ? undefined : part[Number(row)]?.line
    return { path: line === undefined ? path : `${found.unit} ${line}, ${field}`, message }
  })
  return importFailure(error, { file, noun: 'accounts', done, errors })
}
