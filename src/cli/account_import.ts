import { type ImportOutcome, sendAccounts } from './account_import_batch.ts'
import { type AccountRows, accountRowsOf } from './account_import_rows.ts'
import { command, FailedError } from './command.ts'
import { textOf } from './input.ts'
import { table } from './table.ts'

export const importAccounts = command({
  name: 'account import',
  args: ['FILE'],
  summary: 'Take over people from elsewhere, with the hashes of their passwords',
  description:
    'FILE is CSV with names of columns (login, name or first_name and last_name, email, password, active, groups, siret), JSON as the API takes it, or what dumpdata of Django writes. Whoever has an address as his login signs in by it. All rows are looked at before the first is made; who is there already stays as he is; no hash is ever shown. See docs/guides/import-accounts.md.',
  examples: [
    'account import users.csv --dry-run',
    'account import auth_user.json --emails-verified',
    'account import odoo.csv --group staff',
  ],
  on: 'server',
  options: {
    'dry-run': { type: 'boolean', describes: 'Only say what would come of it.' },
    group: { type: 'string', multiple: true, value: 'GROUP', describes: 'A group that all of them are in.' },
    'emails-verified': {
      type: 'boolean',
      describes: 'The program that they come from has made sure that each reads his address.',
    },
  },
  async run({ args: [file], options, terminal, server }) {
    const found = accountRowsOf(textOf('FILE', file), file)
    if (found.rows.length === 0) throw new FailedError(`${file} holds no account.`)
    const common = options['emails-verified'] === true ? { email_verified: true } : {}
    const sending = { file, found, common, groups: options.group ?? [] }
    const outcome = await sendAccounts(server, sending, options['dry-run'] === true, (done, of) =>
      terminal.progress(`${done} of ${of} accounts`),
    )
    terminal.progress('')
    const accounts = outcome.accounts.map(({ row, ...account }) => ({
      line: found.rows[row]?.line ?? null,
      ...account,
    }))
    terminal.answer({ ...outcome, accounts, unread_columns: found.unread }, () => told(outcome, found))
  },
})

function told(outcome: ImportOutcome, found: AccountRows): string {
  const { dry_run, made, unchanged, warnings } = outcome
  const lines = [
    `Accounts that ${dry_run ? 'would be' : 'were'} taken over: ${made}; that were there before: ${unchanged}.`,
    ...(found.unread.length === 0 ? [] : [`Columns that were not read: ${found.unread.join(', ')}`]),
    ...warnings.map((warning) => `Note: ${warning}`),
  ]
  return [...(dry_run ? [plan(outcome, found), ''] : []), ...lines].join('\n')
}

function plan({ accounts }: ImportOutcome, { rows, unit }: AccountRows): string {
  return table(
    [unit.toUpperCase(), 'ID', 'NAME', 'EMAIL', 'PASSWORD', 'OUTCOME'],
    accounts.map(({ row, id, name, outcome }) => {
      const { line, sent } = rows[row] as AccountRows['rows'][number]
      const hash = sent.password_hash == null ? '' : 'taken over'
      return [line, id ?? '(of the name)', name, sent.email ?? '', hash, outcome]
    }),
    'Nothing.',
  )
}
