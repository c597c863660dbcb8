import type { OctroiClient } from '../client/index.ts'
import { ConfigurationError } from '../core/errors.ts'
import { missingSettings } from './connection_giving.ts'
import { accountDeletions, accountFaults, accountStep } from './state_accounts.ts'
import { appDeletions, appFaults, appStep } from './state_apps.ts'
import { clientDeletions, clientFaults, clientStep } from './state_clients.ts'
import { type Connector, type Current, connectionEntry, differences } from './state_current.ts'
import type { ConnectionEntry, StateFile } from './state_file.ts'
import { groupDeletions, groupFaults, groupStep } from './state_groups.ts'
import { issuerDeletions, issuerFaults, issuerStep } from './state_issuers.ts'
import { keyDeletions, keyFaults, keyStep } from './state_keys.ts'
import { organizationDeletions, organizationFaults, organizationStep } from './state_organizations.ts'
import { danglingFaults, staying } from './state_prune.ts'
import { routeFaults } from './state_route_faults.ts'
import { narrowestFirst, routeDeletions, routeStep } from './state_routes.ts'
import { resolveReferences } from './state_secrets.ts'
import { signInMethodDeletions, signInMethodFaults, signInMethodStep } from './state_sign_in_methods.ts'
import * as steps from './state_steps.ts'
import { webhookDeletions, webhookFaults, webhookStep } from './state_webhooks.ts'

/** What is made and shown nowhere else. */
export type ShownOnce = NewKey | NewSecret | NewClient

export interface NewClient {
  readonly client: string
  readonly client_secret: string
}

export interface NewSecret {
  readonly webhook: string
  readonly secret: string
}

export interface NewKey {
  readonly id: string
  readonly account: string
  readonly name: string
  readonly key: string
}

type Noun =
  | ('account' | 'app' | 'client' | 'connection' | 'group' | 'issuer')
  | ('key' | 'organization' | 'route' | 'sign-in method' | 'webhook')

/** One thing and what becomes of it. */
export interface Step {
  readonly action: 'create' | 'update' | 'delete' | 'unchanged'
  readonly noun: Noun
  readonly id: string
  /** What changes of it. */
  readonly fields: readonly string[]
  /** The secrets that it sends, as they are written in the file. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
  /** `shownOnce` gets a new key or secret as soon as it is made: whatever fails after that, it is shown nowhere else. */
  run?(
    server: OctroiClient,
    secrets: Readonly<Record<string, string>>,
    verify: boolean,
    shownOnce: (made: ShownOnce) => void,
  ): Promise<void>
}

export interface PlanOptions {
  readonly prune: boolean
  /** Send every secret of the file, changed or not: they cannot be compared. */
  readonly secrets: boolean
}

/** What is to be done, in order. Throws `ConfigurationError` with all that the server would refuse for certain. */
export function planOf(file: StateFile, current: Current, options: PlanOptions): Step[] {
  const outdated = options.prune ? routeDeletions(file, current) : { before: [], after: [] }
  const deletions = options.prune ? [...outdated.after, ...DELETIONS.flatMap((of) => of(file, current))] : []
  const after = staying(current, [...outdated.before, ...deletions])
  const faults = [...FAULTS.flatMap((of) => of(file, after)), ...(options.prune ? danglingFaults(file, after) : [])]
  if (faults.length > 0) throw new ConfigurationError(faults)
  return [
    ...(file.groups ?? []).map((entry) => groupStep(entry, current)),
    ...file.accounts.map((entry) => accountStep(entry, current, options.secrets)),
    ...(file.organizations ?? []).map((entry) => organizationStep(entry, current)),
    ...(file.sign_in_methods ?? []).map((entry) => signInMethodStep(entry, current, options.secrets)),
    // Before the connections that use them, and gone after those.
    ...(file.apps ?? []).map((entry) => appStep(entry, current, options.secrets)),
    ...file.connections.map((entry) => connectionStep(entry, current, options.secrets)),
    ...file.keys.map((entry) => keyStep(entry, current)),
    ...(file.issuers ?? []).map((entry) => issuerStep(entry, current)),
    ...(file.clients ?? []).map((entry) => clientStep(entry, current)),
    ...outdated.before,
    ...narrowestFirst(file.routes ?? [], current).map((entry) => routeStep(entry, current)),
    ...(file.webhooks ?? []).map((entry) => webhookStep(entry, current, options.secrets)),
    ...deletions,
  ]
}

const FAULTS = [
  appFaults,
  groupFaults,
  accountFaults,
  organizationFaults,
  signInMethodFaults,
  connectionFaults,
  keyFaults,
  issuerFaults,
  clientFaults,
  routeFaults,
  webhookFaults,
] as const

