import { type EventType, newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { Operation } from './endpoint.ts'
import { everyKey } from './every.ts'
import { requireHeld } from './grant_context.ts'
import { grantsOfGroups, holdingsOfAccount, holdingsOfKey } from './holdings.ts'
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
    await check?.(store)
    await store.accounts.update(changed)
    await also?.(store)
    await store.events.insert(newEvent(told.type, `account:${account.id}`, told.data, now))
    return changed
  })
}

/** The account as it is and as it would be, with its keys each time: a key without groups of its own has those of its account. */
export async function requireAccount(
  { principal, parts }: Pick<Change, 'principal' | 'parts'>,
  store: Store,
  states: readonly Account[],
): Promise<void> {
  if (holdsPermission(principal.permissions, '*')) return
  const [{ id }] = states as [Account]
  // What was revoked is revoked for good, and holds nothing.
  const keys = (await everyKey(store, { account: id })).filter(({ revoked_at }) => revoked_at === null)
  for (const account of states) {
    const own = holdingsOfAccount(account, await grantsOfGroups(store, account.groups), principal)
    const ofKeys = keys.map((key) => holdingsOfKey(key.id, key, account))
    await requireHeld(store, parts.catalogue, principal, [own, ...ofKeys])
  }
}
