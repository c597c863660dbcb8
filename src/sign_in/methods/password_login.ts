import { ID_PATTERN } from '../../core/ids.ts'
import type { FoundAccount } from '../../core/program_types.ts'
import type { HotReads, Store } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import { canonicalEmail } from '../../policy/email.ts'

export interface LoginParts {
  readonly store: { readonly emails: Pick<Store['emails'], 'findVerified' | 'holders'> }
  readonly hot: Pick<HotReads, 'findAccount'>
}

/**
 * Whose login it is, as somebody typed it: the id of an account, or an address of the one who has shown that he reads it, otherwise of the
 * only one who has it.
 */
export async function findByLogin({ store, hot }: LoginParts, login: string): Promise<FoundAccount | undefined> {
  const id = login.trim().toLowerCase()
  const byId = ID_PATTERN.test(id) ? await hot.findAccount(id) : undefined
  if (byId !== undefined) return byId
  const email = canonicalEmail(login)
  if (email === undefined) return undefined
  const verified = await store.emails.findVerified(email)
  if (verified !== undefined) return hot.findAccount(verified.id)
  const [holder, another] = await store.emails.holders(email)
  if (holder === undefined) return undefined
  // One that an administrator gave is not another's for having been typed.
  const isGiven = ({ email: given }: Account) => canonicalEmail(given ?? '') === email
  const isOnly = another === undefined || (isGiven(holder) && !isGiven(another))
  return isOnly ? hot.findAccount(holder.id) : undefined
}
