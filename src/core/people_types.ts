import type { ClientOpenId } from './openid_types.ts'
import type { Principal } from './program_types.ts'
import type { Account, Grant, NetworkPolicy } from './types.ts'

/** Which person is this, and how was it shown? Shapes only, like `types.ts`. */

/** How a person proved who he is, in the words of RFC 8176: a session lists each that was given. */
export const AUTHENTICATION_METHODS = ['pwd', 'otp', 'hwk', 'swk', 'user', 'mfa', 'kba', 'fed'] as const
/**
 * `pwd` password or directory; `otp` TOTP; `hwk`/`swk` passkey bound to a device, or synchronised; `user` user verification by the passkey;
 * `kba` a recovery code; `fed` another provider said so (not of RFC 8176); `mfa` two factors, whoever checked them.
 */
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number]

/** An e-mail address of an account. A verified one (in canonical form) is one account's alone. */
export interface EmailAddress {
  readonly account: string
  /** As it was written. */
  readonly address: string
  /** What is compared (`canonicalEmail`). */
  readonly canonical: string
  /** Null: nobody has shown that he reads it. It finds nobody and merges nothing. */
  readonly verified_at: string | null
  readonly created_at: string
}

/** Somebody's name at an issuer; unique over all accounts. Never an e-mail address: those change hands. */
export interface Identity {
  readonly id: string
  readonly account: string
  /** `iss` of an OpenID provider; `ldap:` and the id of the method for a directory. */
  readonly issuer: string
  /** `sub`; the entryUUID or objectGUID of a directory. */
  readonly subject: string
  /** The sign-in method by which it came. */
  readonly method: string
  /** What the issuer last said of the person, for people to read: it decides nothing. */
  readonly label: string
  readonly created_at: string
  readonly last_used_at: string | null
}

/** For whom a person acts. Known by its SIRET, where it has one. */
export interface Organization {
  readonly id: string
  /** 14 digits; unique. */
  readonly siret: string | null
  readonly label: string
  /** Groups that a person is in while he acts for it. */
  readonly groups: readonly string[]
  readonly created_at: string
  readonly updated_at: string
}

/** `source` is the id of the sign-in method whose claims said so, or `manual`: what a method said, it can take back. */
export interface Membership {
  readonly account: string
  readonly organization: string
  readonly source: string
  readonly since: string
}

export const SIGN_IN_KINDS = ['password', 'ldap', 'oidc', 'passkey'] as const
export type SignInKind = (typeof SIGN_IN_KINDS)[number]

/** What happens at the first sign-in of somebody whom no account knows: it is made; he is asked (new, or link); he is sent away. */
export const FIRST_SIGN_IN = ['create', 'ask', 'refuse'] as const
export type FirstSignIn = (typeof FIRST_SIGN_IN)[number]

/** `enrolled`: asked of whoever has one; `required`: whoever has none sets one up first. */
export const SECOND_FACTOR = ['never', 'enrolled', 'required'] as const
export type SecondFactor = (typeof SECOND_FACTOR)[number]

/** One way for people to sign in, as an administrator has set it up. */
export interface SignInMethod {
  readonly id: string
  readonly kind: SignInKind
  /** On its button. */
  readonly name: string
  /** Buttons stand in this order, then by id. */
  readonly position: number
  readonly enabled: boolean
  /** What its kind wants; validated by its own schema (`sign_in/methods`). Never a secret. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Names of the secrets that it holds. */
  readonly secret_names: readonly string[]
  readonly first_sign_in: FirstSignIn
  readonly second_factor: SecondFactor
  /** Groups of the accounts that it makes. */
  readonly groups: readonly string[]
  /** Whether an organization is chosen after the proof; `required`: who belongs to none that is known stops at the help page. */
  readonly organizations: 'ignore' | 'optional' | 'required'
  readonly network: NetworkPolicy
  readonly created_at: string
  readonly updated_at: string
}

/** With its sealed secrets (place: `sign-in-method:ID`), JSON by name. */
export interface StoredSignInMethod {
  readonly method: SignInMethod
  readonly sealed: string | null
}

/**
 * A person who is signed in, in one browser, at one host. Stored by the hash of its token; a session of a host behind `/forward-auth`
 * has a parent at our own and ends with it.
 */
