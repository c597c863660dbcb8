import { PASSWORD_FIELDS } from './account_input.ts'
import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { givenSecretOf } from './input.ts'

export const password = command({
  name: 'account password',
  args: ['ID'],
  summary: 'Give an account a password, or take it away',
  description:
    'Of a service, for Basic: one is made unless it is given; then stdout holds it and nothing else, and it is shown this once. Of a person, to sign in with: it has to be given, and is better chosen by himself (octroi account invite, octroi account reset). The one before ends at once, with the sessions of the person.',
  examples: [
    'account password till',
    'account password till --password-file /run/secrets/till',
    'account password till --remove --yes',
  ],
  on: 'server',
  options: {
    ...PASSWORD_FIELDS,
    remove: { type: 'boolean', describes: 'It has none any more.' },
    ...YES,
  },
  async run({ args: [id], options, terminal, server, env }) {
    const secret = givenSecretOf('password', options, env)
    if (options.remove !== true) {
      const body = secret === undefined ? {} : { password: secret }
      const made = await server.post('/accounts/{id}/password', { params: { id }, body })
      if (made.password === null) return terminal.answer(made, () => `${id} has the password that was given.`)
      terminal.say('The password, shown this once:\n')
      return terminal.answer(made, () => made.password as string)
    }
    if (secret !== undefined) throw new UsageError('--remove excludes --password-file and --password-env.')
    await confirmed(terminal, options, `Take the password of ${id} away? What uses it stops at once.`)
    await server.delete('/accounts/{id}/password', { params: { id } })
    terminal.answer({ removed: id }, () => `${id} has no password any more.`)
  },
})
