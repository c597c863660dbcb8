import { writeFileSync } from 'node:fs'
import { Document, type Node, type YAMLMap } from 'yaml'
import type { ItemOf } from '../client/index.ts'
import { appSecrets } from './apps.ts'
import { command } from './command.ts'
import { accountEntry } from './state_accounts.ts'
import { appEntry } from './state_apps.ts'
import { clientEntry } from './state_clients.ts'
import { type Connector, type Current, connectionEntry, readCurrent } from './state_current.ts'
import { groupEntry } from './state_groups.ts'
import { issuerEntry } from './state_issuers.ts'
import { keyEntry } from './state_keys.ts'
import { organizationEntry } from './state_organizations.ts'
import { overKeys, routeEntry } from './state_routes.ts'
import { signInMethodEntry } from './state_sign_in_methods.ts'
import { webhookEntry } from './state_webhooks.ts'

const exportState = command({
  name: 'export',
  args: ['[FILE]'],
  summary: 'Write what people and programs may do, and by what they prove who they are, without any secret',
  description:
    'For "octroi apply", here or elsewhere. Each secret that a connection or an application must have, those that a sign-in method has, and the password of an account that has one, is a reference to a variable that apply reads where it runs. Keys are written with their rights, never with their secret; revoked and expired ones are left out. A route names keys by account and name, because their ids are others elsewhere. Tokens are not written: a connection to which a person agreed at the service waits for a person where apply makes it. Who belongs to an organization, identities, addresses, second factors and sessions are not written; nor are the secrets of clients, which apply prints where it makes one. Webhooks are written without a secret: where apply makes one it prints it, unless the file gives one.',
  examples: ['export state.yaml', 'export --json > state.json'],
  on: 'server',
  options: {},
  async run({ args: [file], terminal, server }) {
    const current = await readCurrent(server)
    for (const key of twins(current)) {
      terminal.say(`Note: ${key.account} has two keys named ${key.name}; apply will refuse that. Rename or revoke one.`)
    }
    for (const { id } of current.connections.filter((connection) => isAgreed(connection, current)))
      terminal.say(`Note: ${id} was agreed to by a person; where apply makes it, somebody has to agree again.`)
    for (const list of OPTIONAL.filter((name) => current[name] === undefined))
      terminal.say(`Note: ${list} are left out; your key may not read them.`)
    for (const route of current.routes ?? []) {
      const over = overKeys(route, current.keys)
      if (over.length > 0) terminal.say(`Note: the route ${route.id} allows keys that are over: ${over.join(', ')}.`)
    }
    const state = stateOf(current)
    const text = terminal.json ? `${JSON.stringify(state, null, 2)}\n` : yamlOf(state, current)
    if (file === undefined) return terminal.print(text.trimEnd())
    writeFileSync(file, text)
    const counts = Object.entries(state).map(([list, { length }]) => `${length} ${NAMES[list] ?? list}`)
    terminal.say(`${file}: ${counts.join(', ')}.`)
  },
})

/** What not every key may read. */
const OPTIONAL = ['groups', 'organizations', 'sign_in_methods', 'issuers', 'clients', 'routes', 'webhooks'] as const

const NAMES: Readonly<Record<string, string>> = { apps: 'applications', sign_in_methods: 'sign-in methods' }

function stateOf(current: Current) {
  const { groups, accounts, apps, connections, keys, issuers, routes, webhooks, connectors } = current
  const { organizations, sign_in_methods, clients } = current
  return {
    ...(groups === undefined ? {} : { groups: groups.map(groupEntry) }),
    accounts: accounts.map((account) =>
      account.has_password
        ? { ...accountEntry(account), password: reference(`${account.id} password`) }
        : accountEntry(account),
    ),
    ...(organizations === undefined ? {} : { organizations: organizations.map(organizationEntry) }),
    ...(sign_in_methods === undefined ? {} : { sign_in_methods: sign_in_methods.map(methodWithReferences) }),
    apps: apps.map((app) => {
      const names = appSecrets(connectors.get(app.connector), app.scheme)
      const secrets = Object.fromEntries(names.map((name) => [name, reference(`${app.connector} app ${name}`)]))
      const { connector, scheme, ...rest } = appEntry(app, connectors.get(app.connector))
      return { connector, scheme, secrets, ...rest }
    }),
    connections: connections.map((connection) => {
      const { id, connector, scheme, ...rest } = connectionEntry(connection, connectors.get(connection.connector))
      return { id, connector, scheme, secrets: placeholders(connection, connectors.get(connection.connector)), ...rest }
    }),
    keys: keys.map((key) =>
      key.imported ? { ...keyEntry(key), secret: reference(`${key.account} ${key.name}`) } : keyEntry(key),
    ),
    ...(issuers === undefined ? {} : { issuers: issuers.map(issuerEntry) }),
    ...(clients === undefined ? {} : { clients: clients.map(clientEntry) }),
    ...(routes === undefined ? {} : { routes: routes.map((route) => routeEntry(route, keys)) }),
    ...(webhooks === undefined ? {} : { webhooks: webhooks.map(webhookEntry) }),
  }
}

