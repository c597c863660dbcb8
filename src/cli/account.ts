import { command } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect } from './input.ts'
import { fields, table } from './table.ts'

const add = command({
  name: 'account add',
  args: ['NAME'],
  summary: 'Make an account for a program',
  examples: ['account add RecyClique', "account add 'Till 2' --id till-2 --description 'the one by the door'"],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'Its id; otherwise made of the name.' },
    description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  },
  async run({ args: [name], options: { id, description }, terminal, server }) {
    const account = await server.post('/accounts', { body: { kind: 'service', name, id, description } })
    terminal.answer(account, () => fields(account))
    terminal.say(`\nGive it a key with: octroi key create NAME --account ${account.id} --grant CONNECTION:RIGHT`)
  },
})

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
        ['ID', 'KIND', 'NAME', 'STATE'],
        accounts.map(({ id, kind, name, disabled_at }) => [
          id,
          kind,
          name,
          disabled_at === null ? 'active' : 'disabled',
        ]),
        'There is no account.',
      ),
    )
  },
})

const show = command({
  name: 'account show',
  args: ['ID'],
  summary: 'Read one account',
  examples: ['account show recyclique'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const account = await server.get('/accounts/{id}', { params: { id } })
    terminal.answer(account, () => fields(account))
  },
})

const disable = command({
  name: 'account disable',
  args: ['ID'],
  summary: 'Stop all keys of an account, from the next request',
  examples: ['account disable recyclique'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const account = await server.post('/accounts/{id}/disable', { params: { id } })
    terminal.answer(account, () => `${id} is disabled; its keys do not work.`)
  },
})

const enable = command({
  name: 'account enable',
  args: ['ID'],
  summary: 'Let the keys of an account work again',
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

export const commands = [add, ls, show, disable, enable, rm]
