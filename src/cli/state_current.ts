import type { ItemOf, OctroiClient, Output } from '../client/index.ts'
import { baseUrlFault, normaliseBaseUrl } from '../outbound/connectors/places.ts'
import { type App, readApps } from './apps.ts'
import { collect } from './input.ts'
import type { ConnectionEntry } from './state_file.ts'

/** Everything in one shape, whether it comes from a file or from the server: what is as it would be anyway is left out. */
export type Entry = Readonly<Record<string, unknown>>

export type Connector = ItemOf<'/connectors'>
export type KeyItem = ItemOf<'/keys'>

export interface Current {
  readonly accounts: readonly ItemOf<'/accounts'>[]
  readonly connections: readonly ItemOf<'/connections'>[]
  /** Without those that are over (revoked or expired), and without the tokens of sessions. */
  readonly keys: readonly KeyItem[]
  /** `undefined`, here and below: the key may not read them. */
  readonly groups: readonly ItemOf<'/groups'>[] | undefined
  readonly organizations: readonly ItemOf<'/organizations'>[] | undefined
  readonly sign_in_methods: readonly ItemOf<'/sign-in-methods'>[] | undefined
  readonly clients: readonly ItemOf<'/clients'>[] | undefined
  readonly routes: readonly ItemOf<'/routes'>[] | undefined
  readonly issuers: readonly ItemOf<'/issuers'>[] | undefined
  readonly webhooks: readonly ItemOf<'/webhooks'>[] | undefined
  /** Registrations of applications, which connections share. */
  readonly apps: readonly App[]
  readonly connectors: ReadonlyMap<string, Connector>
  /** People who have an identity at a provider or in a directory; only known where something is to be deleted. */
  readonly signedUp: ReadonlySet<string>
  /** The key that is used for this. */
  readonly self: Output<'GET', '/keys/self'>
}

export async function readCurrent(server: OctroiClient): Promise<Current> {
  const query = { limit: 200 }
  const [accounts, connections, keys, connectors, self] = [
    await collect(server.pages('/accounts', { query })),
    await collect(server.pages('/connections', { query })),
    await collect(server.pages('/keys', { query })),
    await collect(server.pages('/connectors')),
    await server.get('/keys/self'),
  ]
  const may = (permission: string) => self.permissions.some((held) => held === '*' || held === permission)
  return {
    accounts: accounts.sort(by(({ id }) => id)),
    connections: connections.sort(by(({ id }) => id)),
    keys: keys
      .filter((key) => (key.state === 'active' || key.state === 'disabled') && !isOfSession(key))
      .sort(by((key) => `${key.account} ${key.name}`)),
    groups: may('groups.read') ? await collect(server.pages('/groups', { query })) : undefined,
    organizations: may('organizations.read') ? await collect(server.pages('/organizations', { query })) : undefined,
    sign_in_methods: may('sign-in-methods.read')
      ? await collect(server.pages('/sign-in-methods', { query }))
      : undefined,
    clients: may('clients.read') ? await collect(server.pages('/clients', { query })) : undefined,
    routes: may('routes.read') ? await collect(server.pages('/routes', { query })) : undefined,
    issuers: may('issuers.read') ? await collect(server.pages('/issuers', { query })) : undefined,
    webhooks: may('webhooks.read') ? await collect(server.pages('/webhooks', { query })) : undefined,
    apps: await readApps(server, connectors),
    signedUp: new Set(),
    connectors: new Map(connectors.map((connector) => [connector.id, connector])),
    self,
  }
}

/** With who of those that are not in the file came by a sign-in method. */
export async function withSignedUp(
  server: OctroiClient,
  current: Current,
  named: readonly { readonly id: string }[],
): Promise<Current> {
  const signedUp = new Set<string>()
  for (const { id, kind } of current.accounts) {
    if (kind !== 'person' || named.some((entry) => entry.id === id)) continue
    const { items } = await server.get('/accounts/{id}/identities', { params: { id } })
    if (items.length > 0) signedUp.add(id)
  }
  return { ...current, signedUp }
}

/** What an application got for somebody's session is no state: it ends with the session. Nobody made it, and it always ends. */
function isOfSession({ created_by, expires_at, description }: KeyItem): boolean {
  return created_by === null && expires_at !== null && description.startsWith('Token of the application ')
}

/** `connector` gives the defaults; without one (it left the catalogue) what is written stands. */
export function connectionEntry(
  connection: Omit<ConnectionEntry, 'secrets'> | ItemOf<'/connections'>,
  connector: Connector | undefined,
): Entry {
  const { id, tags, network, limits, timeouts, allow_never, replay_s } = connection
  return compact({
    id,
    connector: connection.connector,
    scheme: connection.scheme ?? connector?.schemes[0],
    name: connection.name ?? connector?.name,
    settings: withDefaults(connection.settings, connector),
    tags,
    network: compact(network),
    limits: compactUndefined(limits),
    timeouts: compactUndefined(timeouts),
    allow_never,
    replay_s,
  })
}

/** As the server will hold them: defaults filled in, addresses normalised. */
function withDefaults(settings: Readonly<Record<string, string>>, connector: Connector | undefined) {
  const fields = (connector?.settings ?? {}) as Record<string, { default?: string; format?: string }>
  const presets = Object.entries(fields).flatMap(([name, { default: preset }]) =>
    preset === undefined ? [] : [[name, preset] as const],
  )
  const all = Object.entries({ ...Object.fromEntries(presets), ...settings })
  const isUrl = (name: string) => (fields[name]?.format ?? (name === 'base_url' ? 'url' : 'text')) === 'url'
  return Object.fromEntries(
    all
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [
        name,
        isUrl(name) && baseUrlFault(value) === undefined ? normaliseBaseUrl(value) : value,
      ]),
  )
}

export function compact(values: object): Entry {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isNothing(value)))
}

export function compactUndefined(values: object): Entry {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** The fields in which two entries differ. */
export function differences(before: Entry, after: Entry): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => stable(before[name]) !== stable(after[name]))
}

/** JSON with the names in order: whoever wrote them in another order meant the same. */
function stable(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(by(([name]) => name)))
      : part,
  )
}

function by<T>(of: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0)
}
