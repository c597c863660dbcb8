import { command } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { table } from './table.ts'

const ls = command({
  name: 'account application ls',
  args: ['ID'],
  summary: 'List the applications that know a person by the OpenID provider, and what they may know',
  examples: ['account application ls ada'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const { items } = await server.get('/accounts/{id}/applications', { params: { id } })
    terminal.answer(items, () =>
      table(
        ['ID', 'NAME', 'SINCE', 'SCOPES', 'SIGNED IN', 'OFFLINE', 'ALLOWED'],
        items.map((one) => [
          one.client,
          one.name,
          one.since,
          one.scopes.join(' '),
          one.signed_in ? 'yes' : 'no',
          one.offline ? 'yes' : 'no',
          one.consented_at,
        ]),
        'No application knows this person.',
      ),
    )
  },
})

const rm = command({
  name: 'account application rm',
  args: ['ID', 'CLIENT'],
  summary: 'Revoke the access of an application to a person: consent, tokens, and his sessions there',
  description:
    'The application is told that the sessions have ended, where it wants to be. One of the organisation’s own gets access again when the person next signs in to it; to keep him out, change who may use it.',
  examples: ['account application rm ada nextcloud --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id, client], options, terminal, server }) {
    await confirmed(terminal, options, `Revoke the access of ${client} to ${id}?`)
    await server.delete('/accounts/{id}/applications/{client}', { params: { id, client } })
    terminal.answer({ revoked: client }, () => `${client} no longer has access to ${id}.`)
  },
})

export const commands = [ls, rm]
