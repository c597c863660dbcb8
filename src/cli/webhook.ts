import type { Arguments } from '../client/index.ts'
import { command, FailedError, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { givenNetwork, PLACE_OPTIONS } from './connection_giving.ts'
import { collect, given, givenSecretOf, lasting, seconds, wholeNumber } from './input.ts'
import { fields, table } from './table.ts'

type Creating = NonNullable<Arguments<'POST', '/webhooks'>[0]>['body']
type Types = Creating['types']

const { 'allow-private': allowPrivate, 'allow-http': allowHttp, 'ca-file': caFile } = PLACE_OPTIONS

const FIELDS = {
  name: { type: 'string', value: 'NAME', describes: 'What it is called.' },
  type: {
    type: 'string',
    multiple: true,
    value: 'TYPE',
    describes: 'What it is told, such as connection.degraded; all unless given.',
  },
  'allow-private': allowPrivate,
  'allow-http': allowHttp,
  'ca-file': caFile,
  'secret-file': { type: 'string', value: 'PATH', describes: 'A file that holds the whsec_ secret that it has.' },
  'secret-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds the secret that it has.' },
} as const

const add = command({
  name: 'webhook add',
  args: ['URL'],
  summary: 'Have events sent to an address',
  description:
    'stdout holds the signing secret and nothing else (with --json the whole answer); it is shown this once. docs/webhooks.md says how a receiver checks signatures.',
  examples: [
    'webhook add https://hooks.example.org/octroi --type connection.degraded --type connection.reconnect_required',
    'webhook add http://10.0.0.7:9000/hook --name monitoring --allow-private=10.0.0.7/32 --allow-http > hook.secret',
  ],
  on: 'server',
  options: { id: { type: 'string', value: 'ID', describes: 'Its id; made of the name otherwise.' }, ...FIELDS },
  async run({ args: [url], options, terminal, server, env }) {
    const { id, name } = options
    const types = options.type && ([...options.type] as Types)
    const body = {
      url,
      ...given({ id, name, types, network: givenNetwork(options), secret: givenSecretOf('secret', options, env) }),
    }
    const made = await server.post('/webhooks', { body })
    const { secret, ...webhook } = made
    terminal.say(`${fields(webhook)}\n`)
    if (secret !== null) terminal.say('The signing secret, shown this once:\n')
    terminal.answer(made, () => secret ?? made.id)
  },
})

const ls = command({
  name: 'webhook ls',
  args: [],
  summary: 'List the webhooks',
  examples: ['webhook ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const webhooks = await collect(server.pages('/webhooks', { query: { limit: 200 } }))
    terminal.answer(webhooks, () =>
      table(
        ['ID', 'NAME', 'STATE', 'URL', 'TOLD'],
        webhooks.map(({ id, name, state, url, types }) => [id, name, state, url, types.join(', ')]),
        'There is no webhook.',
      ),
    )
  },
})

const show = command({
  name: 'webhook show',
  args: ['ID'],
  summary: 'Read one webhook',
  examples: ['webhook show monitoring'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const webhook = await server.get('/webhooks/{id}', { params: { id } })
    terminal.answer(webhook, () => fields(webhook))
  },
})

const set = command({
  name: 'webhook set',
  args: ['ID'],
  summary: 'Change, disable or enable a webhook',
  description:
    'Only what is given changes; --type replaces the whole list. Whoever received until now knows the secret, so that another address or network needs --new-secret, --keep-secret (it is the same receiver), or a secret. Disabling gives up what is still waiting.',
  examples: [
    'webhook set monitoring --type key.expiring',
    'webhook set monitoring --to https://hooks.example.org/new --new-secret',
    'webhook set monitoring --disable',
  ],
  on: 'server',
  options: {
    // Not `--url`, which is the server that every command talks to, with its key.
    to: { type: 'string', value: 'URL', describes: 'Where events are sent.' },
    ...FIELDS,
    'new-secret': { type: 'boolean', describes: 'Make a new secret and end the old one at once.' },
    'keep-secret': { type: 'boolean', describes: 'Sign with the same secret at the new address.' },
    disable: { type: 'boolean', describes: 'Send nothing more.' },
    enable: { type: 'boolean', describes: 'Send again.' },
  },
  async run({ args: [id], options, terminal, server, env }) {
    const { to: url, name } = options
    if (options.enable && options.disable) throw new UsageError('--enable and --disable exclude each other.')
    const disabled = options.disable === true ? true : options.enable === true ? false : undefined
    const secret = secretChoice(options, env)
    const before = await server.get('/webhooks/{id}', { params: { id } })
    const network = givenNetwork(options, before.network)
    if ((url !== undefined || network !== undefined) && secret === undefined)
      throw new UsageError(
        'Another address or network needs --new-secret, --keep-secret, --secret-file or --secret-env.',
      )
    const types = options.type && ([...options.type] as Types)
    const body = given({ url, name, types, network, disabled, secret })
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi webhook set --help'])
    const changed = await server.patch('/webhooks/{id}', { params: { id }, body })
    const { secret: made, ...webhook } = changed
    if (made === null) return terminal.answer(webhook, () => fields(webhook))
    terminal.say(`${fields(webhook)}\n\nThe signing secret, shown this once:\n`)
    terminal.answer(changed, () => made)
  },
})

