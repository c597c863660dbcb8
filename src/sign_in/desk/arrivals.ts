import { OctroiError } from '../../core/errors.ts'
import type { Session, SignInMethod } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { SignInRefused } from '../method.ts'
import { provision } from '../provisioning.ts'
import type { NewSession, StartedSession } from '../sessions.ts'
import type { Towards } from '../towards.ts'
import { basePathOf, type DeskParts } from './desk_parts.ts'
import type { SignInState } from './sign_in_state.ts'
import type { Visit } from './visit.ts'

/** The end of a sign-in: everything that it makes is made here, in one transaction. */

interface Arriving {
  readonly state: SignInState
  readonly method: SignInMethod
  readonly visit: Visit
}

/** The session, with the account, the identity, memberships and the second factor that came about on the way. Throws `conflict` in a race. */
export async function enter(parts: DeskParts, { state, method, visit }: Arriving): Promise<StartedSession> {
  const { purpose } = state.flow
  if (purpose.kind === 'invitation' && !(await parts.links.spend(purpose.link)))
    throw new SignInRefused('spent', 'The invitation was used already, or is too old.')
  const replaces = visit.session?.id
  if (state.raises !== null && state.raises !== replaces)
    throw new SignInRefused('stale', 'The session that was to be raised has ended.')
  const started = await parts.store.transaction(async (store) => {
    const account = await settled(parts, store, { state, method, visit })
    return parts.sessions.start({ ...sessionFor(parts, state, visit), account }, { replaces, store })
  })
  if (replaces !== undefined) await parts.sessions.forget(replaces)
  return started
}

/** An identity more for an account that stays signed in as it is. */
export async function linkOnly(parts: DeskParts, { state, method, visit }: Arriving): Promise<void> {
  try {
    await parts.store.transaction((store) => settled(parts, store, { state, method, visit }))
  } catch (error) {
    if (!isConflict(error)) throw error
    throw new SignInRefused('not_allowed', 'Another account signs in with what was proved.', error)
  }
}

async function settled(parts: DeskParts, store: Store, { state, method }: Arriving): Promise<string> {
  const account = await provision({ store, method, now: new Date(parts.now()) }, state)
  // Since the first step asked: nobody gets a session for an account that is gone.
  const stored = await store.accounts.get(account)
  if (stored === undefined || stored.disabled_at !== null)
    throw new SignInRefused('disabled', 'The account was disabled meanwhile.')
  if (state.enrolled !== null && (await hasFactor(store, account)))
    throw new SignInRefused('stale', 'A second factor was set up meanwhile.')
  if (state.enrolled !== null) await parts.factors.storeEnrolment(store, account, state.enrolled)
  return account
}

function sessionFor(parts: DeskParts, state: SignInState, visit: Visit): Omit<NewSession, 'account'> {
  const { proof, method, amr, raises } = state
  const idToken = proof.kind === 'identity' ? proof.idToken : null
  return {
    method,
    amr,
    acr: proof.acr,
    authTime: proof.authTime,
    organization: state.organization ?? null,
    idToken: raises === null || visit.session === undefined ? idToken : parts.sessions.idTokenOf(visit.session),
    address: visit.address,
    userAgent: visit.userAgent,
  }
}

/** The address that a session is taken to. Throws `SignInRefused` where it is no longer one. */
export async function addressTowards(parts: DeskParts, session: Session, towards: Towards): Promise<string> {
  switch (towards.kind) {
    case 'own':
      return `${basePathOf(parts)}${towards.path}`
    case 'host':
      return parts.hosts.codeFor(session, towards)
    case 'app':
      return parts.applications.leadOn(session, towards)
    case 'openid':
      // Whole, so that a page leads there after a form: from the interaction on, redirects go to the application, at an address that
      // the form's own page does not know (`form-action`).
      return `${parts.publicUrl}/oidc/interaction/${towards.interaction}`
  }
}

async function hasFactor({ factors }: Store, account: string): Promise<boolean> {
  const confirmed = (await factors.totps(account)).some(({ confirmed_at }) => confirmed_at !== null)
  return confirmed || (await factors.passkeys(account)).length > 0
}

export function isConflict(error: unknown): boolean {
  return error instanceof OctroiError && error.code === 'conflict'
}
