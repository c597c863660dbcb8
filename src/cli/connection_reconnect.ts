import { command, UsageError } from './command.ts'
import { NO_VERIFY, repeatedly, waiting } from './connection_add.ts'
import {
  askFor,
  connectorOf,
  givenNetwork,
  givenSecrets,
  missingSecrets,
  ownMissing,
  PLACE_OPTIONS,
  SECRET_OPTIONS,
} from './connection_giving.ts'
import { agree, BROWSER, checkBrowserOption, mayWait } from './consent.ts'
import { given, pairs } from './input.ts'

export const reconnect = command({
  name: 'connection reconnect',
  args: ['ID'],
  summary: 'Give a connection new secrets, and, with them, another address',
  description:
    'The id, and with it every grant, stays. The new secrets are tried at the service first. Where a person agrees at the service and nothing is given, that is done anew, with the same account.',
  examples: [
    'connection reconnect paheko',
    'connection reconnect superoffice --no-browser',
    'connection reconnect paheko --secret-file password=/run/secrets/paheko --secret-env username=PAHEKO_USER',
    'connection reconnect paheko --set base_url=https://new.example.org --stdin < secrets.json',
  ],
  on: 'server',
  options: { ...PLACE_OPTIONS, ...SECRET_OPTIONS, ...NO_VERIFY, ...BROWSER },
  async run(call) {
    const { args, options, terminal, env, server } = call
    const [id] = args
    checkBrowserOption(call, options['no-browser'])
    const secrets = await givenSecrets(options, terminal, env)
    const before = await server.get('/connections/{id}', { params: { id } })
    const connector = await connectorOf(server, before.connector)
    const network = givenNetwork(options, before.network)
    const asksPerson = connector.consent.includes(before.scheme)
    const onlyPerson =
      asksPerson && Object.keys(secrets).length === 0 && options.set === undefined && network === undefined
    if (onlyPerson && !mayWait(call, options['no-browser']))
      throw new UsageError('A person has to agree at the service, and there is no terminal to wait on.', [
        `With --no-browser it waits all the same; a link for somebody else: octroi connection link ${id}`,
      ])
    const may = options.stdin !== true
    const missing = ownMissing(missingSecrets(connector, before.scheme, secrets), before.app !== null)
    const changed = onlyPerson
      ? before
      : await repeatedly(call, missing.length > 0 && may, async () => {
          const asked = await askFor(terminal, missing, may)
          return server.patch('/connections/{id}', {
            params: { id },
            body: {
              ...given({ network, settings: options.set === undefined ? undefined : pairs('set', options.set) }),
              secrets: { ...secrets, ...asked.secrets },
              verify: options['no-verify'] !== true,
            },
          })
        })
    const isWaiting = onlyPerson || changed.state === 'pending'
    if (!isWaiting || !mayWait(call, options['no-browser'])) {
      terminal.answer(changed, () => `${id} has new secrets; it is ${changed.state}.`)
      if (changed.state === 'pending') terminal.say(waiting(id))
      return
    }
    await agree(call, before, options['no-browser'])
    const connected = await server.get('/connections/{id}', { params: { id } })
    terminal.answer(connected, () => `${id} is connected again; it is ${connected.state}.`)
  },
})
