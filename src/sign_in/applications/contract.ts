import type { Organization, Session } from '../../core/people_types.ts'
import type { Account } from '../../core/types.ts'
import type { TowardsApp, TowardsOpenId } from '../towards.ts'

/** What an application asks for when it sends somebody to sign in. */
export interface ApplicationRequest {
  readonly towards: TowardsApp
  /** Of the application; shown. */
  readonly name: string
  /** Only these methods; empty: all. */
  readonly methods: readonly string[]
  readonly mfa: boolean
  readonly maxAgeS: number | null
  /** SIRET of the organization that it would have the person act for. */
  readonly organizationHint: string | null
}

/** Who is about to be let on, as he will be: the account may not be stored yet. */
export interface Entrant {
  readonly account: Pick<Account, 'id' | 'groups'>
  readonly organization: Organization | null
}

/** What an application asks for when it sends somebody to sign out. */
export interface SignOutRequest {
  /** Of the application; shown. Null: it does not say which it is. */
  readonly name: string | null
  /** Registered, with its `state`; null: it wants nobody back. */
  readonly returnTo: string | null
  /** The session that it named as it alone was told: with the browser's own, nobody has to be asked whether he means it. */
  readonly session: string | null
}

/** What the desk asks of applications (clients). */
export interface Applications {
  /** `query`: each parameter once. Throws `SignInRefused` (`bad_request`) for what is not a request of a registered application (T16). */
  requested(query: Readonly<Record<string, string>>): Promise<ApplicationRequest>
  /** Asked again with every sign-in: an application can be switched off while somebody is on the way to it. */
  mayUse(client: string, entrant: Entrant): Promise<boolean>
  /** What it asks for as it is registered at this moment. Throws `SignInRefused` (`bad_request`) where it, or its address, is no longer registered. */
  still(towards: TowardsApp | TowardsOpenId): Promise<Pick<ApplicationRequest, 'methods' | 'mfa'>>
  /** Makes the one-time code, and the address that takes it to the application. */
  leadOn(session: Session, towards: TowardsApp): Promise<string>
  /** `query` of `/session/sign-out` with `app`. Throws `SignInRefused` (`bad_request`) for an address that is not registered (T15). */
  signingOut(query: Readonly<Record<string, string>>): Promise<SignOutRequest>
}
