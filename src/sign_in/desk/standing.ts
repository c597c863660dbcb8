import type { Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { hasTwoFactors } from '../../policy/route_session.ts'
import type { Applications } from '../applications/contract.ts'
import type { Flow } from '../flow.ts'
import { SignInRefused } from '../method.ts'

interface StandingParts {
  readonly store: Store
  readonly applications: Pick<Applications, 'mayUse'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Whether a session that is there is what a flow wants: all of it, all but a second factor, or not. */
export type Standing = 'enough' | 'one_factor' | 'not'

/** Throws `SignInRefused` where it is somebody who may not use the application: to sign in again would change nothing. */
export async function standingOf(session: Session | undefined, flow: Flow, parts: StandingParts): Promise<Standing> {
  if (session === undefined || flow.purpose.kind !== 'sign_in') return 'not'
  if (flow.anew === true || flow.another === true) return 'not'
  if (flow.methods.length > 0 && !flow.methods.includes(session.method)) return 'not'
  if (isTooOld(session, flow, parts.now()) || !(await actsFor(session, flow, parts.store))) return 'not'
  await requireAllowed(session, flow, parts)
  return flow.mfa && !hasTwoFactors(session.amr) ? 'one_factor' : 'enough'
}

function isTooOld({ auth_time }: Session, { maxAgeS }: Flow, now: number): boolean {
  return maxAgeS !== null && now - Date.parse(auth_time) > maxAgeS * 1000
}

/** A session is for one organization: for another one that is his, another session is made (B-36). */
async function actsFor({ account, organization }: Session, { organizationHint }: Flow, store: Store): Promise<boolean> {
  if (organizationHint === null) return true
  const [hinted] = await store.organizations.findBySirets([organizationHint])
  if (hinted === undefined || hinted.id === organization) return true
  const memberships = await store.organizations.membershipsOf(account)
  return !memberships.some((membership) => membership.organization === hinted.id)
}

async function requireAllowed(session: Session, { towards }: Flow, { store, applications }: StandingParts) {
  if (towards.kind !== 'app' && towards.kind !== 'openid') return
  const account = await store.accounts.get(session.account)
  const organization =
    session.organization === null ? null : ((await store.organizations.get(session.organization)) ?? null)
  if (account === undefined || !(await applications.mayUse(towards.client, { account, organization })))
    throw new SignInRefused('not_allowed', 'This account may not use the application.')
}
