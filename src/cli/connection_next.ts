import { command } from './command.ts'
import { NO_VERIFY, repeatedly } from './connection_add.ts'
import { askFor, connectorOf, givenSecrets, missingSecrets, ownMissing, SECRET_OPTIONS } from './connection_giving.ts'

export const next = command({
  name: 'connection next',
  args: ['ID'],
  summary: 'Give a connection the secrets that it will change over to',
  description:
    'Both sets are held. "octroi connection switch" changes over without a failed call; when the service refuses the current set and takes the next, Octroi changes over by itself.',
  examples: ['connection next paheko --stdin < new.json', 'connection next paheko --drop'],
  on: 'server',
  options: { ...SECRET_OPTIONS, ...NO_VERIFY, drop: { type: 'boolean', describes: 'Forget the next set.' } },
  async run(call) {
    const { args, options, terminal, env, server } = call
    const [id] = args
    if (options.drop) {
      const dropped = await server.put('/connections/{id}/next', { params: { id }, body: { secrets: null } })
      terminal.answer(dropped, () => `${id} holds one set of secrets.`)
      return
    }
    const secrets = await givenSecrets(options, terminal, env)
    const before = await server.get('/connections/{id}', { params: { id } })
    const may = options.stdin !== true
    const connector = await connectorOf(server, before.connector)
    const missing = ownMissing(missingSecrets(connector, before.scheme, secrets), before.app !== null)
    const changed = await repeatedly(call, missing.length > 0 && may, async () => {
      const asked = await askFor(terminal, missing, may)
      const body = { secrets: { ...secrets, ...asked.secrets }, verify: options['no-verify'] !== true }
      return server.put('/connections/{id}/next', { params: { id }, body })
    })
    terminal.answer(changed, () => `${id} holds the next secrets; change over with: octroi connection switch ${id}`)
  },
})