function methodWithReferences(method: ItemOf<'/sign-in-methods'>) {
  const names = method.secret_names
  const secrets = Object.fromEntries(names.map((name) => [name, reference(`${method.id} ${name}`)]))
  return { ...signInMethodEntry(method), ...(names.length === 0 ? {} : { secrets }) }
}

/** Tokens are not written: what a person agreed to is good for one installation. */
function isAgreed({ connector, scheme, state }: Connection, { connectors }: Current): boolean {
  return state !== 'pending' && connectors.get(connector)?.consent.includes(scheme) === true
}

type Connection = ItemOf<'/connections'>

/** All that must be given; what may be is not known to be there. */
function placeholders({ id, scheme, app }: Connection, connector: Connector | undefined): Record<string, string> {
  const lent = app === null ? [] : appSecrets(connector, scheme)
  return Object.fromEntries(
    Object.entries(connector?.secrets[scheme] ?? {})
      .filter(([name, field]) => field.optional !== true && !lent.includes(name))
      .map(([name]) => [name, reference(`${id} ${name}`)]),
  )
}

function reference(words: string): string {
  const name = words.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  // `OCTROI_...` is never read (D11), and a variable does not begin with a digit.
  return `\${env:${/^(\d|OCTROI_)/.test(name) ? 'SECRET_' : ''}${name}}`
}

const HEAD = ` The state of an Octroi, for "octroi apply FILE" (a plan) and "octroi apply FILE --yes".
 No secret is in it: \${env:NAME} and \${file:/path} are read where apply runs, and only when they are sent.`

function yamlOf(state: ReturnType<typeof stateOf>, { connectors }: Current): string {
  const document = new Document(state)
  document.commentBefore = HEAD
  const lists = { apps: state.apps, connections: state.connections }
  for (const [list, entries] of Object.entries(lists)) {
    entries.forEach(({ connector, scheme, secrets }, i) => {
      const fields = connectors.get(connector as string)?.secrets[scheme as string] ?? {}
      for (const name of Object.keys(secrets)) {
        const node = document.getIn([list, i, 'secrets', name], true) as Node | undefined
        if (node && typeof fields[name]?.title === 'string') node.comment = ` ${fields[name].title}`
      }
      const left = leftOut(fields, secrets, list === 'apps')
      const map = document.getIn([list, i, 'secrets'], true) as Node | undefined
      if (map && left.length > 0) map.comment = ` to be added if it has any: ${left.join(', ')}`
    })
  }
  spaceOut(document.contents as YAMLMap)
  return document.toString({ lineWidth: 0 })
}

/** What may be given; whether it was, only the server knows. */
function leftOut(fields: Connector['secrets'][string], given: object, ofApp: boolean): string[] {
  return Object.entries(fields).flatMap(([name, { optional, begins, scope }]) =>
    optional === true && begins === undefined && !(name in given) && !(ofApp && scope !== 'app') ? [name] : [],
  )
}

function spaceOut(map: YAMLMap): void {
  for (const { key } of map.items.slice(1)) (key as { spaceBefore?: boolean }).spaceBefore = true
}

function twins({ keys }: Current): { account: string; name: string }[] {
  const names = keys.map((key) => `${key.account} ${key.name}`)
  return keys.filter((_, i) => names.indexOf(names[i] as string) !== i)
}

export const commands = [exportState]
