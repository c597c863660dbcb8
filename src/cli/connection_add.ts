import { OctroiApiError } from '../client/index.ts'
import { type Call, command } from './command.ts'
import {
  askFor,
  type Connector,
  connectorOf,
  givenNetwork,
  givenSecrets,
  missingSecrets,
  missingSettings,
  PLACE_OPTIONS,
  SECRET_OPTIONS,
  schemeOf,
} from './connection_giving.ts'
import { given, pairs, seconds } from './input.ts'
import { reportOf, reportText } from './report.ts'
import { fields } from './table.ts'

export const NO_VERIFY = {
  'no-verify': { type: 'boolean', describes: 'Do not try it at the service first.' },
} as const

export const add = command({
  name: 'connection add',
  args: ['CONNECTOR'],
  summary: 'Connect an account at a service',
  description:
    'On a terminal it asks for what is missing; what is secret is not shown. It is tried at the service first. A secret is never given on the command line, where others can read it.',
  examples: [
    'connection add paheko',
    'connection add paheko --set base_url=https://asso.example.org --secret-env username=PAHEKO_USER --secret-file password=/run/secrets/paheko',
    'connection add odoo --id odoo-test --set base_url=http://10.0.0.7:8069 --allow-private=10.0.0.0/24 --allow-http --stdin < secrets.json',
  ],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'Its id in /proxy/ID; otherwise made of the connector’s.' },
    name: { type: 'string', value: 'NAME', describes: 'What people call it.' },
    scheme: { type: 'string', value: 'SCHEME', describes: 'Where the connector offers several.' },
    ...PLACE_OPTIONS,
    ...SECRET_OPTIONS,
    tag: { type: 'string', multiple: true, value: 'NAME=VALUE', describes: 'A tag, by which grants can choose.' },
    replay: {
      type: 'string',
      value: 'SECONDS',
      describes: 'Keep answers per Idempotency-Key so long, for a service that knows no such key.',
    },
    ...NO_VERIFY,
  },
  async run(call) {
    const { args, options, terminal, env, server } = call
    const secrets = await givenSecrets(options, terminal, env)
    const settings = pairs('set', options.set)
    const connector = await connectorOf(server, args[0])
    const scheme = schemeOf(connector, options.scheme)
    const may = options.stdin !== true
    const missing = [...missingSettings(connector, settings), ...missingSecrets(connector, scheme, secrets)]
    const fixed = given({
      id: options.id,
      name: options.name,
      tags: options.tag === undefined ? undefined : pairs('tag', options.tag),
      replay_s: options.replay === undefined ? undefined : seconds('replay', options.replay),
      network: givenNetwork(options),
    })
    const made = await repeatedly(call, missing.length > 0 && may, async () => {
      const asked = await askFor(terminal, missing, may)
      return server.post('/connections', {
        body: {
          connector: connector.id,
          scheme,
          ...fixed,
          settings: { ...settings, ...asked.settings },
          secrets: { ...secrets, ...asked.secrets },
          verify: options['no-verify'] !== true,
        },
      })
    })
    terminal.answer(made, () => fields({ id: made.id, name: made.name, scheme, state: made.state, ...made.settings }))
    terminal.say(nextSteps(made.id, connector, options['no-verify'] === true))
  },
})

function nextSteps(id: string, connector: Connector, untried: boolean): string {
  const untested = untried || connector.test === null
  const tried = untested
    ? `Not tried${connector.test === null ? '' : `: octroi connection test ${id}`}.`
    : 'Tried: it works.'
  const right = Object.keys(connector.grants)[0] ?? 'GET /**'
  return `\n${tried}\nLet a program use it:\n\n  octroi key create NAME --grant '${id}:${right}'`
}

export const reconnect = command({
  name: 'connection reconnect',
  args: ['ID'],
  summary: 'Give a connection new secrets, and, with them, another address',
  description: 'The id, and with it every grant, stays. The new secrets are tried at the service first.',
  examples: [
    'connection reconnect paheko',
    'connection reconnect paheko --secret-file password=/run/secrets/paheko --secret-env username=PAHEKO_USER',
    'connection reconnect paheko --set base_url=https://new.example.org --stdin < secrets.json',
  ],
  on: 'server',
  options: { ...PLACE_OPTIONS, ...SECRET_OPTIONS, ...NO_VERIFY },
  async run(call) {
    const { args, options, terminal, env, server } = call
    const [id] = args
    const secrets = await givenSecrets(options, terminal, env)
    const before = await server.get('/connections/{id}', { params: { id } })
    const connector = await connectorOf(server, before.connector)
    const may = options.stdin !== true
    const missing = missingSecrets(connector, before.scheme, secrets)
    const network = givenNetwork(options, before.network)
    const changed = await repeatedly(call, missing.length > 0 && may, async () => {
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
    terminal.answer(changed, () => `${id} has new secrets; it is ${changed.state}.`)
  },
})

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
    const missing = missingSecrets(await connectorOf(server, before.connector), before.scheme, secrets)
    const changed = await repeatedly(call, missing.length > 0 && may, async () => {
      const asked = await askFor(terminal, missing, may)
      const body = { secrets: { ...secrets, ...asked.secrets }, verify: options['no-verify'] !== true }
      return server.put('/connections/{id}/next', { params: { id }, body })
    })
    terminal.answer(changed, () => `${id} holds the next secrets; change over with: octroi connection switch ${id}`)
  },
})

/** Who has typed a secret wrong wants to type it again, not to begin anew. */
async function repeatedly<T>(
  { terminal }: Pick<Call, 'terminal'>,
  asks: boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const typed =
        error instanceof OctroiApiError && error.errors.some(({ path }) => /^(secrets|settings)\b/.test(path))
      if (!asks || !typed || error.code !== 'invalid_request' || !terminal.interactive) throw error
      terminal.say(`${reportText(reportOf(error))}\nOnce more (Ctrl-C gives up):`)
    }
  }
}
