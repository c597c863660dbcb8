import type { OpenIdScope } from '../core/openid_types.ts'
import type { AccountFault } from '../sign_in/account/own.ts'

/**
 * What the pages of `/account` are given. They decide nothing: whose they are, and what may be changed, is settled before. Times are RFC 3339.
 *
 * | address | asked for with GET | posted to it: `csrf`, `lang`, `do`, and |
 * |---|---|---|
 * | `/account` | `overview` | |
 * | `/account/emails` | `emails` | `add` (`address`), `send`, `primary`, `remove` (`id`: the canonical address) |
 * | `/account/verify?link=` | `verify_email` | `verify` (`link`) |
 * | `/account/identities` | `identities` | `link` (`method`; of a directory also `login`, `password`), `remove` (`id`) |
 * | `/account/password` | `password` | `change` (`current` where there is one, `password`, `again`, `elsewhere`) |
 * | `/account/passkeys` | `passkeys` | `start` (→ `new_passkey`), `add` (`pending`, `name`, `response`: JSON), `rename` (`id`, `name`), `remove` (`id`) |
 * | `/account/authenticators` | `authenticators` | `start` (→ `new_authenticator`), `add` (`pending`, `name`, `code`), `remove` (`id`) |
 * | `/account/recovery` | `recovery` | `make` (→ `recovery_codes`) |
 * | `/account/sessions` | `sessions` | `end` (`id`), `end_others` |
 * | `/account/applications` | `applications` | `revoke` (`id`) |
 * | `/account/tokens` | `tokens` | `revoke` (`id`) |
 *
 * `elsewhere` is `on` where the other sessions are to end too; a box that is not ticked is not posted. What cannot be undone is asked for
 * first: GET of the section with `?confirm=remove&id=...` (`CONFIRMED` has all of them) → `confirm`, whose form posts that `do` and that `id`.
 * After a change: 303 to the section with `?done=CODE`.
 */

export const ACCOUNT_SECTIONS = [
  'emails',
  'identities',
  'password',
  'passkeys',
  'authenticators',
  'recovery',
  'sessions',
  'applications',
  'tokens',
] as const
export type AccountSection = (typeof ACCOUNT_SECTIONS)[number]

/** What was done; `?done=` of the section's address. What is not in the table is not shown. */
export const DONE = [
  'email_added',
  'email_sent',
  'email_verified',
  'email_primary',
  'email_removed',
  'identity_linked',
  'identity_removed',
  'password_changed',
  'passkey_added',
  'passkey_renamed',
  'passkey_removed',
  'authenticator_added',
  'authenticator_removed',
  'session_ended',
  'sessions_ended',
  'application_revoked',
  'token_revoked',
] as const
export type Done = (typeof DONE)[number]

/** What is asked for first (`?confirm=`), with the `do` that the form then posts. `make` only where codes exist already. */
export const CONFIRMED = {
  emails: ['remove'],
  identities: ['remove'],
  passkeys: ['remove'],
  authenticators: ['remove'],
  recovery: ['make'],
  sessions: ['end_others'],
  applications: ['revoke'],
  tokens: ['revoke'],
} as const satisfies Partial<Record<AccountSection, readonly string[]>>

interface Section {
  readonly done?: Done | undefined
  /** Of a form that came back; it belongs to the field that it can be about. */
  readonly fault?: AccountFault | undefined
  /** With `rate_limited`. */
  readonly retryAfterS?: number | undefined
  /** The name of the field that the fault is about, or the id of the thing. */
  readonly at?: string | undefined
  /** What was typed, where it is no secret: the address, the name, the login. */
  readonly typed?: string | undefined
}

export interface OverviewView extends Section {
  readonly kind: 'overview'
  /** The id, which is a login too. */
  readonly account: string
  readonly name: string
  readonly organizations: readonly { readonly label: string; readonly siret: string | null }[]
  readonly groups: readonly string[]
  readonly emails: readonly EmailShown[]
  readonly identities: number
  readonly hasPassword: boolean
  readonly passkeys: number
  readonly authenticators: number
  readonly recoveryCodes: number
  readonly sessions: number
  readonly applications: number
  readonly tokens: number
}

export interface EmailShown {
  /** The canonical address. */
  readonly id: string
  readonly address: string
  readonly verified: boolean
  readonly primary: boolean
}

export interface EmailsView extends Section {
  readonly kind: 'emails'
  readonly emails: readonly EmailShown[]
  /** Without SMTP nothing can be verified, and the page says so. */
  readonly canSend: boolean
}

/** A link of a mail. Looking at it changes nothing: programs that check mail follow links. */
export interface VerifyEmailView {
  readonly kind: 'verify_email'
  readonly link: string
  readonly address: string
}

