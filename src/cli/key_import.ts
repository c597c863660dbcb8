import { type Call, command, FailedError, UsageError, type Values } from './command.ts'
import { secretFromEnv, secretOf, textOf } from './input.ts'
import { type BatchOutcome, sendBatch } from './key_batch.ts'
import { keyFields, RIGHTS, rightsOf } from './key_input.ts'
import { type KeyRows, keyRowsOf } from './key_rows.ts'
import { table } from './table.ts'

const OPTIONS = {
  name: { type: 'string', value: 'NAME', describes: 'What it is called; not with FILE.' },
  account: {
    type: 'string',
    value: 'ID',
    describes: 'Whose keys they are; otherwise what FILE says, otherwise yours.',
  },
  'secret-file': { type: 'string', value: 'PATH', describes: 'A file that holds the key.' },
  'secret-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds the key.' },
  'allow-weak': { type: 'boolean', describes: 'Take keys under 20 characters.' },
  'dry-run': { type: 'boolean', describes: 'Only say what would come of FILE.' },
  'make-accounts': { type: 'boolean', describes: 'Make the accounts that FILE names and that are not there.' },
  'make-groups': { type: 'boolean', describes: 'Make the groups that are not there.' },
  ...RIGHTS,
} as const

type Given = Values<typeof OPTIONS>

export const importKey = command({
  name: 'key import',
  args: ['[FILE]'],
  summary: 'Take over keys that were made elsewhere, so that their users need not change them',
  description:
    'Without FILE one key, with FILE all that it holds: CSV, as Odoo exports auth.api.key (columns name, key and, where they are there, user_id, group_ids, tech_name, active, expires_at), or a .conf of server_env ([api_key_NAME] with key = ...). Groups of FILE come besides those of --group; what is archived comes disabled; what was taken over before stays as it is. All rows are looked at first, and no key is ever shown. A key under 20 characters can be guessed: it needs --allow-weak, --cidr and --expires.',
  examples: [
    "key import --name 'old till' --account recyclique --secret-file old.key --grant 'paheko:accounting-post'",
    'key import --name door --secret-env DOOR_KEY --allow-weak --cidr 10.0.0.9/32 --expires 30d',
    'key import auth_api_key.csv --make-accounts --make-groups --dry-run',
    "key import api_keys.conf --account odoo --grant 'paheko:accounting-read'",
  ],
  on: 'server',
  options: OPTIONS,
  async run(call) {
    const [file] = call.args
    if (file === undefined) await importOne(call)
    else await importFile(call, file)
  },
})

type ImportCall = Pick<Call, 'terminal' | 'server' | 'env' | 'now'> & { readonly options: Given }

async function importOne({ options, terminal, server, env, now }: ImportCall): Promise<void> {
  const ofFiles = (['dry-run', 'make-accounts', 'make-groups'] as const).find((name) => options[name] !== undefined)
  if (ofFiles !== undefined) throw new UsageError(`--${ofFiles} goes with FILE.`)
  if (options.name === undefined) throw new UsageError('octroi key import needs FILE, or --name NAME and a key.')
  const account = options.account === undefined ? {} : { account: options.account }
  const body = { name: options.name, ...account, secret: importedSecret(options, env), ...rightsOf(options, now()) }
  const made = await server.post('/keys/import', { body: { ...body, allow_weak: options['allow-weak'] === true } })
  const { warnings, ...rest } = made
  terminal.answer(made, () => keyFields(rest))
  for (const warning of warnings) terminal.say(`Note: ${warning}.`)
}

function importedSecret(options: Given, env: Call['env']): string {
  const { 'secret-file': file, 'secret-env': variable } = options
  if (file !== undefined && variable === undefined) return secretOf('secret-file', file)
  if (file === undefined && variable !== undefined) return secretFromEnv('secret-env', variable, env)
  throw new UsageError('octroi key import needs --secret-file PATH or --secret-env VARIABLE.')
}

