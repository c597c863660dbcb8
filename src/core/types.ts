/** The vocabulary of Octroi. Shapes only; times are RFC 3339 UTC strings unless the name ends in `_ms` or `At` says otherwise. */

/** What one key may do at one connection, or at every connection of a connector that carries the tags. */
export interface Grant {
  readonly connection?: string | undefined
  readonly connector?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** `METHOD path-pattern`, or the name of one of the connector's grants. */
  readonly allow: readonly string[]
  /** Per-request parameters of the scheme and the values that they may have (`Octroi-Param-Company` of Tripletex). */
  readonly params?: Readonly<Record<string, readonly string[]>> | undefined
  /** May read the connection's secrets, given the permission `connections.read_credentials` as well. */
  readonly credentials?: boolean | undefined
}

/** A permission of the management API; an object limits one of the `connections.*` permissions to some connections. */
export type Permission =
  | string
  | {
      readonly permission: string
      readonly connection?: string | undefined
      readonly tags?: Readonly<Record<string, string>> | undefined
    }

export interface RateLimit {
  readonly limit: number
  readonly window_s: number
}

export type AccountKind = 'person' | 'service'

export interface Account {
  readonly id: string
  readonly kind: AccountKind
  readonly name: string
  readonly description: string
  readonly email: string | null
  /** Codes of the groups that it is in, in order. */
  readonly groups: readonly string[]
  /** What it may do when it calls in by itself (Basic, JWT, certificate, session). Its keys have their own. */
  readonly grants: readonly Grant[]
  /** Subjects of its client certificates (RFC 4514, canonical), in order. */
  readonly certificate_subjects: readonly string[]
  /** Whether it has a password (Basic). */
  readonly has_password: boolean
  readonly disabled_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

/** A program's credential as it is stored: never the key itself. */
export interface ApiKey {
  readonly id: string
  readonly account: string
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
  readonly grants: readonly Grant[]
  /** Codes of its groups; null: those of its account. */
  readonly groups: readonly string[] | null
  /** By this name the environment or a file provides its secret (Odoo's server_env); unique. */
  readonly tech_name: string | null
  readonly cidrs: readonly string[]
  readonly rate_limit: RateLimit | null
  /** Made elsewhere and imported: the shape is not ours and the strength is not known. */
  readonly imported: boolean
  readonly usable_when_owner_inactive: boolean
  /** The installation (`OCTROI_ENVIRONMENT`) that the key was made in; it works in no other. */
  readonly environment: string
  readonly expires_at: string | null
  readonly disabled_at: string | null
  readonly revoked_at: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly created_by: string | null
}

/** One secret of a key. Rotation with overlap gives a key two for a while. */
export interface KeySecret {
  /** HMAC-SHA-256 of the whole key under a key derived by the vault, base64url. */
  readonly hash: string
  readonly key_id: string
  readonly expires_at: string | null
  readonly created_at: string
}

/** What the look-up of a presented key finds, in one read. */
export interface FoundKey {
  readonly key: ApiKey
  readonly account: Account
  /** When this very secret ends (rotation with overlap), apart from the key's own end. */
  readonly secret_expires_at: string | null
}

/** Where a connection may go. The default is public addresses over verified TLS. */
export interface NetworkPolicy {
  /** `true`: loopback, RFC 1918 and unique local addresses; or only these CIDRs of them. */
  readonly allow_private?: boolean | readonly string[] | undefined
  /** `http://` upstream; needs `allow_private`, or an address that is private. */
  readonly allow_http?: boolean | undefined
  /** The only certificates (PEM) that are trusted for this connection, instead of the public ones. */
  readonly ca?: string | undefined
}

export interface ConnectionLimits {
  readonly concurrent?: number | undefined
  readonly concurrent_writes?: number | undefined
  /** Calls that may wait for their turn. */
  readonly queue?: number | undefined
  readonly request_bytes?: number | undefined
}

/** The limits that hold for a connection, its own, its connector's and the defaults put together. */
export interface EffectiveLimits {
  readonly concurrent: number
  readonly concurrent_writes: number
  readonly queue: number
  readonly request_bytes: number
}

export interface ConnectionTimeouts {
  readonly connect_ms?: number | undefined
  /** Queue plus first byte. */
  readonly first_byte_ms?: number | undefined
  readonly idle_ms?: number | undefined
}

export interface ConnectionOptions {
  readonly limits?: ConnectionLimits | undefined
  readonly timeouts?: ConnectionTimeouts | undefined
  /** Patterns of the connector's `never` list that this connection opens. */
  readonly allow_never?: readonly string[] | undefined
  /** Keep answers per `Idempotency-Key` for so many seconds; 0 or absent: pass the header through and keep nothing. */
  readonly replay_s?: number | undefined
}

/**
 * `pending`: not finished; `ready`; `degraded`: the service refuses or fails, calls still go out;
 * `reconnect_required`: a person must give new secrets, calls are answered 502; `suspended`: restored from a backup, not activated.
 */
export type ConnectionState = 'pending' | 'ready' | 'degraded' | 'reconnect_required' | 'suspended'

export interface Connection {
  readonly id: string
  readonly connector: string
  readonly scheme: string
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly network: NetworkPolicy
  readonly options: ConnectionOptions
  /** The connector whose configuration (`ConnectorApp`) lends it the secrets of the application; null when it holds its own. */
  readonly app: string | null
  /** It holds a second set of secrets to change over to. */
  readonly has_next: boolean
  readonly state: ConnectionState
  readonly state_reason: string | null
  readonly state_since: string
  readonly created_at: string
  readonly updated_at: string
}

export type Secrets = Readonly<Record<string, string>>

/** The sealed half of a connection. `version` moves with every change of the secrets (it is part of the sealing). */
export interface SealedSecrets {
  readonly current: string
  readonly next: string | null
  readonly version: number
}

/** What an exchange yielded. Sealed as a whole beside the secrets that it was made with. */
export interface Token {
  /** By name: `access_token`, `refresh_token`, ... */
  readonly values: Secrets
  readonly obtained_at: string
  /** `null`: the service does not say; it is used until it is refused. */
  readonly expires_at: string | null
  /** From when on it is renewed ahead of its end; `null` when there is nothing to renew ahead of. */
  readonly renew_at: string | null
  /** Every use moves the end so many seconds from then, but not beyond `ends_at`. */
  readonly idle_s: number | null
  readonly ends_at: string | null
  /** When a refusal by the service last caused a renewal: a caller causes at most one a minute (D19). */
  readonly refused_at: string | null
  /** Who it speaks for at the service: a reconnection must be the same (D3). */
  readonly identity: string | null
}

export interface SealedToken {
  /** `null` until there is one, or after it was dropped with nothing durable in it. */
  readonly sealed: string | null
  /** Moves with every save. */
  readonly version: number
}

/**
 * What the operator gave for all connections of one connector: the registration of an application (OAuth client, signing key) and
 * where it is used. Its secrets go to the addresses of these settings only (D8).
 */
export interface ConnectorApp {
  readonly connector: string
  readonly scheme: string
  readonly settings: Readonly<Record<string, string>>
  readonly network: NetworkPolicy
  readonly created_at: string
  readonly updated_at: string
}

/**
 * One person's way through the connect pages. `open`: nobody came yet; `bound`: one browser has it; `finished`: waits for its code
 * to be redeemed; `done`; single use, so nothing leads back.
 */
export type ConnectSessionState = 'open' | 'bound' | 'finished' | 'done'

export interface ConnectSession {
  readonly id: string
  readonly connector: string
  /** Of an existing connection that is given new secrets, or the id that the new one will have. */
  readonly connection_id: string | null
  /** The key that made it, and may redeem it. */
  readonly key_id: string
  readonly return_url: string | null
  readonly state: ConnectSessionState
  /** Sealed: what the session fixes, what the person gave, what the redirect must match. */
  readonly sealed: string
  /** Hash of the `state` parameter that an authorisation server gives back. */
  readonly state_hash: string | null
  readonly expires_at: string
  readonly created_at: string
}

/** Where events are sent. `types` are types of events, or `*` for all. */
export interface Webhook {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly types: readonly string[]
  readonly network: NetworkPolicy
  readonly state: WebhookState
  readonly state_reason: string | null
  readonly state_since: string
  readonly created_at: string
  readonly updated_at: string
  readonly created_by: string | null
}

/** `disabled`: nothing is sent, nothing is queued; `suspended`: restored from a backup, events are queued until it is activated. */
export type WebhookState = 'active' | 'disabled' | 'suspended'

/** `waiting`: due now or later; `failed`: every attempt was made; `cancelled`: its webhook was disabled; `suspended`: as the webhook. */
export type DeliveryState = 'waiting' | 'delivered' | 'failed' | 'cancelled' | 'suspended'

/** One event on its way to one webhook; the two ids together are its name. */
export interface Delivery {
  readonly webhook_id: string
  /** The event's id. */
  readonly id: string
  readonly type: string
  readonly state: DeliveryState
  /** Attempts whose outcome is known. */
  readonly attempts: number
  /** When it is tried next; while it is being tried, when the claim of whoever tries it lapses. */
  readonly due_at: string | null
  /** Of whoever tries it now. */
  readonly lease: string | null
  readonly last_at: string | null
  readonly last_status: number | null
  readonly last_error: string | null
  readonly created_at: string
  readonly finished_at: string | null
}

export interface EventRow {
  readonly id: string
  readonly type: string
  /** What it is about: `connection:paheko`, `key:1a2b3c4d`. */
  readonly subject: string
  readonly at: string
  readonly data: Readonly<Record<string, unknown>>
}