export interface Session {
  /** Public; what lists and the trail show. */
  readonly id: string
  readonly account: string
  /** Null: Octroi's own pages; otherwise the one host behind `/forward-auth` where it is good. */
  readonly host: string | null
  readonly parent: string | null
  /** The sign-in method. */
  readonly method: string
  readonly amr: readonly AuthenticationMethod[]
  /** What the provider said and was checked; null otherwise. */
  readonly acr: string | null
  /** When the person last proved who he is (OpenID Connect `auth_time`). */
  readonly auth_time: string
  /** The id of the organization that he acts for. */
  readonly organization: string | null
  /** Sealed (place: `session:ID`): the id_token of the provider, for its logout. */
  readonly sealed: string | null
  readonly address: string
  readonly user_agent: string
  readonly created_at: string
  /** Its last moment, whatever happens. */
  readonly expires_at: string
  /** Unused for so long, it ends. */
  readonly idle_s: number
  /**
   * Its own id, or that of the session of the same account which it goes on for, after a fresh proof in the same browser. Tokens of the
   * OpenID provider are bound to this.
   */
  readonly lineage: string
}

/** What the hot path reads of a presented session token, in one read. */
export interface FoundSession {
  readonly session: Session
  readonly account: Account
  /** Of the account, its groups and those of the session's organization. */
  readonly grants: readonly Grant[]
  readonly organization: Organization | null
}

/** A principal that came by a session; never at `/proxy` (D1). */
export type SessionPrincipal = Principal & { readonly proof: 'session' }

/** A TOTP secret (RFC 6238), sealed (place: `totp:ID`). Not `confirmed` until a first code was typed. */
export interface TotpFactor {
  readonly id: string
  readonly account: string
  readonly name: string
  readonly sealed: string
  readonly confirmed_at: string | null
  /** The time step of the last code that was taken; none before or at it is taken again (RFC 6238 §5.2). */
  readonly last_step: number
  readonly created_at: string
}

/** A WebAuthn credential. */
export interface Passkey {
  /** The credential id, base64url. */
  readonly id: string
  readonly account: string
  readonly name: string
  /** COSE key, base64url. */
  readonly public_key: string
  readonly counter: number
  readonly transports: readonly string[]
  /** Synchronised between devices (WebAuthn §6.1.3, backup state). */
  readonly backed_up: boolean
  readonly created_at: string
  readonly last_used_at: string | null
}

/** Who may use an application: nobody when all are empty. */
export interface ClientAllow {
  readonly accounts: readonly string[]
  readonly groups: readonly string[]
  readonly organizations: readonly string[]
  /** Everybody who signs in. */
  readonly authenticated: boolean
}

/** The token of a person that an application's back end exchanges its code for. */
export interface ClientToken {
  readonly enabled: boolean
  readonly grants: readonly Grant[]
  /** Seconds. */
  readonly ttl_s: number
}

/** An application whose people sign in through Octroi. */
export interface Client {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Exact. */
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris: readonly string[]
  readonly allow: ClientAllow
  /** Only these sign-in methods; empty: all. */
  readonly methods: readonly string[]
  /** Whether two factors are asked for. */
  readonly mfa: boolean
  /** Group → role, the first that fits, in this order; then the default. */
  readonly roles: readonly { readonly group: string; readonly role: string }[]
  readonly default_role: string
  readonly token: ClientToken
  /** The seed's own form: the four values in the query of the redirect. Only where the operator has switched it on. */
  readonly token_in_query: boolean
  /** As a client of our OpenID provider; null: it is none. */
  readonly openid: ClientOpenId | null
  readonly disabled_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

/** What is kept for a while and is taken once: a step of a sign-in, a code, an invitation. Sealed (place: `ticket:ID`). */
export interface Ticket {
  /** Hash of what was handed out. */
  readonly id: string
  readonly purpose: TicketPurpose
  /** Null before it is known who it is. */
  readonly account: string | null
  /** The session that it comes from; it ends with it. */
  readonly session: string | null
  readonly sealed: string
  readonly expires_at: string
  readonly created_at: string
}

export const TICKET_PURPOSES = [
  'step',
  'host_code',
  'app_code',
  'used_app_code',
  'invitation',
  'password_reset',
  'email_verification',
  'webauthn',
  'logout',
] as const
export type TicketPurpose = (typeof TICKET_PURPOSES)[number]