/** What uses something goes before it: keys before whom they belong to, accounts before their groups. */
const DELETIONS = [
  webhookDeletions,
  clientDeletions,
  signInMethodDeletions,
  organizationDeletions,
  issuerDeletions,
  keyDeletions,
  connectionDeletions,
  accountDeletions,
  groupDeletions,
  appDeletions,
] as const

function connectionFaults(file: StateFile, { connections, connectors }: Current): string[] {
  return file.connections.flatMap((entry) => {
    const connector = connectors.get(entry.connector)
    const at = `connections: ${entry.id}:`
    if (connector === undefined) return [`${at} there is no connector ${entry.connector} at the server`]
    const before = connections.find(({ id }) => id === entry.id)
    return [
      ...connectorFaults(entry, connector),
      ...(before === undefined ? [] : fixedFaults(entry, before, connector)),
    ].map((fault) => `${at} ${fault}`)
  })
}

function connectorFaults(entry: ConnectionEntry, connector: Connector): string[] {
  const scheme = entry.scheme ?? (connector.schemes[0] as string)
  if (!connector.schemes.includes(scheme))
    return [`${connector.id} offers ${connector.schemes.join(', ')}, not ${scheme}`]
  const fields = connector.secrets[scheme] ?? {}
  const secrets = Object.entries(fields).flatMap(([name, { aliases }]) => [
    name,
    ...((aliases as string[] | undefined) ?? []),
  ])
  const unknown = (given: object, names: readonly string[], what: string) =>
    Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `${connector.id} has no ${what} ${name}; it has ${names.join(', ')}`)
  return [
    ...unknown(entry.settings, ['base_url', ...Object.keys(connector.settings)], 'setting'),
    ...unknown(entry.secrets, secrets, 'secret'),
    ...missingSettings(connector, entry.settings).map(({ name }) => `the setting ${name} is missing`),
  ]
}

function fixedFaults(entry: ConnectionEntry, before: Current['connections'][number], connector: Connector): string[] {
  const scheme = entry.scheme ?? connector.schemes[0]
  return [
    ...(before.connector === entry.connector
      ? []
      : [`it is of the connector ${before.connector}, which cannot be changed`]),
    ...(before.scheme === scheme ? [] : [`it has the scheme ${before.scheme}, which cannot be changed`]),
  ]
}

function connectionStep(entry: ConnectionEntry, current: Current, sendSecrets: boolean): Step {
  const base = { noun: 'connection', id: entry.id } as const
  const connector = current.connectors.get(entry.connector)
  const before = current.connections.find(({ id }) => id === entry.id)
  if (before === undefined) {
    return { ...base, action: 'create', fields: [], secrets: entry.secrets, run: steps.createConnection(entry) }
  }
  const [was, will] = [connectionEntry(before, connector), connectionEntry(entry, connector)]
  const fields = differences(was, will)
  const moved = fields.includes('network') || movesAddress(was.settings as object, will.settings as object, connector)
  if (fields.length === 0 && !sendSecrets) return { ...base, action: 'unchanged', fields }
  const sends = sendSecrets || moved
  return {
    ...base,
    action: 'update',
    fields: sends ? [...fields, 'secrets'] : fields,
    secrets: sends ? entry.secrets : undefined,
    run: steps.updateConnection(entry, before, will, fields),
  }
}

/** D8, as the server sees it: the address is `base_url`, and whatever the connector makes it of. */
function movesAddress(was: object, will: object, connector: Connector | undefined): boolean {
  return differences({ ...was }, { ...will }).some(
    (name) => name === 'base_url' || connector?.base_url.includes(`settings.${name}`) !== false,
  )
}

function connectionDeletions({ connections: named }: StateFile, { connections }: Current): Step[] {
  return connections
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) => steps.deletion('connection', id, steps.deleteConnection(id)))
}

/** The secrets of the steps, read here and now. Every one that cannot be read is a fault. */
export function resolveSecrets(
  plan: readonly Step[],
  stateFile: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly values: ReadonlyMap<Step, Readonly<Record<string, string>>>; readonly faults: readonly string[] } {
  const faults: string[] = []
  const values = new Map<Step, Record<string, string>>()
  for (const step of plan) {
    const resolved: Record<string, string> = {}
    for (const [name, text] of Object.entries(step.secrets ?? {})) {
      const { value, faults: found } = resolveReferences(text, stateFile, env)
      faults.push(...found.map((fault) => `${step.noun}s: ${step.id}: ${name}: ${fault}`))
      resolved[name] = value
    }
    values.set(step, resolved)
  }
  return { values, faults }
}
