import { command } from './command.ts'
import { collect } from './input.ts'
import { table } from './table.ts'

const add = command({
  name: 'organization member add',
  args: ['ID', 'ACCOUNT'],
  summary: 'Say that a person belongs to an organization, whatever a provider says',
  examples: ['organization member add mairie ada'],
  on: 'server',
  options: {},
  async run({ args: [id, account], terminal, server }) {
    const member = await server.put('/organizations/{id}/members/{account}', { params: { id, account } })
    terminal.answer(member, () => `${account} belongs to ${id}.`)
  },
})

const ls = command({
  name: 'organization member ls',
  args: ['ID'],
  summary: 'List who belongs to an organization, and who says so',
  examples: ['organization member ls mairie'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const query = { limit: 200 }
    const members = await collect(server.pages('/organizations/{id}/members', { params: { id }, query }))
    terminal.answer(members, () =>
      table(
        ['ACCOUNT', 'SAID BY', 'SINCE'],
        members.flatMap(({ account, sources }) => sources.map(({ source, since }) => [account, source, since])),
        'Nobody belongs to it.',
      ),
    )
  },
})

const rm = command({
  name: 'organization member rm',
  args: ['ID', 'ACCOUNT'],
  summary: 'Take a person out of an organization: sessions that act for it end',
  description: 'A provider whose claims still say that he belongs to it brings him back at his next sign-in.',
  examples: ['organization member rm mairie ada'],
  on: 'server',
  options: {},
  async run({ args: [id, account], terminal, server }) {
    await server.delete('/organizations/{id}/members/{account}', { params: { id, account } })
    terminal.answer({ removed: account, organization: id }, () => `${account} no longer belongs to ${id}.`)
  },
})

export const commands = [add, ls, rm]