export interface IdentitiesView extends Section {
  readonly kind: 'identities'
  readonly identities: readonly {
    readonly id: string
    /** The name of the sign-in method; null: it is gone. */
    readonly method: string | null
    readonly label: string
    readonly createdAt: string
    readonly lastUsedAt: string | null
  }[]
  /** By which more can be linked. `form`: a directory, whose login and password are asked for at once. */
  readonly ways: readonly { readonly method: string; readonly name: string; readonly form: boolean }[]
  /** The way whose form came back. */
  readonly method?: string | undefined
}

export interface PasswordView extends Section {
  readonly kind: 'password'
  readonly hasPassword: boolean
  /** For the browser's own store of passwords. */
  readonly login: string
  /** False: nobody signs in by password here; who has none cannot set one. */
  readonly isOffered?: boolean | undefined
}

export interface PasskeysView extends Section {
  readonly kind: 'passkeys'
  readonly passkeys: readonly {
    readonly id: string
    readonly name: string
    /** Synchronised between devices. */
    readonly backedUp: boolean
    readonly createdAt: string
    readonly lastUsedAt: string | null
  }[]
  /** False: browsers make none at this address (plain HTTP, an IP address). */
  readonly isOffered?: boolean | undefined
}

export interface NewPasskeyView extends Section {
  readonly kind: 'new_passkey'
  /** Comes back as it is. */
  readonly pending: string
  /** `PublicKeyCredentialCreationOptionsJSON`. */
  readonly options: unknown
}

export interface AuthenticatorsView extends Section {
  readonly kind: 'authenticators'
  readonly authenticators: readonly { readonly id: string; readonly name: string; readonly createdAt: string }[]
}

export interface NewAuthenticatorView extends Section {
  readonly kind: 'new_authenticator'
  /** Comes back as it is: the id of the factor that is not confirmed, or its sealed secret. */
  readonly pending: string
  /** Base32. */
  readonly secret: string
  /** `otpauth://...` */
  readonly uri: string
}

export interface RecoveryView extends Section {
  readonly kind: 'recovery'
  /** How many are left. */
  readonly left: number
  /** Without another second factor they are of no use. */
  readonly hasFactor: boolean
}

/** Shown once. */
export interface RecoveryCodesView {
  readonly kind: 'recovery_codes'
  readonly codes: readonly string[]
}

export interface SessionsView extends Section {
  readonly kind: 'sessions'
  readonly sessions: readonly {
    readonly id: string
    /** The one that reads this page. */
    readonly current: boolean
    /** A site behind Octroi; null: Octroi itself. */
    readonly host: string | null
    /** The name of the sign-in method. */
    readonly method: string
    readonly organization: string | null
    readonly address: string
    readonly userAgent: string
    readonly createdAt: string
    readonly lastUsedAt: string | null
    readonly expiresAt: string
  }[]
}

export interface ApplicationsView extends Section {
  readonly kind: 'applications'
  readonly applications: readonly {
    readonly id: string
    readonly name: string
    readonly since: string
    /** What it may know and do. */
    readonly scopes: readonly OpenIdScope[]
    /** He is signed in there. */
    readonly signedIn: boolean
    /** It can act for him while he is away. */
    readonly offline: boolean
  }[]
}

export interface TokensView extends Section {
  readonly kind: 'tokens'
  readonly tokens: readonly {
    readonly id: string
    readonly name: string
    readonly createdAt: string
    readonly lastUsedAt: string | null
    /** Null: never. */
    readonly expiresAt: string | null
  }[]
}

/** Asks before something that cannot be undone. */
export type ConfirmView = {
  [S in keyof typeof CONFIRMED]: {
    readonly kind: 'confirm'
    readonly section: S
    readonly do: (typeof CONFIRMED)[S][number]
    /** Empty where there is only one thing of its kind (`recovery`, `sessions`). */
    readonly id: string
    /** The name of what it is about; empty likewise. */
    readonly label: string
  }
}[keyof typeof CONFIRMED]

/** What was asked for is not there: a link of a mail that is spent, a thing that is gone. */
export interface GoneView {
  readonly kind: 'gone'
  readonly what: 'link' | 'thing'
}

export type AccountView =
  | OverviewView
  | EmailsView
  | VerifyEmailView
  | IdentitiesView
  | PasswordView
  | PasskeysView
  | NewPasskeyView
  | AuthenticatorsView
  | NewAuthenticatorView
  | RecoveryView
  | RecoveryCodesView
  | SessionsView
  | ApplicationsView
  | TokensView
  | ConfirmView
  | GoneView
