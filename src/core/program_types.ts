import type { Account, AccountKind, Grant, NetworkPolicy, Permission } from './types.ts'

/** Who may call in, where, and by what proof. Shapes only, like `types.ts`. */

/** How a program proves who it is. `mtls`: a client certificate that a trusted proxy verified. */
export const CREDENTIAL_KINDS = ['api_key', 'basic', 'jwt', 'mtls'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** What a route may take besides: a person's session, or nobody at all. */
export type AcceptKind = CredentialKind | 'session' | 'anonymous'

/** Who is calling, and how it was proved. */
export interface Principal {
  readonly kind: 'key' | AccountKind
  /** `session`: a person in a browser, at routes alone; `/proxy` takes none (D1). */
  readonly proof: CredentialKind | 'session'
  /** The account's id. */
  readonly subject: string
  /** Null when an account calls in by itself. */
  readonly key_id: string | null
  readonly account: string
  readonly name: string
  readonly email: string | null
  readonly groups: readonly string[]
  readonly permissions: readonly Permission[]
  readonly grants: readonly Grant[]
  /** When the credential ends, and from where alone it may be used. */
  readonly expires_at: string | null
  readonly cidrs: readonly string[]
}

/** The management API takes keys alone: what is made there was made with one. */
export type KeyPrincipal = Principal & { readonly key_id: string }

/** Keys and accounts are put in groups by its id; routes allow groups. Its grants are those of its accounts, not of its keys. */
export interface Group {
  /** The code that routes name; unique. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly grants: readonly Grant[]
  readonly created_at: string
  readonly updated_at: string
}

/** What is read when an account itself is the caller (Basic, JWT, certificate): grants are its own and those of its groups. */
export interface FoundAccount {
  readonly account: Account
  /** PHC string of its password or secret; null when it has none. */
  readonly password_hash: string | null
  readonly grants: readonly Grant[]
}

/** `any`: one of the kinds is enough; `all`: each of them has to be proved. */
export interface RouteAccept {
  readonly mode: 'any' | 'all'
  readonly kinds: readonly AcceptKind[]
}

/** Who passes, once proved: nobody when all are empty. */
export interface RouteAllow {
  readonly keys: readonly string[]
  readonly accounts: readonly string[]
  readonly groups: readonly string[]
  /** Everybody who proved who he is. */
  readonly authenticated: boolean
}

export interface RouteSession {
  readonly mfa: boolean
  readonly max_age_s: number | null
}

/** Something behind somebody else's proxy that asks `/forward-auth`. */
export interface Route {
  readonly id: string
  readonly name: string
  readonly description: string
  /** `shop.example.org`, `*.example.org` (one or more labels), or `*`: canonical, without a port. */
  readonly host: string
  /** A path pattern, as in grants. */
  readonly path: string
  /** `*`, or methods in capitals. */
  readonly methods: readonly string[]
  readonly accept: RouteAccept
  readonly allow: RouteAllow
  /** Origins whose preflight requests pass without a credential (Fetch standard, CORS-preflight); none: they are asked like others. */
  readonly cors_origins: readonly string[]
  /** What a session has to have besides: two factors; a proof no older than so many seconds. A session without is sent to give it. */
  readonly session: RouteSession
  readonly created_at: string
  readonly updated_at: string
}

/** A JWT issuer that is trusted to say who calls (RFC 7519, RFC 8725). */
export interface Issuer {
  readonly id: string
  readonly name: string
  /** The `iss` that its tokens carry, compared exactly. */
  readonly issuer: string
  /** One of these is set: where its keys are published, or the keys (public ones only). */
  readonly jwks_uri: string | null
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | null
  /** One of these must be in `aud`. */
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  /** The `typ` that its tokens carry; null: `JWT`, `at+jwt` or none. */
  readonly typ: string | null
  /** The claim that says who calls. */
  readonly subject_claim: string
  /** Every token that meets `conditions` is this account; null: the subject claim is the id of the account. */
  readonly account: string | null
  /** The accounts that it may speak for where `account` is null; empty: every service. */
  readonly accounts: readonly string[]
  /** Claim → the values that it may have (D10). */
  readonly conditions: Readonly<Record<string, readonly string[]>>
  readonly network: NetworkPolicy
  /** Clocks may differ by so many seconds. */
  readonly clock_skew_s: number
  readonly disabled_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

/** A key that Octroi signs assertions with. `next` is published ahead of its use, `retired` until what it signed has ended. */
export interface SigningKeyRow {
  /** `kid`: the JWK thumbprint (RFC 7638). */
  readonly id: string
  readonly algorithm: string
  readonly state: 'next' | 'current' | 'retired'
  /** JWK. */
  readonly public_key: string
  /** Sealed JWK. */
  readonly sealed: string
  readonly created_at: string
  /** When it came into its state. */
  readonly since: string
}

/** What one key did in one day (UTC). */
export interface KeyDay {
  readonly key_id: string
  /** `2026-11-22` */
  readonly day: string
  readonly calls: number
  /** Of these, how many Octroi itself refused. */
  readonly refused: number
}
