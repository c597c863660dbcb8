import { type Call, command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, lasting, seconds } from './input.ts'
import { importKey } from './key_import.ts'
import { keyFields, RIGHTS, rightsOf } from './key_input.ts'
import { usage } from './key_usage.ts'
import { table } from './table.ts'

const create = command({
  name: 'key create',
  args: ['NAME'],
  summary: 'Make an API key',
  description:
    'stdout holds the key and nothing else (with --json the whole answer); it is shown this once. A key may do nothing that is not granted.',
  examples: [
    "key create till --account recyclique --grant 'paheko:accounting-post'",
    "key create report --grant 'paheko:GET /api/accounting/**' --expires 90d --cidr 10.0.0.0/8 --rate 100/60s",
    'key create ops --permission connections.read --permission audit.read > ops.key',
    'key create partner --account erp --group partners',
  ],
  on: 'server',
  options: { account: { type: 'string', value: 'ID', describes: 'Whose key it is; otherwise yours.' }, ...RIGHTS },
  async run({ args: [name], options, terminal, server, now }) {
    const account = options.account === undefined ? {} : { account: options.account }
    const made = await server.post('/keys', { body: { name, ...account, ...rightsOf(options, now()) } })
    const { key, warnings, ...rest } = made
    terminal.say(`${keyFields(rest)}\n`)
    warn(terminal, warnings)
    if (rest.grants.length === 0 && rest.permissions.length === 0)
      terminal.say('It may do nothing yet (--grant), but where a route allows it.\n')
    if (rest.provided) terminal.say('The environment provides its secret: this one does not work.\n')
    terminal.say('The key, shown this once:\n')
    terminal.answer(made, () => key)
  },
})

const ls = command({
  name: 'key ls',
  args: [],
  summary: 'List the keys',
  examples: ['key ls', 'key ls --account recyclique --json', 'key ls --group partners'],
  on: 'server',
  options: {
    account: { type: 'string', value: 'ID', describes: 'Only those of this account.' },
    group: {
      type: 'string',
      value: 'GROUP',
      describes: 'Only those in this group, by themselves or by their account.',
    },
  },
  async run({ options: { account, group }, terminal, server }) {
    const keys = await collect(server.pages('/keys', { query: { account, group, limit: 200 } }))
    terminal.answer(keys, () =>
      table(
        ['ID', 'NAME', 'ACCOUNT', 'STATE', 'EXPIRES', 'LAST USED', 'MAY'],
        keys.map((key) => [key.id, key.name, key.account, key.state, key.expires_at, key.last_used_at, may(key)]),
        'There is no key.',
      ),
    )
  },
})

function may({ grants, permissions }: { grants: readonly object[]; permissions: readonly unknown[] }): string {
  if (permissions.includes('*')) return 'everything'
  const where = (grants as { connection?: string; connector?: string }[]).map(
    ({ connection, connector }) => connection ?? `every ${connector}`,
  )
  const more = permissions.length === 0 ? [] : [`${permissions.length} permissions`]
  return [...new Set(where), ...more].join(', ')
}

const show = command({
  name: 'key show',
  args: ['ID'],
  summary: 'Read one key: what it may do and when it was used; "self" is yours',
  examples: ['key show 1a2b3c4d', 'key show self'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const key = id === 'self' ? await server.get('/keys/self') : await server.get('/keys/{id}', { params: { id } })
    terminal.answer(key, () => keyFields(key))
  },
})

const rotate = command({
  name: 'key rotate',
  args: ['ID'],
  summary: 'Give a key a new secret',
  description: 'Id, rights and history stay. stdout holds the new key and nothing else; it is shown this once.',
  examples: ['key rotate 1a2b3c4d', 'key rotate 1a2b3c4d --overlap 0'],
  on: 'server',
  options: {
    overlap: { type: 'string', value: 'TIME', describes: 'How long the old secret works on: 1h unless given.' },
  },
  async run({ args: [id], options, terminal, server }) {
    const overlap_s = options.overlap === undefined ? 3_600 : seconds('overlap', options.overlap)
    const made = await server.post('/keys/{id}/rotate', { params: { id }, body: { overlap_s } })
    terminal.say(overlap_s === 0 ? 'The old secret has ended.' : `The old secret works for ${lasting(overlap_s)} more.`)
    terminal.say('The key, shown this once:\n')
    terminal.answer(made, () => made.key)
  },
})

const revoke = command({
  name: 'key revoke',
  args: ['ID'],
  summary: 'End a key for good, from the next request',
  examples: ['key revoke 1a2b3c4d --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const key = await server.get('/keys/{id}', { params: { id } })
    await confirmed(terminal, options, `Revoke the key ${key.id} (${key.name}, of ${key.account}) for good?`)
    await server.delete('/keys/{id}', { params: { id } })
    terminal.answer({ revoked: id }, () => `${id} is revoked.`)
  },
})

const disable = switching('disable', true, 'Stop a key until it is enabled again', 'is disabled')
const enable = switching('enable', false, 'Let a disabled key work again', 'is enabled')

function switching(verb: string, disabled: boolean, summary: string, outcome: string) {
  return command({
    name: `key ${verb}`,
    args: ['ID'],
    summary,
    examples: [`key ${verb} 1a2b3c4d`],
    on: 'server',
    options: {},
    async run({ args: [id], terminal, server }) {
      const key = await server.patch('/keys/{id}', { params: { id }, body: { disabled } })
      terminal.answer(key, () => `${id} ${outcome}.`)
    },
  })
}

const set = command({
  name: 'key set',
  args: ['ID'],
  summary: 'Change what a key may do',
  description:
    'Only what is given changes; a list that is given (--grant, --permission, --cidr, --group) replaces the whole list, and none empties it.',
  examples: [
    "key set 1a2b3c4d --grant 'paheko:accounting-read' --grant 'paheko:accounting-post'",
    'key set 1a2b3c4d --group partners --tech-name partner_api',
    'key set 1a2b3c4d --expires never --rate none',
  ],
  on: 'server',
  options: { name: { type: 'string', value: 'NAME', describes: 'What it is called.' }, ...RIGHTS },
  async run({ args: [id], options, terminal, server, now }) {
    const body = { ...(options.name === undefined ? {} : { name: options.name }), ...rightsOf(options, now()) }
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi key set --help'])
    const key = await server.patch('/keys/{id}', { params: { id }, body })
    terminal.answer(key, () => keyFields(key))
  },
})

function warn(terminal: Call['terminal'], warnings: readonly string[]): void {
  if (warnings.length > 0) terminal.say(warnings.map((warning) => `Note: ${warning}.`).join('\n'))
}

export const commands = [create, ls, show, set, rotate, disable, enable, revoke, usage, importKey]
