import { command, EXIT } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { add, NO_VERIFY } from './connection_add.ts'
import { importConnection } from './connection_import.ts'
import { link } from './connection_link.ts'
import { next } from './connection_next.ts'
import { reconnect } from './connection_reconnect.ts'
import { set } from './connection_set.ts'
import { collect } from './input.ts'
import { fields, table } from './table.ts'

const ls = command({
  name: 'connection ls',
  args: [],
  summary: 'List the connections',
  examples: ['connection ls', 'connection ls --state reconnect_required --json'],
  on: 'server',
  options: {
    connector: { type: 'string', value: 'ID', describes: 'Only those of this connector.' },
    state: { type: 'string', value: 'STATE', describes: 'pending, ready, degraded, reconnect_required or suspended.' },
  },
  async run({ options: { connector, state }, terminal, server }) {
    // The server is the judge of what a state is called.
    const query = { connector, state: state as 'ready' | undefined, limit: 200 }
    const connections = await collect(server.pages('/connections', { query }))
    terminal.answer(connections, () =>
      table(
        ['ID', 'CONNECTOR', 'NAME', 'STATE', 'SINCE', 'ADDRESS'],
        connections.map((row) => [row.id, row.connector, row.name, row.state, row.state_since, row.settings.base_url]),
        'There is no connection. Make one with: octroi connection add CONNECTOR',
      ),
    )
  },
})

const show = command({
  name: 'connection show',
  args: ['ID'],
  summary: 'Read one connection; its secrets are never shown',
  examples: ['connection show paheko'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const connection = await server.get('/connections/{id}', { params: { id } })
    terminal.answer(connection, () => {
      const { ca, ...network } = connection.network
      return fields({ ...connection, network: { ...network, ...(ca === undefined ? {} : { ca: 'given' }) } })
    })
  },
})

const test = command({
  name: 'connection test',
  args: ['ID'],
  summary: 'Try a connection at the service now',
  description: 'Exit 1 when it does not work.',
  examples: ['connection test paheko', 'connection test paheko --next'],
  on: 'server',
  options: { next: { type: 'boolean', describes: 'Try the secrets that it will change over to.' } },
  async run({ args: [id], options, terminal, server }) {
    const body = { which: options.next ? 'next' : 'current' } as const
    const result = await server.post('/connections/{id}/test', { params: { id }, body })
    terminal.answer(result, () => `${id}: ${result.outcome} in ${result.ms} ms. ${result.detail}`)
    return result.ok ? EXIT.done : EXIT.failed
  },
})

const refresh = command({
  name: 'connection refresh',
  args: ['ID'],
  summary: 'Renew the token of a connection now',
  examples: ['connection refresh superoffice'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const connection = await server.post('/connections/{id}/refresh', { params: { id } })
    terminal.answer(connection, () => `${id} has a new token; it is ${connection.state}.`)
  },
})

const switchOver = command({
  name: 'connection switch',
  args: ['ID'],
  summary: 'Change over to the next secrets, keeping the current ones to go back to',
  description: 'No call fails meanwhile. The next secrets are tried first.',
  examples: ['connection switch paheko'],
  on: 'server',
  options: NO_VERIFY,
  async run({ args: [id], options, terminal, server }) {
    const body = { verify: options['no-verify'] !== true }
    const connection = await server.post('/connections/{id}/switch', { params: { id }, body })
    terminal.answer(connection, () => `${id} has changed over; the same command changes back.`)
  },
})

const activate = command({
  name: 'connection activate',
  args: ['ID'],
  summary: 'Put a connection that a restore suspended back into service',
  examples: ['connection activate paheko'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const connection = await server.post('/connections/{id}/activate', { params: { id } })
    terminal.answer(connection, () => `${id} is ${connection.state}.`)
  },
})

const rm = command({
  name: 'connection rm',
  args: ['ID'],
  summary: 'Delete a connection and its secrets',
  examples: ['connection rm paheko', 'connection rm paheko --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    await confirmed(terminal, options, `Delete the connection ${id} and its secrets?`)
    await server.delete('/connections/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [
  add,
  ls,
  link,
  importConnection,
  show,
  set,
  test,
  refresh,
  reconnect,
  next,
  switchOver,
  activate,
  rm,
]
