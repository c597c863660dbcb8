import type { z } from 'zod'
import type { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { ApiKey, Grant } from '../core/types.ts'
import { type GrantContext, requireHoldings } from '../policy/escalation.ts'
import type { ApiParts, Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { grantContext } from './grant_context.ts'
import type { KeyCreate } from './schemas.ts'

type Fields = z.output<typeof KeyCreate>

/** A key from its fields; whoever makes it must hold what it will hold. */
export async function makeKey(
  { principal, parts }: Pick<Operation<unknown, unknown, unknown>, 'principal' | 'parts'>,
  fields: Fields,
  secret: { readonly id: string; readonly key: string; readonly imported: boolean },
): Promise<{ key: ApiKey; warnings: string[] }> {
  const account = fields.account ?? principal.account
  if ((await parts.store.accounts.get(account)) === undefined) throw noAccount(account)
  const context = await grantContext(parts.store, parts.catalogue, fields.grants, principal.grants)
  // Rights first: what a grant's names come to would tell of connections that the caller has nothing to do with.
  requireHoldings(principal, fields, context)
  const warnings = checkGrants(fields.grants, context)
  const now = parts.now().toISOString()
  const key: ApiKey = {
    ...fields,
    id: secret.id,
    account,
    imported: secret.imported,
    environment: parts.about.environment,
    disabled_at: null,
    revoked_at: null,
    created_at: now,
    updated_at: now,
    created_by: principal.key_id,
  }
  await parts.store.transaction(async (store) => {
    await store.keys.insert(key, { hash: parts.hashKey(secret.key), key_id: key.id, expires_at: null, created_at: now })
    await store.events.insert(newEvent('key.created', `key:${key.id}`, { name: key.name, account }))
  })
  return { key, warnings }
}

/** Names of a known connector's grants must exist; what is not known yet is a warning. Throws `invalid_request`. */
export function checkGrants(grants: readonly Grant[], context: GrantContext): string[] {
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

function noAccount(id: string): OctroiError {
  return invalid('The key cannot be made.', [{ path: 'account', message: `there is no account ${id}` }])
}
