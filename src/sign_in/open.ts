import type { Mail } from '../core/mail.ts'
import type { ActivityStore, HotReads, Store } from '../core/stores.ts'
import type { ValueSealer } from '../core/vault.ts'
import type { AccountDesk } from './account/actions.ts'
import { Notices } from './account/notices.ts'
import { openAccount } from './account/open_account.ts'
import { ApplicationAccess } from './applications/access.ts'
import { ClientApplications } from './applications/applications.ts'
import type { KeyMaking } from './applications/tokens.ts'
import { Desk } from './desk/desk.ts'
import type { DeskParts } from './desk/desk_parts.ts'
import { SignOut } from './desk/sign_out.ts'
import { AccountFactors } from './factors/account_factors.ts'
import { CodeAttempts } from './factors/attempts.ts'
import { type Once, onceIn } from './factors/once.ts'
import { Passkeys } from './factors/passkeys.ts'
import { relyingParty } from './factors/relying_party.ts'
import { Flows } from './flow.ts'
import type { HostSessions } from './hosts/host_sessions.ts'
import { LinkDesk } from './links/link_desk.ts'
import { PeopleLinks } from './links/links.ts'
import { METHOD_KINDS } from './methods/index.ts'
import type { MethodParts } from './methods/method_kind.ts'
import { Methods } from './open_methods.ts'
import type { PeopleSecrets } from './secrets.ts'
import type { Sessions } from './sessions.ts'

export interface SignInParts extends Pick<DeskParts, 'trail' | 'log' | 'now' | 'publicUrl' | 'onOutcome'> {
  readonly store: Store
  readonly activity: ActivityStore
  readonly hot: HotReads
  readonly secrets: PeopleSecrets
  readonly sessions: Sessions
  readonly hostSessions: HostSessions
  /** Seals the secrets of methods. */
  readonly methodSecrets: ValueSealer
  /** Of methods; all that there are. */
  readonly kinds?: typeof METHOD_KINDS
  /** All but passkeys, which are made here. */
  readonly methodParts: MethodParts
  /** `undefined`: no mail leaves. */
  readonly mail: Mail | undefined
  /** What people call the installation. */
  readonly name: string | undefined
  readonly keys: KeyMaking
  readonly environment: string
  /** How the secrets of applications are recognised. */
  readonly hashClient: (secret: string) => string
}

/** Sign-in put together: what its pages, those of `/account`, and the management API use of it. */
export interface SignIn {
  readonly methods: Methods
  readonly flows: Flows
  readonly once: Once
  readonly passkeys: Passkeys | undefined
  readonly factors: AccountFactors
  readonly applications: ClientApplications
  /** Which applications know a person by our OpenID provider. */
  readonly access: ApplicationAccess
  readonly links: PeopleLinks
  /** What people call the installation: its name, or its host. */
  readonly installation: string
  readonly desk: Desk
  readonly linkDesk: LinkDesk
  readonly signOut: SignOut
  /** To be settled at the end. */
  readonly notices: Notices
  /** What `/account` is served by. */
  readonly account: AccountDesk
}

export function openSignIn(parts: SignInParts): SignIn {
  const { publicUrl, secrets, now } = parts
  const installation = parts.name ?? new URL(publicUrl).host
  const date = () => new Date(now())
  const once = onceIn(parts.activity, secrets, date)
  const party = relyingParty(publicUrl, parts.name)
  const passkeys = party && new Passkeys({ party, secrets, once, now: date })
  const methods = new Methods({
    hot: parts.hot,
    kinds: parts.kinds ?? METHOD_KINDS,
    sealer: parts.methodSecrets,
    parts: { ...parts.methodParts, passkeys },
  })
  const flows = new Flows(secrets, now)
  const { tickets } = parts.activity
  const notices = new Notices({ ...parts, installation, now: date })
  const factors = openFactors(parts, { installation, passkeys, notices })
  const applications = new ClientApplications({ ...parts, hashSecret: parts.hashClient })
  const { passwords } = parts.methodParts
  const links = new PeopleLinks({ ...parts, tickets, passwords, methods, installation })
  const desking: DeskParts = {
    ...parts,
    tickets,
    flows,
    methods,
    hosts: parts.hostSessions,
    factors,
    applications,
    links,
    canReset: parts.mail !== undefined,
    onLinked: (account, language) => notices.tell(account, language, 'identity_linked'),
  }
  const desk = new Desk(desking)
  const linkDesk = new LinkDesk(desking, desk)
  const signOut = new SignOut(desking)
  const access = new ApplicationAccess({ ...parts, onEnded: () => parts.sessions.noteEnded(), now: date })
  const account = openAccount(parts, { methods, flows, once, passkeys, factors, installation, notices, access })
  return {
    methods,
    flows,
    once,
    passkeys,
    factors,
    applications,
    access,
    links,
    installation,
    desk,
    linkDesk,
    signOut,
    account,
    notices,
  }
}

function openFactors(
  parts: SignInParts,
  {
    installation,
    passkeys,
    notices,
  }: { readonly installation: string; readonly passkeys: Passkeys | undefined; readonly notices: Notices },
): AccountFactors {
  const { store, secrets, now } = parts
  const date = () => new Date(now())
  return new AccountFactors({
    store,
    secrets,
    passkeys,
    attempts: new CodeAttempts(now),
    issuer: installation,
    now: date,
    onRecovery: (account) => notices.tell(account, 'both', 'recovery_code_used'),
  })
}
