import type { Store } from '../core/stores.ts'
import type { Account, ApiKey } from '../core/types.ts'
import type { Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { holdingsOfKey } from './holdings.ts'
import { checkGrants, requireTechName } from './keys_making.ts'
import { notFound } from './presenting.ts'
import { missingGroups } from './references.ts'

type Change = Pick<Operation<{ id: string }, unknown, unknown>, 'principal' | 'params' | 'parts'>

/**
 * Changes one key in one transaction. The caller must hold all that the key holds before and after (D6): else whoever may edit
 * keys could rotate the administrator's and read the new one.
 */
export async function changeKey(
  { principal, params, parts }: Change,
  change: (key: ApiKey, now: string) => ApiKey,
  also: (store: Store, key: ApiKey, now: string) => Promise<void> = async () => undefined,
): Promise<ApiKey> {
  const now = parts.now().toISOString()
  return parts.store.transaction(async (store) => {
    const key = await store.keys.get(params.id)
    if (key === undefined) throw notFound('key', params.id)
    const changed = { ...change(key, now), updated_at: now }
    const account = (await store.accounts.get(key.account)) as Account
    const holdings = [key, changed].map((one) => holdingsOfKey(key.id, one, account))
    await requireHeld(store, parts.catalogue, principal, holdings)
    if (changed.tech_name !== key.tech_name) requireTechName({ principal, parts }, changed)
    if (changed.groups !== key.groups) await requireGroups(store, changed.groups)
    if (changed.grants !== key.grants) {
      checkGrants(changed.grants, await grantContext(store, parts.catalogue, changed.grants))
    }
    await store.keys.update(changed)
    await also(store, changed, now)
    return changed
  })
}

async function requireGroups(store: Store, groups: ApiKey['groups']): Promise<void> {
  const faults = await missingGroups(store, 'groups', groups ?? [])
  if (faults.length > 0) throw invalid('The key cannot be changed.', faults)
}
