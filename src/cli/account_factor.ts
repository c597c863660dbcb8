import { command } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { table } from './table.ts'

const ls = command({
  name: 'account factor ls',
  args: ['ID'],
  summary: 'List the passkeys and authenticator apps of a person',
  examples: ['account factor ls ada'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const factors = await server.get('/accounts/{id}/factors', { params: { id } })
    const { passkeys, totp, recovery_codes } = factors
    terminal.answer(factors, () =>
      [
        table(
          ['ID', 'KIND', 'NAME', 'ADDED', 'LAST USED'],
          [
            ...passkeys.map((one) => [one.id, 'passkey', one.name, one.created_at, one.last_used_at]),
            ...totp.map((one) => [one.id, 'totp', one.name, one.created_at, null]),
          ],
          'It has none.',
        ),
        `\nRecovery codes left: ${recovery_codes}`,
      ].join('\n'),
    )
  },
})

const rm = command({
  name: 'account factor rm',
  args: ['ID', 'FACTOR'],
  summary: 'Take a passkey or an authenticator app from a person who lost it; his sessions end',
  description:
    'With the last one his recovery codes go. Make sure that it is he who asks: his password alone may be enough then.',
  examples: ['account factor rm ada 4k2m7p9x1c5v8b3n --yes'],
  on: 'server',
  options: {
    'keep-sessions': { type: 'boolean', describes: 'He stays signed in where he is.' },
    ...YES,
  },
  async run({ args: [id, factor], options, terminal, server }) {
    await confirmed(terminal, options, `Take the factor ${factor} from ${id}?`)
    const query = { sessions: options['keep-sessions'] === true ? 'keep' : 'end' } as const
    await server.delete('/accounts/{id}/factors/{factor}', { params: { id, factor }, query })
    terminal.answer({ removed: factor }, () => `${factor} is no longer a factor of ${id}.`)
  },
})

export const commands = [ls, rm]
