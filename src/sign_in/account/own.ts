import type { Mail } from '../../core/mail.ts'
import type { Session } from '../../core/people_types.ts'
import type { ActivityStore, HotReads, Store } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import type { Throttle } from '../../policy/throttle.ts'
import type { ApplicationAccess } from '../applications/access.ts'
import type { AccountFactors } from '../factors/account_factors.ts'
import type { Once } from '../factors/once.ts'
import type { Passkeys } from '../factors/passkeys.ts'
import type { Flows } from '../flow.ts'
import type { PasswordHashes } from '../methods/method_kind.ts'
import type { Methods } from '../open_methods.ts'
import type { PeopleSecrets } from '../secrets.ts'
import type { Sessions } from '../sessions.ts'
import type { Notices } from './notices.ts'

/** Somebody at his own account: all that `/account` shows and changes is his, by this. */
export interface Own {
  readonly account: Account
  /** At our own host. */
  readonly session: Session
  /** Of the caller, for the throttle. */
  readonly address: string
  readonly language: 'en' | 'fr'
}

/** What the parts of `/account` may use. */
export interface AccountParts {
  readonly store: Store
  readonly activity: Pick<ActivityStore, 'tickets' | 'lastUses' | 'sessionUses'>
  readonly hot: Pick<HotReads, 'findAccount'>
  readonly secrets: PeopleSecrets
  readonly sessions: Pick<Sessions, 'renew' | 'end' | 'endAll'>
  readonly methods: Pick<Methods, 'all' | 'find'>
  readonly flows: Pick<Flows, 'seal'>
  readonly factors: AccountFactors
  /** `undefined` where browsers have none. */
  readonly passkeys: Passkeys | undefined
  readonly once: Once
  readonly passwords: Pick<PasswordHashes, 'verify' | 'hash'>
  readonly throttle: Pick<Throttle, 'attempt'>
  /** `undefined`: no mail leaves. */
  readonly mail: Mail | undefined
  readonly notices: Pick<Notices, 'tell'>
  readonly access: Pick<ApplicationAccess, 'of' | 'revoke' | 'forget'>
  /** What people call the installation: its name, or its host. */
  readonly installation: string
  /** Without a slash at the end. */
  readonly publicUrl: string
  readonly log: { warn(fields: object, message: string): void }
  readonly now: () => Date
}

/** Why a change is not made, in words of the pages; nothing was changed. */
export type AccountFault =
  /** Not of the form that is asked for: an address, a name, a code of other than six digits. */
  | 'invalid'
  /** A password, a code. */
  | 'wrong'
  | 'weak'
  | 'differs'
  /** The address or the identity is there already, at this account. */
  | 'taken'
  /** Somebody else's: the address was verified, or the identity linked, by another account. */
  | 'others'
  /** What was to be changed is no longer there, or a step was too late. */
  | 'gone'
  /** It is the last way to sign in. */
  | 'last_way'
  /** The authenticator did not make a passkey, or its answer does not hold. */
  | 'passkey'
  | 'rate_limited'
  | 'busy'
  /** The provider or directory does not answer. */
  | 'unavailable'
  /** Mail could not be sent. */
  | 'mail'

export interface FaultDetails {
  /** The field, or the thing, that it is about. */
  readonly at?: string | undefined
  /** What was typed, where it is no secret. */
  readonly typed?: string | undefined
  readonly retryAfterS?: number | undefined
  readonly cause?: unknown
}

export class AccountRefused extends Error {
  override readonly name = 'AccountRefused'
  readonly fault: AccountFault
  readonly details: FaultDetails

  constructor(fault: AccountFault, details: FaultDetails = {}) {
    super(fault, { cause: details.cause })
    this.fault = fault
    this.details = details
  }
}

/** What is named is not his, or not there: the same answer, so that nobody learns what others have. */
export class NotOwn extends Error {
  override readonly name = 'NotOwn'
}

/** Names that people give to things of theirs. `at`: what the fault is about. */
export function readName(typed: string | undefined, at = 'name'): string {
  const name = (typed ?? '').normalize('NFC').trim()
  if (name === '' || [...name].length > 100 || /\p{Cc}/u.test(name))
    throw new AccountRefused('invalid', { at, typed: name.slice(0, 200) })
  return name
}
