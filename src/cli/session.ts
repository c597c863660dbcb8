import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given } from './input.ts'
import { fields, table } from './table.ts'

const ls = command({
  name: 'session ls',
  args: [],
  summary: 'List who is signed in, how, from where and until when',
  examples: ['session ls', 'session ls --account ada', 'session ls --host wiki.example.org'],
  on: 'server',
  options: {
    account: { type: 'string', value: 'ID', describes: 'Only those of this account.' },
    host: { type: 'string', value: 'HOST', describes: 'Only those of this host behind /forward-auth.' },
  },
  async run({ options: { account, host }, terminal, server }) {
    const query = { limit: 200, ...given({ account, host }) }
    const sessions = await collect(server.pages('/sessions', { query }))
    terminal.answer(sessions, () =>
      table(
        ['ID', 'ACCOUNT', 'HOST', 'METHOD', 'PROOFS', 'FOR', 'ADDRESS', 'LAST USED', 'EXPIRES'],
        sessions.map((session) => [
          session.id,
          session.account,
          session.host,
          session.method,
          session.amr.join(' '),
          session.organization,
          session.address,
          session.last_used_at ?? session.created_at,
          session.expires_at,
        ]),
        'Nobody is signed in.',
      ),
    )
  },
})

const show = command({
  name: 'session show',
  args: ['ID'],
  summary: 'Read one session',
  examples: ['session show 4k2m7p9x1c5v8b3n'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const session = await server.get('/sessions/{id}', { params: { id } })
    terminal.answer(session, () => fields(session))
  },
})

const rm = command({
  name: 'session rm',
  args: ['[ID]'],
  summary: 'End a session, or every session of an account, with the tokens that applications got for it',
  examples: ['session rm 4k2m7p9x1c5v8b3n --yes', 'session rm --account ada --yes'],
  on: 'server',
  options: { account: { type: 'string', value: 'ID', describes: 'All of this account.' }, ...YES },
  async run({ args: [id], options, terminal, server }) {
    const { account } = options
    if ((id === undefined) === (account === undefined))
      throw new UsageError('Give the id of a session, or --account ID for all of an account.')
    if (account !== undefined) {
      await confirmed(terminal, options, `End every session of ${account}?`)
      const { ended } = await server.delete('/accounts/{id}/sessions', { params: { id: account } })
      return terminal.answer({ account, ended }, () => `${ended} ended.`)
    }
    const session = await server.get('/sessions/{id}', { params: { id: id as string } })
    await confirmed(terminal, options, `End the session ${session.id} of ${session.account}?`)
    await server.delete('/sessions/{id}', { params: { id: session.id } })
    terminal.answer({ ended: id }, () => `${id} has ended.`)
  },
})

export const commands = [ls, show, rm]
