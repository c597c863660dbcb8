import type { OctroiClient } from '../client/index.ts'
import { ConfigurationError } from '../core/errors.ts'
import { missingSettings } from './connection_giving.ts'
import { appDeletions, appFaults, appStep } from './state_apps.ts'
import {
  accountEntry,
  type Connector,
  type Current,
  connectionEntry,
  differences,
  type KeyItem,
  keyEntry,
} from './state_current.ts'
import type { AccountEntry, ConnectionEntry, KeyEntry, StateFile } from './state_file.ts'
import { resolveReferences } from './state_secrets.ts'
import * as steps from './state_steps.ts'
import { webhookDeletions, webhookFaults, webhookStep } from './state_webhooks.ts'

/** What is made and shown nowhere else. */
export type ShownOnce = NewKey | NewSecret

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

/** One thing and what becomes of it. */
export interface Step {
  readonly action: 'create' | 'update' | 'delete' | 'unchanged'
  readonly noun: 'account' | 'app' | 'connection' | 'key' | 'webhook'
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
  /** Send the secrets of every connection, changed or not: they cannot be compared. */
  readonly secrets: boolean
}

/** What is to be done, in order. Throws `ConfigurationError` with all that the server would refuse for certain. */
export function planOf(file: StateFile, current: Current, options: PlanOptions): Step[] {
  const faults = [...appFaults(file, current), ...faultsOf(file, current), ...webhookFaults(file, current)]
  if (faults.length > 0) throw new ConfigurationError(faults)
  const makes = [
    ...file.accounts.map((entry) => accountStep(entry, current)),
    // Before the connections that use them, and gone after those.
    ...(file.apps ?? []).map((entry) => appStep(entry, current, options.secrets)),
    ...file.connections.map((entry) => connectionStep(entry, current, options.secrets)),
    ...file.keys.map((entry) => keyStep(entry, current)),
    ...(file.webhooks ?? []).map((entry) => webhookStep(entry, current, options.secrets)),
  ]
  if (!options.prune) return makes
  return [...makes, ...webhookDeletions(file, current), ...deletions(file, current), ...appDeletions(file, current)]
}

function faultsOf(file: StateFile, { accounts, connections, connectors, keys }: Current): string[] {
  const known = new Set([...accounts, ...file.accounts].map(({ id }) => id))
  return [
    ...file.connections.flatMap((entry) => {
      const connector = connectors.get(entry.connector)
      const at = `connections: ${entry.id}:`
      if (connector === undefined) return [`${at} there is no connector ${entry.connector} at the server`]
      const before = connections.find(({ id }) => id === entry.id)
      return [
        ...connectorFaults(entry, connector),
        ...(before === undefined ? [] : fixedFaults(entry, before, connector)),
      ].map((fault) => `${at} ${fault}`)
    }),
    ...file.keys.flatMap(({ account, name }) => {
      const at = `keys: ${account} ${name}:`
      const found = keys.filter((key) => key.account === account && key.name === name)
      return [
        ...(known.has(account) ? [] : [`${at} there is no account ${account}, here or at the server`]),
        ...(found.length > 1
          ? [`${at} the server has ${found.length} keys of that account and name; rename or revoke one`]
          : []),
      ]
    }),
  ]
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

function accountStep(entry: AccountEntry, { accounts }: Current): Step {
  const base = { noun: 'account', id: entry.id } as const
  const before = accounts.find(({ id }) => id === entry.id)
  if (before === undefined) return { ...base, action: 'create', fields: [], run: steps.createAccount(entry) }
  const fields = differences(accountEntry(before), accountEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  return { ...base, action: 'update', fields, run: steps.updateAccount(entry, fields) }
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

function keyStep(entry: KeyEntry, { keys }: Current): Step {
  const base = { noun: 'key', id: `${entry.account} ${entry.name}` } as const
  const before = keys.find(({ account, name }) => account === entry.account && name === entry.name)
  if (before === undefined) {
    const secrets = entry.secret === undefined ? undefined : { secret: entry.secret }
    return { ...base, action: 'create', fields: [], secrets, run: steps.createKey(entry) }
  }
  const fields = differences(keyEntry(before), keyEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  return { ...base, action: 'update', fields, run: steps.updateKey(entry, before.id, fields) }
}

/** Keys before what they use and whom they belong to. Never the key that this is done with, nor its account. */
function deletions(file: StateFile, { accounts, connections, keys, self }: Current): Step[] {
  const named = new Set(file.keys.map(({ account, name }) => `${account} ${name}`))
  const gone = (key: KeyItem) => !named.has(`${key.account} ${key.name}`) && key.id !== self.id
  const missingFrom = (list: readonly { readonly id: string }[]) => (item: { readonly id: string }) =>
    !list.some(({ id }) => id === item.id)
  const step = { action: 'delete', fields: [] } as const
  return [
    ...keys
      .filter(gone)
      .map((key): Step => ({ ...step, noun: 'key', id: `${key.account} ${key.name}`, run: steps.revokeKey(key.id) })),
    ...connections
      .filter(missingFrom(file.connections))
      .map(({ id }): Step => ({ ...step, noun: 'connection', id, run: steps.deleteConnection(id) })),
    ...accounts
      .filter(missingFrom(file.accounts))
      .filter(({ id }) => id !== self.account)
      .map(({ id }): Step => ({ ...step, noun: 'account', id, run: steps.deleteAccount(id) })),
  ]
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