interface Choice {
  readonly 'new-secret'?: boolean | undefined
  readonly 'keep-secret'?: boolean | undefined
  readonly [name: string]: unknown
}

function secretChoice(options: Choice, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const all = [
    options['new-secret'] === true ? 'new' : undefined,
    options['keep-secret'] === true ? 'keep' : undefined,
    givenSecretOf('secret', options, env),
  ].filter((choice) => choice !== undefined)
  if (all.length > 1) throw new UsageError('--new-secret, --keep-secret and a secret exclude one another.')
  return all[0]
}

const rotate = command({
  name: 'webhook rotate',
  args: ['ID'],
  summary: 'Give a webhook a new signing secret',
  description: 'stdout holds the new secret and nothing else; it is shown this once.',
  examples: ['webhook rotate monitoring', 'webhook rotate monitoring --overlap 0'],
  on: 'server',
  options: {
    overlap: { type: 'string', value: 'TIME', describes: 'How long both secrets sign: 1d unless given.' },
  },
  async run({ args: [id], options, terminal, server }) {
    const overlap_s = options.overlap === undefined ? 86_400 : seconds('overlap', options.overlap)
    const made = await server.post('/webhooks/{id}/rotate', { params: { id }, body: { overlap_s } })
    terminal.say(overlap_s === 0 ? 'The old secret has ended.' : `The old secret signs for ${lasting(overlap_s)} more.`)
    terminal.say('The signing secret, shown this once:\n')
    terminal.answer(made, () => made.secret ?? made.id)
  },
})

const test = command({
  name: 'webhook test',
  args: ['ID'],
  summary: 'Send an event of the type webhook.test now',
  description: 'Exit 1 when the receiver does not take it.',
  examples: ['webhook test monitoring'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const result = await server.post('/webhooks/{id}/test', { params: { id } })
    terminal.answer(result, () => `${result.detail} (${result.ms} ms)`)
    if (!result.ok) throw new FailedError(`the receiver of ${id} did not take it`)
  },
})

const activate = command({
  name: 'webhook activate',
  args: ['ID'],
  summary: 'Let a webhook that a restore suspended send again',
  description:
    'What was waiting in the backup, and what happened since, is sent; the original may have sent some of it, under the same ids.',
  examples: ['webhook activate monitoring', 'webhook activate monitoring --discard'],
  on: 'server',
  options: { discard: { type: 'boolean', describes: 'Give up what is waiting.' } },
  async run({ args: [id], options, terminal, server }) {
    const backlog = options.discard === true ? 'discard' : 'deliver'
    const webhook = await server.post('/webhooks/{id}/activate', { params: { id }, body: { backlog } })
    terminal.answer(webhook, () => `${id} is ${webhook.state}.`)
  },
})

const deliveries = command({
  name: 'webhook deliveries',
  args: ['ID'],
  summary: 'What became of the events that a webhook was to be told, newest first',
  examples: ['webhook deliveries monitoring', 'webhook deliveries monitoring --state failed'],
  on: 'server',
  options: {
    state: {
      type: 'string',
      value: 'STATE',
      describes: 'Only waiting, delivered, failed, cancelled or suspended ones.',
    },
    limit: { type: 'string', value: 'N', describes: 'At most so many; 50 unless given.' },
  },
  async run({ args: [id], options, terminal, server }) {
    const most = wholeNumber('limit', options.limit, 1) ?? 50
    const query = { state: options.state as 'failed' | undefined, limit: Math.min(most, 200) }
    const rows = await collect(server.pages('/webhooks/{id}/deliveries', { params: { id }, query }), most)
    terminal.answer(rows, () =>
      table(
        ['ID', 'TYPE', 'STATE', 'TRIED', 'NEXT', 'LAST'],
        rows.map((row) => [
          row.id,
          row.type,
          row.state,
          row.attempts,
          row.next_attempt_at,
          row.last_error ?? row.last_status,
        ]),
        'There is no delivery.',
      ),
    )
  },
})

const replay = command({
  name: 'webhook replay',
  args: ['ID', 'DELIVERY'],
  summary: 'Send an event again, now, under the same webhook-id',
  examples: ['webhook replay monitoring 0mh2x7k9a-1b2c3d4e'],
  on: 'server',
  options: {},
  async run({ args: [id, delivery], terminal, server }) {
    const params = { id, delivery }
    const row = await server.post('/webhooks/{id}/deliveries/{delivery}/replay', { params })
    terminal.answer(row, () => `${delivery} is due now.`)
  },
})

const rm = command({
  name: 'webhook rm',
  args: ['ID'],
  summary: 'Delete a webhook with its deliveries',
  examples: ['webhook rm monitoring --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { name, url } = await server.get('/webhooks/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the webhook ${id} (${name}, ${url})?`)
    await server.delete('/webhooks/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [add, ls, show, set, rotate, test, activate, deliveries, replay, rm]
