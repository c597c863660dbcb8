import type { Store } from '../core/stores.ts'
import type { ApiKey } from '../core/types.ts'
import { requireHoldings } from '../policy/escalation.ts'
import type { Operation } from './endpoint.ts'
import { grantContext } from './grant_context.ts'
import { checkGrants } from './keys_making.ts'
import { notFound } from './presenting.ts'

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
    const context = await grantContext(store, parts.catalogue, principal.grants, key.grants, changed.grants)
    requireHoldings(principal, key, context)
    requireHoldings(principal, changed, context)
    checkGrants(changed.grants === key.grants ? [] : changed.grants, context)
    await store.keys.update(changed)
    await also(store, changed, now)
    return changed
  })
}
