import type { Store } from '../../core/stores.ts'
import type { Attempt } from '../../policy/throttle.ts'
import { passwordFault } from '../password_rules.ts'
import { changeOwn } from './changing.ts'
import { listEmails } from './emails.ts'
import { type AccountParts, AccountRefused, NotOwn, type Own } from './own.ts'

export interface NewPassword {
  readonly current: string | undefined
  readonly password: string
  readonly again: string
  /** The other sessions end. */
  readonly elsewhere: boolean
}

/** Whether he has one, or can set one: a password is of use only where people sign in with them. */
export async function passwordState({ store, methods }: AccountParts, { account }: Own) {
  const stored = await store.accounts.get(account.id)
  const isOffered = (await methods.all()).some(({ method }) => method.kind === 'password' && method.enabled)
  return { hasPassword: stored?.has_password === true, isOffered, login: account.id }
}

/** The one that he has is asked for, once more: it is what a stranger at an open browser does not know. */
export async function changePassword(parts: AccountParts, own: Own, given: NewPassword): Promise<string | undefined> {
  const { hasPassword, isOffered } = await passwordState(parts, own)
  if (!hasPassword && !isOffered) throw new AccountRefused('gone')
  if (given.password !== given.again) throw new AccountRefused('differs', { at: 'again' })
  const addresses = (await listEmails(parts, own)).map(({ address }) => address)
  if (passwordFault(given.password, own.account, addresses) !== undefined)
    throw new AccountRefused('weak', { at: 'password' })
  const before = await verifyCurrent(parts, own, given.current)
  const hash = await parts.passwords.hash(given.password)
  const change = {
    event: 'account.password_changed',
    data: { has_password: true },
    notice: 'password_changed',
    renews: true,
  } as const
  const token = await changeOwn(parts, own, change, async (store) => {
    await setPassword(store, own.account.id, before, hash)
    if (given.elsewhere) await parts.sessions.endAll(own.account.id, 'password_changed', own.session.id, store)
  })
  for (const purpose of ['invitation', 'password_reset', 'step'] as const)
    await parts.activity.tickets.deleteOfAccount(own.account.id, purpose)
  return token
}

/** The hash of the one that he has; null: he has none. Counts as an attempt at it, like those at the sign-in page. */
async function verifyCurrent(parts: AccountParts, { account, address }: Own, current = ''): Promise<string | null> {
  const found = await parts.hot.findAccount(account.id)
  if (found === undefined) throw new NotOwn('the account is gone')
  if (found.password_hash === null) return null
  const attempt = parts.throttle.attempt(account.id, address)
  if (!(await isRight(parts, found.password_hash, current, attempt)))
    throw new AccountRefused('wrong', { at: 'current' })
  attempt.succeeded()
  return found.password_hash
}

async function isRight({ passwords }: AccountParts, hash: string, current: string, attempt: Attempt): Promise<boolean> {
  try {
    return await passwords.verify(hash, current)
  } catch (error) {
    attempt.withdrawn()
    throw error
  }
}

/** Only while it is the one that was asked for: of two changes at once, the second knew the wrong password. */
async function setPassword(store: Store, account: string, before: string | null, hash: string): Promise<void> {
  if (before === null) return store.accounts.setPassword(account, hash)
  if (!(await store.accounts.replacePassword(account, before, hash)))
    throw new AccountRefused('wrong', { at: 'current' })
}
