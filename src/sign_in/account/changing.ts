import { type EventType, newEvent } from '../../core/events.ts'
import type { AuthenticationMethod } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Notice } from './notices.ts'
import { type AccountParts, AccountRefused, type Own } from './own.ts'

export interface Change {
  readonly event: EventType
  readonly data?: Readonly<Record<string, unknown>> | undefined
  /** What the person is told of it by mail; he may not have been the one who did it. */
  readonly notice?: Notice | undefined
  /** How he proves himself has changed: the session goes on under a new token (T34). */
  readonly renews?: boolean | undefined
  /** What was proved with it: a new factor has worked once. */
  readonly proved?: readonly AuthenticationMethod[] | undefined
  /** Addresses that are told besides: one that has just been taken away. */
  readonly also?: readonly string[] | undefined
}

/** Recovery codes stand in for another second factor: with the last one they go. */
export async function dropSpareCodes(store: Store, account: string, now: Date): Promise<void> {
  const [totps, passkeys] = [await store.factors.totps(account), await store.factors.passkeys(account)]
  if (totps.length + passkeys.length === 0) await store.factors.setRecoveryCodes(account, [], now.toISOString())
}

/**
 * Changes something of one's own account in one transaction, with its event. `work` is given the store of the transaction and refuses by
 * throwing. Returns the new token of the session where it was renewed.
 */
export async function changeOwn(
  parts: AccountParts,
  own: Own,
  change: Change,
  work: (store: Store) => Promise<void>,
): Promise<string | undefined> {
  const token = await parts.store.transaction(async (store) => {
    await work(store)
    await store.events.insert(newEvent(change.event, `account:${own.account.id}`, change.data, parts.now()))
    if (change.renews !== true) return undefined
    const renewed = await parts.sessions.renew(own.session.id, change.proved ?? [], store)
    // It was ended from elsewhere at this very moment: what it asked for is not done.
    if (renewed === undefined) throw new AccountRefused('gone')
    return renewed
  })
  if (change.notice !== undefined) parts.notices.tell(own.account.id, own.language, change.notice, change.also)
  return token
}