async function importFile({ options, terminal, server, now }: ImportCall, file: string): Promise<void> {
  const ofOne = (['name', 'secret-file', 'secret-env', 'tech-name'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (ofOne !== undefined) throw new UsageError(`--${ofOne} is for one key, and FILE holds several.`)
  const found = withAccounts(keyRowsOf(textOf('FILE', file), file, now()), options)
  if (found.rows.length === 0) throw new FailedError(`${file} holds no key that could be taken over.`)
  const { tech_name, ...rights } = rightsOf(options, now())
  const account = options.account === undefined ? {} : { account: options.account }
  const outcome = await sendBatch(
    server,
    {
      file,
      found,
      common: { ...rights, ...account, allow_weak: options['allow-weak'] === true },
      makeAccounts: options['make-accounts'] === true,
      makeGroups: options['make-groups'] === true,
    },
    options['dry-run'] === true,
    (done, of) => terminal.progress(`${done} of ${of} keys`),
  )
  terminal.progress('')
  const keys = outcome.keys.map(({ row, ...key }) => ({ line: found.rows[row]?.line ?? null, ...key }))
  const { left, unread } = found
  terminal.answer({ ...outcome, keys, left, unread_columns: unread }, () =>
    told(outcome, found, options.account === undefined),
  )
}

/** A server_env file names nobody: with `--make-accounts` each key gets an account of its own. */
function withAccounts(found: KeyRows, options: Given): KeyRows {
  if (options['make-accounts'] !== true || found.accounts.size > 0) return found
  return { ...found, rows: found.rows.map((row) => ({ ...row, account: row.account ?? row.tech_name })) }
}

function told(outcome: BatchOutcome, found: KeyRows, mineUnlessSaid: boolean): string {
  const { dry_run, made, unchanged, accounts, groups, warnings } = outcome
  const would = dry_run ? 'would be' : 'were'
  const list = (what: string, ids: readonly string[]) => (ids.length === 0 ? [] : [`${what} ${ids.join(', ')}`])
  const lines = [
    `Keys that ${would} taken over: ${made}; that were before: ${unchanged}; left out: ${found.left.length}.`,
    ...list(`Accounts that ${would} made:`, accounts),
    ...list(`Groups that ${would} made:`, groups),
    ...found.left.map(({ line, reason }) => `Line ${line} is left out: it ${reason}.`),
    ...list('Columns that were not read:', found.unread),
    ...(mineUnlessSaid ? unowned(outcome, found) : []),
    // Grants are those of the options: the number of the row says nothing.
    ...warnings.map((warning) => `Note: ${warning.replace(/^keys\.\d+\./, '')}.`),
  ]
  return [...(dry_run ? [plan(outcome, found), ''] : []), ...lines].join('\n')
}

/** Keys of nobody in FILE are those of whoever imports them, which is seldom meant. */
function unowned({ keys, dry_run }: BatchOutcome, { rows }: KeyRows): string[] {
  const own = keys.filter(({ row, outcome }) => outcome === 'made' && rows[row]?.account === null)
  const [first] = own
  if (first === undefined) return []
  const becomes = dry_run ? 'would be' : 'are now'
  return [
    `Note: FILE names no account for ${own.length} of them: they ${becomes} keys of yours, ${first.account}. See --account and --make-accounts.`,
  ]
}

function plan({ keys }: BatchOutcome, { rows }: KeyRows): string {
  return table(
    ['LINE', 'NAME', 'ACCOUNT', 'GROUPS', 'TECH NAME', 'STATE', 'OUTCOME'],
    keys.map(({ row, name, account, outcome }) => {
      const { line, groups, tech_name, disabled } = rows[row] as KeyRows['rows'][number]
      return [line, name, account, groups.join(', '), tech_name, disabled ? 'disabled' : 'active', outcome]
    }),
    'Nothing.',
  )
}
