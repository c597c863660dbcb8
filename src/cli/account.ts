import { commands as applications } from './account_application.ts'
import { commands as emails } from './account_email.ts'
import { commands as factors } from './account_factor.ts'
import { commands as identities } from './account_identity.ts'
import { importAccounts } from './account_import.ts'
import { ACCOUNT_FIELDS, accountFields, accountText, PASSWORD_FIELDS } from './account_input.ts'
import { invite, reset } from './account_links.ts'
import { password } from './account_password.ts'
import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given, givenSecretOf } from './input.ts'
import { table } from './table.ts'

const KINDS = ['service', 'person'] as const

const add = command({
  name: 'account add',
  args: ['NAME'],
  summary: 'Make an account for a program, or for a person',
  description:
    'A program gets a service of its own, not the account of somebody who may leave. With a password it calls in with Basic, with --certificate-subject by its client certificate; its keys are made with octroi key create. A person is invited then (octroi account invite), and signs in.',
  examples: [
    'account add RecyClique',
    "account add 'Till 2' --id till-2 --description 'the one by the door' --group tills",
    'account add Ada --kind person --email ada@example.org --group staff',
    "account add 'Old ERP' --password-file /run/secrets/erp --grant 'paheko:accounting-post'",
  ],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'Its id; otherwise made of the name.' },
    kind: { type: 'string', value: 'KIND', describes: 'service, unless given, or person.' },
    ...ACCOUNT_FIELDS,
    ...PASSWORD_FIELDS,
  },
  async run({ args: [name], options, terminal, server, env }) {
    const body = {
      kind: kindOf(options.kind),
      name,
      ...given({ id: options.id, password: givenSecretOf('password', options, env) }),
      ...accountFields(options),
    }
    const account = await server.post('/accounts', { body })
    terminal.answer(account, () => accountText(account))
    terminal.say(
      account.kind === 'person'
        ? `\nSend an invitation with: octroi account invite ${account.id}`
        : `\nGive it a key with: octroi key create NAME --account ${account.id} --grant CONNECTION:RIGHT`,
    )
  },
})

function kindOf(given: string | undefined): (typeof KINDS)[number] {
  const kind = KINDS.find((known) => known === (given ?? 'service'))
  if (kind === undefined) throw new UsageError(`--kind takes ${KINDS.join(' or ')}.`)
  return kind
}

const ls = command({
  name: 'account ls',
  args: [],
  summary: 'List the accounts',
  examples: ['account ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const accounts = await collect(server.pages('/accounts', { query: { limit: 200 } }))
    terminal.answer(accounts, () =>
      table(
        ['ID', 'KIND', 'NAME', 'STATE', 'GROUPS', 'BESIDES KEYS'],
        accounts.map((account) => [
          account.id,
          account.kind,
          account.name,
          account.disabled_at === null ? 'active' : 'disabled',
          account.groups.join(', '),
          callsInWith(account),
        ]),
        'There is no account.',
      ),
    )
  },
})

/** Besides its keys, and issuers that speak for it. */
function callsInWith(account: { has_password: boolean; certificate_subjects: readonly string[] }): string {
  const { has_password, certificate_subjects } = account
  return [...(has_password ? ['password'] : []), ...(certificate_subjects.length > 0 ? ['certificate'] : [])].join(', ')
}

const show = command({
  name: 'account show',
  args: ['ID'],
  summary: 'Read one account',
  examples: ['account show recyclique'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const account = await server.get('/accounts/{id}', { params: { id } })
    terminal.answer(account, () => accountText(account))
  },
})

const set = command({
  name: 'account set',
  args: ['ID'],
  summary: 'Change an account',
  description:
    'Only what is given changes; a list that is given (--group, --grant, --certificate-subject) replaces the whole list, and none empties it. Its keys are in its groups, but for those that have a list of their own.',
  examples: [
    'account set till --group tills --group partners',
    'account set till --certificate-subject "CN=till,O=Shop" --email none',
  ],
  on: 'server',
  options: { name: { type: 'string', value: 'NAME', describes: 'What it is called.' }, ...ACCOUNT_FIELDS },
  async run({ args: [id], options, terminal, server }) {
    const body = { ...given({ name: options.name }), ...accountFields(options) }
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi account set --help'])
    const account = await server.patch('/accounts/{id}', { params: { id }, body })
    terminal.answer(account, () => accountText(account))
  },
})

const disable = command({
  name: 'account disable',
  args: ['ID'],
  summary: 'Stop an account and all its keys, from the next request',
  examples: ['account disable recyclique'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const account = await server.post('/accounts/{id}/disable', { params: { id } })
    terminal.answer(account, () => `${id} is disabled; its keys do not work, but for those that outlive it.`)
  },
})

const enable = command({
  name: 'account enable',
  args: ['ID'],
  summary: 'Let an account and its keys work again',
  examples: ['account enable recyclique'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const account = await server.post('/accounts/{id}/enable', { params: { id } })
    terminal.answer(account, () => `${id} is enabled.`)
  },
})

const rm = command({
  name: 'account rm',
  args: ['ID'],
  summary: 'Delete an account that has no live keys',
  examples: ['account rm recyclique --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    await confirmed(terminal, options, `Delete the account ${id}?`)
    await server.delete('/accounts/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [
  add,
  ls,
  show,
  set,
  password,
  invite,
  reset,
  importAccounts,
  disable,
  enable,
  rm,
  ...identities,
  ...emails,
  ...factors,
  ...applications,
]
