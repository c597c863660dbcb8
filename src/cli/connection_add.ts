import { OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import { appOf } from './apps.ts'
import { type Call, command } from './command.ts'
import {
  askFor,
  type Connector,
  connectorOf,
  givenNetwork,
  givenSecrets,
  isOfApp,
  type Missing,
  missingSecrets,
  missingSettings,
  ownMissing,
  PLACE_OPTIONS,
  SECRET_OPTIONS,
  type Secrets,
  schemeOf,
} from './connection_giving.ts'
import { agree, BROWSER, checkBrowserOption, mayWait } from './consent.ts'
import { given, pairs, seconds } from './input.ts'
import { reportOf, reportText } from './report.ts'
import { fields } from './table.ts'

export const NO_VERIFY = {
  'no-verify': { type: 'boolean', describes: 'Do not try it at the service first.' },
} as const

type Connection = Output<'GET', '/connections/{id}'>

export const add = command({
  name: 'connection add',
  args: ['CONNECTOR'],
  summary: 'Connect an account at a service',
  description:
    'On a terminal it asks for what is missing; what is secret is not shown. It is tried at the service first. Where a person agrees at the service, a browser is opened for that, or its address printed, and the command waits. A secret is never given on the command line, where others can read it.',
  examples: [
    'connection add paheko',
    'connection add paheko --set base_url=https://asso.example.org --secret-env username=PAHEKO_USER --secret-file password=/run/secrets/paheko',
    'connection add superoffice --no-browser',
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
    ...BROWSER,
  },
  async run(call) {
    const { args, options, terminal, env, server } = call
    checkBrowserOption(call, options['no-browser'])
    const secrets = await givenSecrets(options, terminal, env)
    const set = pairs('set', options.set)
    const connector = await connectorOf(server, args[0])
    const scheme = schemeOf(connector, options.scheme)
    const shared = await sharedApp(server, connector, scheme, secrets)
    const settings = { ...shared?.settings, ...set }
    const may = options.stdin !== true
    const missing = [
      ...missingSettings(connector, settings),
      ...ownMissing(missingSecrets(connector, scheme, secrets), shared !== undefined),
    ]
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
    const isWaiting = made.state === 'pending'
    const connection = isWaiting && mayWait(call, options['no-browser']) ? await agreed(call, made, options) : made
    const { id, name, state } = connection
    terminal.answer(connection, () => fields({ id, name, scheme, state, ...connection.settings }))
    const untried = options['no-verify'] === true && !isWaiting
    terminal.say(state === 'pending' ? waiting(id) : nextSteps(id, connector, untried))
  },
})

/** The registration that the connector's connections share, for one that brings none of its own. */
async function sharedApp(server: OctroiClient, connector: Connector, scheme: string, secrets: Secrets) {
  const all = missingSecrets(connector, scheme, {}).filter(({ field }: Missing) => isOfApp(field))
  const missing = missingSecrets(connector, scheme, secrets).filter(({ field }) => isOfApp(field))
  if (all.length === 0 || missing.length < all.length) return undefined
  const app = await appOf(server, connector.id)
  return app?.scheme === scheme ? app : undefined
}

/** What this command made is not left behind half made. */
async function agreed(
  call: Call,
  made: Connection,
  options: { readonly 'no-browser'?: boolean | undefined },
): Promise<Connection> {
  const params = { id: made.id }
  try {
    await agree(call, made, options['no-browser'])
    return await call.server.get('/connections/{id}', { params })
  } catch (error) {
    const left = await call.server.get('/connections/{id}', { params }).catch(() => undefined)
    if (left?.state === 'pending') {
      await call.server.delete('/connections/{id}', { params }).catch(() => undefined)
      call.terminal.say(`\nThe connection ${made.id} was not kept.`)
    }
    throw error
  }
}

export function waiting(id: string): string {
  return `\nIt waits for a person who agrees at the service. A link for that: octroi connection link ${id}`
}

function nextSteps(id: string, connector: Connector, untried: boolean): string {
  const untested = untried || connector.test === null
  const tried = untested
    ? `Not tried${connector.test === null ? '' : `: octroi connection test ${id}`}.`
    : 'Tried: it works.'
  const right = Object.keys(connector.grants)[0] ?? 'GET /**'
  return `\n${tried}\nLet a program use it:\n\n  octroi key create NAME --grant '${id}:${right}'`
}

/** Who has typed a secret wrong wants to type it again, not to begin anew. */
export async function repeatedly<T>(
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
