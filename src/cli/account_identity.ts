import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { given } from './input.ts'
import { fields, table } from './table.ts'

const add = command({
  name: 'account identity add',
  args: ['ID', 'SUBJECT'],
  summary: 'Say who signs in as an account: somebody at a provider or in a directory',
  description:
    'SUBJECT is the sub of the provider for this person, or the entryUUID or objectGUID of a directory; never an e-mail address, which changes hands.',
  examples: [
    'account identity add ada 8f2c1d3e-5b7a-4c60-9d1e-2f3a4b5c6d7e --method corp',
    "account identity add ada 248289761001 --issuer https://id.example.org --label 'Ada Lovelace'",
  ],
  on: 'server',
  options: {
    method: { type: 'string', value: 'ID', describes: 'The sign-in method by which the person comes.' },
    issuer: { type: 'string', value: 'ISS', describes: 'The issuer, instead of --method.' },
    label: { type: 'string', value: 'TEXT', describes: 'For people to read: it decides nothing.' },
  },
  async run({ args: [id, subject], options: { method, issuer, label }, terminal, server }) {
    if ((method === undefined) === (issuer === undefined)) throw new UsageError('Give --method ID or --issuer ISS.')
    const body = { subject, ...given({ method, issuer, label }) }
    const identity = await server.post('/accounts/{id}/identities', { params: { id }, body })
    terminal.answer(identity, () => fields(identity))
  },
})

const ls = command({
  name: 'account identity ls',
  args: ['ID'],
  summary: 'List who signs in as an account',
  examples: ['account identity ls ada'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const { items } = await server.get('/accounts/{id}/identities', { params: { id } })
    terminal.answer(items, () =>
      table(
        ['ID', 'METHOD', 'ISSUER', 'SUBJECT', 'LABEL', 'LAST USED'],
        items.map((one) => [one.id, one.method, one.issuer, one.subject, one.label, one.last_used_at]),
        'It has no identity.',
      ),
    )
  },
})

const rm = command({
  name: 'account identity rm',
  args: ['ID', 'IDENTITY'],
  summary: 'Take an identity from an account; its sessions end',
  examples: ['account identity rm ada 4k2m7p9x1c5v8b3n --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id, identity], options, terminal, server }) {
    await confirmed(terminal, options, `Take the identity ${identity} from ${id}, and end its sessions?`)
    await server.delete('/accounts/{id}/identities/{identity}', { params: { id, identity } })
    terminal.answer({ removed: identity }, () => `${identity} no longer signs in as ${id}.`)
  },
})

export const commands = [add, ls, rm]
