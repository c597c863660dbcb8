import { type EventType, newEvent } from '../core/events.ts'
import type { Account } from '../core/types.ts'
import { requireHoldings } from '../policy/escalation.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { Operation } from './endpoint.ts'
import { everyKey } from './every_key.ts'
import { grantContext } from './grant_context.ts'
import { notFound } from './presenting.ts'

type Change = Pick<Operation<{ id: string }, unknown, unknown>, 'principal' | 'params' | 'parts'>

/**
 * Changes one account. Whoever switches an account on or off switches its keys: he must hold all that they hold (D6).
 */
export async function changeAccount(
  { principal, params, parts }: Change,
  change: (account: Account, now: string) => Account,
  event?: EventType,
): Promise<Account> {
  const now = parts.now()
  return parts.store.transaction(async (store) => {
    const account = await store.accounts.get(params.id)
    if (account === undefined) throw notFound('account', params.id)
    if (!holdsPermission(principal.permissions, '*')) {
      for (const key of await everyKey(store, { account: account.id })) {
        requireHoldings(principal, key, await grantContext(store, parts.catalogue, principal.grants, key.grants))
      }
    }
    const changed = { ...change(account, now.toISOString()), updated_at: now.toISOString() }
    await store.accounts.update(changed)
    if (event !== undefined) await store.events.insert(newEvent(event, `account:${account.id}`, {}, now))
    return changed
  })
}
