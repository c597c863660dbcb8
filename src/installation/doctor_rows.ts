import type { Settings } from '../config/settings.ts'
import type { Store } from '../core/stores.ts'
import type { Account, ApiKey, Connection, Grant } from '../core/types.ts'
import type { Targets } from '../outbound/connections/targets.ts'
import type { Catalogue } from '../outbound/connectors/catalogue.ts'
import { resolveBaseUrl } from '../outbound/connectors/connection_input.ts'
import { grantAppliesTo } from '../policy/grants.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { Finding } from './doctor_finding.ts'

export interface DoctorParts {
  readonly settings: Settings
  readonly store: Store
  readonly catalogue: Catalogue
  readonly targets: Targets
}

const PAGE = 1_000
const NAMED = 5

/** All rows of a list, page by page. */
export async function* every<T extends { readonly id: string }>(
  list: (page: { limit: number; after?: string | undefined }) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  for (let after: string | undefined; ; ) {
    const page = await list({ limit: PAGE, after })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.id
  }
}

export async function connectionFindings({ store, catalogue, targets }: DoctorParts): Promise<Finding[]> {
  const findings: Finding[] = []
  const warn = (code: string, message: string, advice: string) =>
    findings.push({ level: 'warning', code: `connection.${code}`, message, advice })
  let count = 0
  for await (const connection of every<Connection>((page) => store.connections.list(page))) {
    const { id, state, state_reason } = connection
    count++
    const connector = catalogue.get(connection.connector)
    if (connector === undefined) {
      findings.push({
        level: 'problem',
        code: 'connection.connector',
        message: `The connector ${connection.connector} of connection ${id} is not in the catalogue: its calls are answered 502.`,
        advice: 'Put its file back into the connectors folder.',
      })
    } else if (resolveBaseUrl(connector, connection.settings)?.startsWith('http://')) {
      warn('plain_http', `The secrets of connection ${id} travel over plain http.`, 'Use https where the service can.')
    }
    if (state !== 'ready') {
      warn(
        state,
        `The connection ${id} is ${state}${state_reason === null ? '' : ` (${state_reason})`}.`,
        state === 'suspended'
          ? `octroi connection activate ${id}, if this installation takes the place of the one that was backed up.`
          : `octroi connection test ${id}; with new secrets: octroi connection reconnect ${id}.`,
      )
    }
    const stored = await store.connections.get(id)
    if (connector !== undefined && stored !== undefined)
      await targets.build(stored).catch(() => {
        findings.push({
          level: 'problem',
          code: 'connection.secrets',
          message: `The secrets of connection ${id} do not open: its row was altered.`,
          advice: `octroi connection reconnect ${id}`,
        })
      })
  }
  findings.push({ level: 'ok', code: 'connection.count', message: `There are ${count} connections.` })
  return findings
}

/** Whether the gate would let it in now. */
export function isLive(key: ApiKey, owner: Account | undefined, environment: string, now: Date): boolean {
  if (key.revoked_at !== null || key.disabled_at !== null || key.environment !== environment) return false
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime()) return false
  return owner?.disabled_at === null || key.usable_when_owner_inactive
}

/** Key ids by what is to be said of them: one sentence for all of a kind. */
class Groups {
  readonly #keys = new Map<string, string[]>()

  add(kind: string, { id, name }: ApiKey): void {
    const list = this.#keys.get(kind) ?? []
    this.#keys.set(kind, list)
    list.push(`${id} (${name})`)
  }

  finding(kind: string, message: string, advice: string): Finding[] {
    const list = this.#keys.get(kind) ?? []
    if (list.length === 0) return []
    const more = list.length > NAMED ? `, and ${list.length - NAMED} more` : ''
    return [
      {
        level: 'warning',
        code: `key.${kind}`,
        message: `${message}: ${list.slice(0, NAMED).join(', ')}${more}.`,
        advice,
      },
    ]
  }
}

const DAY_MS = 86_400_000

export async function keyFindings({ settings, store, catalogue }: DoctorParts, now: Date): Promise<Finding[]> {
  const connections: Connection[] = []
  for await (const connection of every<Connection>((page) => store.connections.list(page))) connections.push(connection)
  const groups = new Groups()
  let count = 0
  for await (const key of every<ApiKey>((page) => store.keys.list(page, { ofSessions: false }))) {
    count++
    if (key.revoked_at !== null) continue
    for (const kind of kindsOf(key, settings.environment, now)) groups.add(kind, key)
    if (key.grants.some((grant) => !grant.connector && !connections.some((each) => grantAppliesTo(grant, each))))
      groups.add('grant_without_connection', key)
    if (key.grants.some((grant) => namesUnknownGrant(grant, connections, catalogue))) groups.add('unknown_grant', key)
  }
  return [
    ...groups.finding(
      'administrator_forever',
      'Administrator keys that never expire',
      'octroi key set ID --expires 90d, or rotate them regularly.',
    ),
    ...groups.finding(
      'administrator_anywhere',
      'Administrator keys that work from any address',
      'Limit them to the addresses of the administrators (CIDRs).',
    ),
    ...groups.finding('expiring', 'Keys that expire within 30 days', 'octroi key rotate ID, with an overlap.'),
    ...groups.finding('expired', 'Keys that have expired', 'Revoke them, so that the list shows what is in use.'),
    ...groups.finding(
      'other_environment',
      `Keys of another OCTROI_ENVIRONMENT than ${settings.environment}, which do not work here`,
      'Set OCTROI_ENVIRONMENT to theirs, or restore with --adopt-keys.',
    ),
    ...groups.finding(
      'imported',
      'Keys that were made elsewhere and imported: their strength is not known',
      'Rotate them, so that they get a secret of ours.',
    ),
    ...groups.finding(
      'grant_without_connection',
      'Keys with a grant for a connection that does not exist',
      'Make the connection, or take the grant away.',
    ),
    ...groups.finding(
      'unknown_grant',
      'Keys that name a grant which the connector does not have: it grants nothing',
      'octroi connector show ID lists the grants.',
    ),
    { level: 'ok', code: 'key.count', message: `There are ${count} keys.` },
  ]
}

function kindsOf(key: ApiKey, environment: string, now: Date): string[] {
  const left = key.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.expires_at) - now.getTime()
  if (left <= 0) return ['expired']
  if (key.environment !== environment) return ['other_environment']
  const admin = holdsPermission(key.permissions, '*')
  return [
    ...(left <= 30 * DAY_MS ? ['expiring'] : []),
    ...(admin && key.expires_at === null ? ['administrator_forever'] : []),
    ...(admin && key.cidrs.length === 0 ? ['administrator_anywhere'] : []),
    ...(key.imported ? ['imported'] : []),
  ]
}

function namesUnknownGrant(grant: Grant, connections: readonly Connection[], catalogue: Catalogue): boolean {
  const names = grant.allow.filter((entry) => !entry.includes(' '))
  if (names.length === 0) return false
  const ids =
    grant.connector === undefined
      ? connections.filter((each) => grantAppliesTo(grant, each)).map((each) => each.connector)
      : [grant.connector]
  return ids.some((id) => {
    const connector = catalogue.get(id)
    return connector !== undefined && names.some((name) => !Object.hasOwn(connector.grants, name))
  })
}
