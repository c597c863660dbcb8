import type { SignInParts } from '../open.ts'
import type { AccountDesk } from './actions.ts'
import type { AccountParts } from './own.ts'
import { EmailVerification } from './verification.ts'

/** `/account` put together, from what sign-in has made. */
export function openAccount(
  parts: SignInParts,
  made: Pick<
    AccountParts,
    'methods' | 'flows' | 'once' | 'passkeys' | 'factors' | 'installation' | 'notices' | 'access'
  >,
): AccountDesk {
  const { store, activity, hot, secrets, sessions, methodParts, mail, publicUrl, trail, log, now } = parts
  const { passwords, throttle } = methodParts
  const own: AccountParts = {
    ...made,
    store,
    activity,
    hot,
    secrets,
    sessions,
    passwords,
    throttle,
    mail,
    publicUrl,
    log,
    now: () => new Date(now()),
  }
  return { parts: own, verification: new EmailVerification(own), recording: { trail, log, now } }
}
