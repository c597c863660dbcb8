import type { SignInMethod } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { type AccountParts, AccountRefused } from './own.ts'

/** Methods by which somebody can sign in at this moment: enabled, and such that they open. */
export async function offeredMethods({ methods }: Pick<AccountParts, 'methods'>): Promise<readonly SignInMethod[]> {
  const all = await methods.all()
  return all.filter(({ method, open }) => method.enabled && open !== undefined).map(({ method }) => method)
}

/** Ways of an account to sign in: its password, each passkey, each identity, where the method for it is offered. */
export async function countWaysIn(
  store: Pick<Store, 'accounts' | 'factors' | 'identities'>,
  account: string,
  offered: readonly SignInMethod[],
): Promise<number> {
  const has = (kind: SignInMethod['kind']) => offered.some((method) => method.kind === kind)
  const stored = await store.accounts.get(account)
  const password = stored?.has_password === true && has('password') ? 1 : 0
  const passkeys = has('passkey') ? (await store.factors.passkeys(account)).length : 0
  const identities = await store.identities.of(account)
  return password + passkeys + identities.filter(({ method }) => offered.some(({ id }) => id === method)).length
}

/** Asked in the transaction, after the removal: of two who take away the last two ways at once, one is refused. */
export async function requireWayIn(
  store: Store,
  account: string,
  offered: readonly SignInMethod[],
  at: string,
): Promise<void> {
  if ((await countWaysIn(store, account, offered)) === 0) throw new AccountRefused('last_way', { at })
}
