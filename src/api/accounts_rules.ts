import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { canonicalEmail } from '../policy/email.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { PASSWORD_FAULT_TEXTS, passwordFault } from '../sign_in/password_rules.ts'
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

/**
 * What applications and proxies know somebody by is his: a certificate is the one whom its authority named, and an e-mail address that
 * another account has is not given a second time. Both are an administrator's decision.
 */
export async function requireOwnMarks(
  store: Store,
  principal: Principal,
  account: Pick<Account, 'id' | 'email' | 'certificate_subjects'>,
  before?: Account,
): Promise<void> {
  if (holdsPermission(principal.permissions, '*')) return
  const added = account.certificate_subjects.find((subject) => !before?.certificate_subjects.includes(subject))
  if (added !== undefined) throw notYours(`Who has the certificate ${added}`)
  if (account.email === null || canonicalEmail(account.email) === canonicalEmail(before?.email ?? '')) return
  const holders = await store.emails.holders(canonicalEmail(account.email) ?? '')
  if (holders.some(({ id }) => id !== account.id))
    throw notYours('That an account has the e-mail address of another one')
}

function notYours(what: string): OctroiError {
  return new OctroiError('not_granted', `${what} is an administrator’s decision and needs the permission *.`)
}

/** A person's password is guessed by others, so it keeps the rules of sign-in; a service's is for whoever runs it to choose. */
export function checkPassword(password: string, account: Pick<Account, 'id' | 'kind' | 'name' | 'email'>): void {
  if (account.kind === 'service') return
  const fault = passwordFault(password, account)
  if (fault !== undefined) throw notValid([{ path: 'password', message: PASSWORD_FAULT_TEXTS[fault] }])
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

export function notValid(faults: readonly FieldError[]): OctroiError {
  return invalid('The account is not valid.', faults)
}
