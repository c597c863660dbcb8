import { type EventType, newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { requireAccount } from './accounts_holding.ts'
import { requireOwnMarks } from './accounts_rules.ts'
import type { Operation } from './endpoint.ts'
import { notFound } from './presenting.ts'

type Change = Pick<Operation<{ id: string }, unknown, unknown>, 'principal' | 'params' | 'parts'>

export interface AccountChange {
  change(account: Account, now: string): Account
  /** What is named has to be there; asked after the rights. */
  check?(store: Store): Promise<void>
  also?(store: Store): Promise<void>
  readonly told: { readonly type: EventType; readonly data?: Readonly<Record<string, unknown>> }
}

/**
 * Changes one account in one transaction. Whoever changes what an account may do, or how it calls in, or switches it on or off, changes
 * that for its keys too: he must hold all that it and they hold, before and after (D6).
 */
export async function changeAccount(
  { principal, params, parts }: Change,
  { change, check, also, told }: AccountChange,
): Promise<Account> {
  const now = parts.now()
  return parts.store.transaction(async (store) => {
    const account = await store.accounts.get(params.id)
    if (account === undefined) throw notFound('account', params.id)
    const changed = { ...change(account, now.toISOString()), updated_at: now.toISOString() }
    await requireAccount({ principal, parts }, store, [account, changed])
    await requireOwnMarks(store, principal, changed, account)
    await check?.(store)
    await store.accounts.update(changed)
    await also?.(store)
    await store.events.insert(newEvent(told.type, `account:${account.id}`, told.data, now))
    return changed
  })
}
