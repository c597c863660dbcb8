import type { App } from './apps.ts'
import { command } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import {
  askFor,
  type Connector,
  connectorOf,
  givenNetwork,
  givenSecrets,
  isOfApp,
  missingSecrets,
  missingSettings,
  PLACE_OPTIONS,
  SECRET_OPTIONS,
  schemeOf,
} from './connection_giving.ts'
import { given, pairs } from './input.ts'
import { fields } from './table.ts'

const set = command({
  name: 'connector app set',
  args: ['CONNECTOR'],
  summary: 'Give the registration of your application at a service, for all its connections',
  description:
    'The client id and secret, or the keys, that the service gave to your application. Connections that bring none of their own use it. On a terminal it asks for what is missing. A secret is never given on the command line, where others can read it.',
  examples: [
    'connector app set fiken',
    'connector app set fiken --secret-env client_id=FIKEN_ID --secret-file client_secret=/run/secrets/fiken',
    'connector app set superoffice --set environment=sod --stdin < app.json',
  ],
  on: 'server',
  options: {
    scheme: { type: 'string', value: 'SCHEME', describes: 'Where the connector offers several.' },
    ...PLACE_OPTIONS,
    ...SECRET_OPTIONS,
  },
  async run({ args: [id], options, terminal, env, server }) {
    const secrets = await givenSecrets(options, terminal, env)
    const settings = pairs('set', options.set)
    const connector = await connectorOf(server, id)
    const scheme = schemeOf(connector, options.scheme)
    const missing = [
      ...missingSettings(connector, settings),
      ...missingSecrets(connector, scheme, secrets).filter(({ field }) => isOfApp(field)),
    ]
    const asked = await askFor(terminal, missing, options.stdin !== true)
    const app = await server.put('/connectors/{id}/app', {
      params: { id },
      body: {
        scheme,
        settings: { ...settings, ...asked.settings },
        secrets: { ...secrets, ...asked.secrets },
        ...given({ network: givenNetwork(options) }),
      },
    })
    terminal.answer(app, () => shown(app))
    terminal.say(afterwards(connector, scheme, app))
  },
})

function shown({ network: { ca, ...network }, ...app }: App): string {
  return fields({ ...app, network: { ...network, ...(ca === undefined ? {} : { ca: 'given' }) } })
}

function afterwards(connector: Connector, scheme: string, { redirect_uri }: App): string {
  const register = connector.consent.includes(scheme) ? `\nRegister this at the service:\n\n  ${redirect_uri}\n` : ''
  return `${register}\nConnect an account with: octroi connection add ${connector.id}`
}

const show = command({
  name: 'connector app show',
  args: ['CONNECTOR'],
  summary: 'How your application is registered at a service; its secrets are never shown',
  examples: ['connector app show fiken'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const app = await server.get('/connectors/{id}/app', { params: { id } })
    terminal.answer(app, () => shown(app))
  },
})

const rm = command({
  name: 'connector app rm',
  args: ['CONNECTOR'],
  summary: 'Forget how your application is registered at a service',
  description: 'Refused while connections use it.',
  examples: ['connector app rm fiken', 'connector app rm fiken --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    await confirmed(terminal, options, `Forget the application of the connector ${id} and its secrets?`)
    await server.delete('/connectors/{id}/app', { params: { id } })
    terminal.answer({ deleted: id }, () => `The application of ${id} is forgotten.`)
  },
})

export const appCommands = [set, show, rm]
