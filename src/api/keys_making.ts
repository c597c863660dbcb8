import type { z } from 'zod'
import { type FieldError, OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import type { ApiKey, Grant } from '../core/types.ts'
import type { GrantReads } from '../policy/escalation.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { requireSpeakingFor } from './accounts_holding.ts'
import type { ApiParts, Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { holdingsOfKey } from './holdings.ts'
import type { KeyCreate } from './key_schemas.ts'
import { missingGroups, noSuch } from './references.ts'

type Fields = z.output<typeof KeyCreate>

/** A key from its fields; whoever makes it must hold what it will hold. */
export function makeKey(
  making: Making,
  fields: Fields,
  secret: NewSecret,
): Promise<{ readonly key: ApiKey; readonly warnings: string[] }> {
  return making.parts.store.transaction((store) => addKey(store, making, fields, secret))
}

export type Making = Pick<Operation<unknown, unknown, unknown>, 'principal' | 'parts'>

export interface NewSecret {
  readonly id: string
  readonly key: string
  readonly imported: boolean
}

/** The same in a transaction that is open. */
export async function addKey(
  store: Store,
  { principal, parts }: Making,
  fields: Fields,
  secret: NewSecret,
): Promise<{ readonly key: ApiKey; readonly warnings: string[] }> {
  const id = fields.account ?? principal.account
  const account = await store.accounts.get(id)
  if (account === undefined) throw notMade([noSuch('account', 'account', id)])
  await requireHeld(store, parts.catalogue, principal, [holdingsOfKey(null, fields, account)])
  await requireSpeakingFor({ principal, parts }, store, account)
  requireTechName({ principal, parts }, fields)
  const faults = await missingGroups(store, 'groups', fields.groups ?? [])
  if (faults.length > 0) throw notMade(faults)
  const warnings = checkGrants(fields.grants, await grantContext(store, parts.catalogue, fields.grants))
  const hash = parts.hashKey(secret.key)
  requireNotProvided(parts, hash, fields.tech_name)
  const key = keyOf(fields, { principal, parts }, secret, account.id)
  await store.keys.insert(key, { hash, key_id: key.id, expires_at: null, created_at: key.created_at })
  await store.events.insert(newEvent('key.created', `key:${key.id}`, { name: key.name, account: account.id }))
  return { key, warnings: [...warnings, ...warningOfProvided(parts, key)] }
}

/** What is shown or given of the key's own secret is worth nothing while another takes its place. */
export function warningOfProvided({ provided }: ApiParts, { tech_name }: Pick<ApiKey, 'tech_name'>): string[] {
  if (tech_name === null || !provided.provides(tech_name)) return []
  return [`tech_name: the environment provides the secret of ${tech_name}, so the key works by that one alone`]
}

/** The row of a key that is made now. */
export function keyOf(fields: Fields, { principal, parts }: Making, secret: NewSecret, account: string): ApiKey {
  const now = parts.now().toISOString()
  return {
    ...fields,
    id: secret.id,
    account,
    imported: secret.imported,
    usable_when_owner_inactive: fields.usable_when_owner_inactive ?? parts.defaults.keysOutliveOwner,
    environment: parts.about.environment,
    disabled_at: null,
    revoked_at: null,
    created_at: now,
    updated_at: now,
    created_by: principal.key_id,
  }
}

/**
 * D6: the program that has the secret does not know whose key it is. Whoever gave the name of a provided secret to a key of his own would be
 * sent what that program sends, or would have it act for him.
 */
export function requireTechName({ principal, parts }: Making, { tech_name }: Pick<ApiKey, 'tech_name'>): void {
  if (tech_name === null || !parts.provided.provides(tech_name) || holdsPermission(principal.permissions, '*')) return
  throw new OctroiError(
    'not_granted',
    `The environment provides a secret for ${tech_name}: whose key that is, is an administrator’s decision and needs the permission *.`,
  )
}

/** One secret is one key's: the environment's would win, and this one would never be reached. */
function requireNotProvided(parts: ApiParts, hash: string, techName: string | null): void {
  const provided = parts.provided.techName(hash)
  if (provided === undefined || provided === techName) return
  throw new OctroiError('conflict', `This secret is the one that is provided for the key ${provided}.`)
}

/** Names of a known connector's grants must exist; what is not known yet is a warning. Throws `invalid_request`. */
export function checkGrants(grants: readonly Grant[], context: GrantReads): string[] {
  const warnings: string[] = []
  const errors: { path: string; message: string }[] = []
  for (const [i, grant] of grants.entries()) {
    const id = grant.connector ?? context.connection(grant.connection ?? '')?.connector
    if (id === undefined) {
      warnings.push(`grants.${i}.connection: there is no connection ${grant.connection} yet`)
      continue
    }
    const connector = context.connector(id)
    if (connector === undefined) warnings.push(`grants.${i}.connector: there is no connector ${id} in the catalogue`)
    for (const [j, name] of grant.allow.entries()) {
      if (name.includes(' ') || connector === undefined || Object.hasOwn(connector.grants, name)) continue
      const known = Object.keys(connector.grants)
      const which = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`
      errors.push({ path: `grants.${i}.allow.${j}`, message: `${id} has no grant named ${name}; ${which}` })
    }
  }
  if (errors.length > 0) throw invalid('The grants are not valid.', errors)
  return warnings
}

export async function lastUse(parts: ApiParts, id: string): Promise<string | null> {
  await parts.trail.flushed().catch(() => undefined)
  return (await parts.activity.lastUses([id])).get(id) ?? null
}

function notMade(faults: readonly FieldError[]): OctroiError {
  return invalid('The key cannot be made.', faults)
}
