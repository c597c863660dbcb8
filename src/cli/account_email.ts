import { command } from './command.ts'
import { given, yesOrNo } from './input.ts'
import { fields, table } from './table.ts'

const add = command({
  name: 'account email add',
  args: ['ID', 'ADDRESS'],
  summary: 'Give a person an e-mail address, or say that one is verified',
  description: 'An address is one person’s alone once it is verified: until then it merges nothing.',
  examples: ['account email add ada ada@example.org', 'account email add ada ada@example.org --verified'],
  on: 'server',
  options: {
    verified: {
      type: 'string',
      value: 'no',
      bare: 'yes',
      describes: 'By your word the person reads what is sent there; =no takes it back.',
    },
  },
  async run({ args: [id, address], options, terminal, server }) {
    const body = { address, ...given({ verified: yesOrNo('verified', options.verified) }) }
    const email = await server.put('/accounts/{id}/emails', { params: { id }, body })
    terminal.answer(email, () => fields(email))
  },
})

const ls = command({
  name: 'account email ls',
  args: ['ID'],
  summary: 'List the e-mail addresses of a person',
  examples: ['account email ls ada'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const { items } = await server.get('/accounts/{id}/emails', { params: { id } })
    terminal.answer(items, () =>
      table(
        ['ADDRESS', 'VERIFIED', 'ADDED'],
        items.map(({ address, verified_at, created_at }) => [address, verified_at, created_at]),
        'It has none.',
      ),
    )
  },
})

const rm = command({
  name: 'account email rm',
  args: ['ID', 'ADDRESS'],
  summary: 'Take an e-mail address from a person',
  examples: ['account email rm ada ada@example.org'],
  on: 'server',
  options: {},
  async run({ args: [id, address], terminal, server }) {
    await server.delete('/accounts/{id}/emails/{address}', { params: { id, address } })
    terminal.answer({ removed: address }, () => `${id} no longer has ${address}.`)
  },
})

export const commands = [add, ls, rm]
