import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import type { ApiParts } from './endpoint.ts'
import { everyRow } from './every.ts'
import { invalid } from './faults.ts'
import { grantContext } from './grant_context.ts'
import { checkGrants } from './keys_making.ts'
import { missingGroups } from './references.ts'

/** The rules that every change of an account keeps. */

export async function checkAccount(
  store: Store,
  parts: ApiParts,
  { groups, grants }: Pick<Account, 'groups' | 'grants'>,
): Promise<void> {
  const faults = await missingGroups(store, 'groups', groups)
  if (faults.length > 0) throw notValid(faults)
  checkGrants(grants, await grantContext(store, parts.catalogue, grants))
}

/** A person signs in, a program proves itself at every call. */
export function requireService(kind: Account['kind']): void {
  if (kind === 'service') return
  throw notValid([{ path: 'password', message: 'is for accounts of programs; a person has none yet' }])
}

/**
 * The next account of the same id would be somebody else, whom routes and issuers would take for this one. (Ids of keys are drawn, and
 * come to nobody a second time.)
 */
export async function requireUnnamed(store: Store, id: string): Promise<void> {
  const route = (await store.routes.all()).find(({ allow }) => allow.accounts.includes(id))
  if (route !== undefined) throw named(id, `the route ${route.id}`)
  const issuers = await everyRow((page) => store.issuers.list(page))
  const issuer = issuers.find(({ account, accounts }) => account === id || accounts.includes(id))
  if (issuer !== undefined) throw named(id, `the issuer ${issuer.id}`)
}

function named(id: string, by: string): OctroiError {
  return new OctroiError('conflict', `The account ${id} is named by ${by}. Take it out of there first.`)
}

function notValid(faults: readonly FieldError[]): OctroiError {
  return invalid('The account is not valid.', faults)
}
