import { OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { notFound } from './presenting.ts'

/** What every operation on what belongs to an account of a person asks. */

export async function accountFor(store: Store, id: string): Promise<Account> {
  const account = await store.accounts.get(id)
  if (account === undefined) throw notFound('account', id)
  return account
}

export async function personFor(store: Store, id: string): Promise<Account> {
  const account = await accountFor(store, id)
  if (account.kind === 'person') return account
  throw new OctroiError(
    'conflict',
    `The account ${id} is that of a service: it proves itself at every call, and never signs in.`,
  )
}

export function requireAdministrator({ permissions }: Principal, what: string): void {
  if (holdsPermission(permissions, '*')) return
  throw new OctroiError('not_granted', `${what} is an administrator’s decision and needs the permission *.`)
}
