import { setTimeout as wait } from 'node:timers/promises'
import type { ItemOf, OctroiClient } from '../client/index.ts'
import { type Call, command, EXIT, FailedError, UsageError } from './command.ts'
import type { AuditHead } from './data_folder.ts'
import { collect, textOf, time, wholeNumber } from './input.ts'
import { table } from './table.ts'

type Line = ItemOf<'/audit'>

interface Filter {
  readonly connection: string | undefined
  readonly key: string | undefined
  readonly since: string | undefined
}

const LOOKS_LIKE_A_KEY = /^oct_[a-z]+_[a-z0-9]{8}_/

const ls = command({
  name: 'audit ls',
  args: [],
  summary: 'Who did what, newest first',
  description:
    'With --follow the newest come last, and it goes on until it is stopped; with --json each line is then a document of its own.',
  examples: ['audit ls --connection paheko --since 1h', 'audit ls --key 1a2b3c4d --follow'],
  on: 'server',
  options: {
    connection: { type: 'string', value: 'ID', describes: 'Only calls to this connection.' },
    key: { type: 'string', value: 'ID', describes: 'Only what was done with the key of this id.' },
    since: { type: 'string', value: 'TIME', describes: 'Only from then on: 1h, 7d, 2027-01-31T12:00:00Z.' },
    limit: { type: 'string', value: 'N', describes: 'At most so many; 50 unless given.' },
    follow: { type: 'boolean', describes: 'Go on with what comes.' },
  },
  async run(call) {
    const { options, terminal, server, now } = call
    if (options.key !== undefined && LOOKS_LIKE_A_KEY.test(options.key)) {
      throw new UsageError('--key takes the id of a key, never a key: revoke that one, the shell keeps it.')
    }
    const since = options.since === undefined ? undefined : time('since', options.since, now(), -1)
    const filter = { connection: options.connection, key: options.key, since }
    const most = wholeNumber('limit', options.limit, 1) ?? 50
    const lines = await read(server, filter, most)
    if (options.follow) return follow(call, filter, lines)
    terminal.answer(lines, () => table(HEAD, lines.map(row), 'There is nothing.'))
  },
})

function read(server: OctroiClient, filter: Filter, most: number): Promise<Line[]> {
  return collect(server.pages('/audit', { query: { ...filter, limit: Math.min(most, 200) } }), most)
}

const POLL_MS = 1_000
const MOST = 10_000

/** The trail is asked for again and again from the last line on; what is known already is left out. */
async function follow({ terminal, server, now }: Call, filter: Filter, first: readonly Line[]): Promise<never> {
  const known = new Set<string>()
  let since = filter.since ?? new Date(now()).toISOString()
  for (let lines = first; ; lines = await read(server, { ...filter, since }, MOST)) {
    for (const line of lines.toReversed()) {
      const mark = `${line.request} ${line.phase} ${line.action}`
      if (known.has(mark)) continue
      known.add(mark)
      if (known.size > MOST) known.delete(known.values().next().value as string)
      if (line.at > since) since = line.at
      terminal.print(
        terminal.json
          ? JSON.stringify(line)
          : row(line)
              .map((cell) => cell ?? '-')
              .join('  '),
      )
    }
    // Lines are written after they are stamped: a little overlap, then, and the marks that this needs.
    since = new Date(Date.parse(since) - POLL_MS).toISOString()
    await wait(POLL_MS)
  }
}

const HEAD = ['AT', 'STATUS', 'ACTION', 'WHAT', 'KEY', 'ACCOUNT', 'CODE', 'MS', 'FROM']

function row(line: Line) {
  const { at, status, action, key, account, code, ms, address, phase } = line
  return [at, phase === 'started' ? 'started' : status, action, what(line), key, account, code, ms, address]
}

/** A call and a check are about a path; a check also about the route that decided. A change is about what was changed. */
function what({ action, method, path, target }: Line): string | null {
  if (action === 'proxy') return `${method} ${path}`
  if (action !== 'forward-auth' || path === null) return target ?? path
  return target === null ? `${method} ${path}` : `${method} ${path} (${target.replace(/^route:/, '')})`
}

const verify = command({
  name: 'audit verify',
  args: [],
  summary: 'Check that no line of the audit trail was altered, moved or left out',
  description:
    'Works on the data folder, while the gate serves or not. With heads that were exported earlier it also shows whether the end was cut off. Exit 1 when something is wrong.',
  examples: ['audit verify', 'audit verify --heads heads-monday.json'],
  on: 'data folder',
  options: { heads: { type: 'string', value: 'FILE', describes: 'What "octroi audit heads" printed earlier.' } },
  async run({ options, terminal, settings, data }) {
    const heads = options.heads === undefined ? undefined : readHeads(options.heads)
    const report = await data.verifyAudit(await settings(), heads)
    terminal.answer(report, () =>
      report.ok
        ? `The audit trail is whole: ${report.lines} lines in ${report.batches} batches.`
        : `The audit trail is NOT whole:\n${report.faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
    return report.ok ? EXIT.done : EXIT.failed
  },
})

const heads = command({
  name: 'audit heads',
  args: [],
  summary: 'Print where the audit trail ends now, as JSON to keep elsewhere',
  examples: ['audit heads > heads-monday.json'],
  on: 'data folder',
  options: {},
  async run({ terminal, settings, data }) {
    const report = await data.verifyAudit(await settings())
    if (!report.ok) throw new FailedError(`the audit trail is not whole: ${report.faults.join('; ')}`)
    terminal.print(JSON.stringify(report.heads, null, 2))
  },
})

function readHeads(path: string): AuditHead[] {
  try {
    const heads: unknown = JSON.parse(textOf('heads', path))
    if (Array.isArray(heads) && heads.every(isHead)) return heads
  } catch (error) {
    if (error instanceof UsageError) throw error
  }
  throw new UsageError(`--heads ${path}: is not what "octroi audit heads" prints.`)
}

function isHead(value: unknown): value is AuditHead {
  const { writer, seq, mac } = (value ?? {}) as Partial<AuditHead>
  return typeof writer === 'string' && typeof seq === 'number' && typeof mac === 'string'
}

export const commands = [ls, verify, heads]
