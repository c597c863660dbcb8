import type { z } from 'zod'
import type { Connector } from './connectors/connector.ts'
import type { TemplateScope } from './connectors/template.ts'
import type { Exchange } from './exchange.ts'

/** One secret that a scheme asks for. From this declaration come validation, the connect form, the CLI's prompts, the API's schema and the docs. */
export interface SecretField {
  readonly title: string
  readonly description?: string | undefined
  /** `false` for what may be shown (a user name); such a value is sealed all the same. */
  readonly secret?: boolean | undefined
  readonly aliases?: readonly string[] | undefined
  readonly optional?: boolean | undefined
  /** May hold line breaks (a PEM key). Everything else is refused with a control character in it. */
  readonly multiline?: boolean | undefined
  /**
   * `app`: belongs to the application that the operator registered at the service (an OAuth client, a signing key), and may be
   * given once for all connections of the connector. `connection` (the default): belongs to the account that is connected.
   */
  readonly scope?: 'app' | 'connection' | undefined
  /** Not kept as a secret: the first token begins with it, under this name (a refresh token that was obtained elsewhere). */
  readonly begins?: string | undefined
}

export type SecretFields = Readonly<Record<string, SecretField>>

export type Values = Readonly<Record<string, string>>

/** What signing puts on a request. Header values are ready-made; query pairs are already encoded. */
export interface Signature {
  /** Flat list: name, value, name, value. */
  readonly headers: readonly string[]
  /** `name=value` pairs, already encoded, joined by `&`; empty when none. */
  readonly query: string
  /** What depends on the very request that is sent; added to the above. */
  readonly perRequest?: RequestSigner | undefined
  /** Presented to the service when the socket is opened (RFC 8705). PEM. */
  readonly certificate?: ClientCertificate | undefined
}

export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

export interface RequestSigner {
  /** The body is part of what is signed: it is read whole before the call goes out. */
  readonly needsBody: boolean
  /** Only when the caller gave one of the scheme's parameters; otherwise for every request. */
  readonly onlyWithParams?: boolean | undefined
  /**
   * Pure. Headers take the place of those with the same name; query pairs are added. Throws `invalid_request` for what the caller
   * sent and cannot be signed.
   */
  sign(request: OutgoingRequest): Pick<Signature, 'headers' | 'query'>
}

/** A request as it is sent, but for what the signer adds. */
export interface OutgoingRequest {
  readonly method: string
  /** `https://host` or `https://host:port`. */
  readonly origin: string
  /** Encoded, as it is sent. */
  readonly path: string
  /** Without `?`, encoded, as it is sent; empty when none. */
  readonly query: string
  /** Flat list, without hop-by-hop headers and `Host`. */
  readonly headers: readonly string[]
  /** `null` when there is none, and when the signer does not need it. */
  readonly body: Uint8Array | null
  /** `Octroi-Param-Company: 5` is `company`. Only what the grant lists arrives here. */
  readonly params: Values
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What a scheme may set, whatever the secrets: these are removed from what the caller sent (lower case). */
export interface SignedNames {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

/** What a connection knows of itself before its secrets are opened. */
export interface ConnectionSettings {
  readonly connector: Connector
  readonly settings: Values
}

export interface ConnectionSecrets extends ConnectionSettings {
  readonly secrets: Values
  /** The values of the token that an exchange yielded; absent until there is one, and for schemes without exchange. */
  readonly token?: Values | undefined
}

/** The part of a connector file that belongs to one scheme; its key is the scheme's id. */
export interface SchemeSection {
  readonly schema: z.ZodType
  /**
   * The section as the scheme wants it at run time, kept under `connector.compiled.schemes[id]`. `value` is `undefined` when the
   * file has no such section. Throws an `Error` that says what is wrong.
   */
  compile(value: unknown, scope: TemplateScope): unknown
  /** The token values that connections of this connector have, for `${token.name}` in `base_url`. */
  yields?(compiled: unknown): readonly string[]
}

/**
 * An outbound authentication scheme: required secrets → (exchange) → injected secrets → signature.
 * `sign` is pure: same connection, same signature. It throws `OctroiError` `reconnect_required` when a secret is missing or unusable.
 */
export interface Scheme {
  readonly id: string
  readonly title: string
  readonly section?: SchemeSection | undefined
  /** The fields a connection of this connector must be given. */
  requires(connector: Connector): SecretFields
  /** What programs that want the secrets themselves receive, under the exact names. All values are strings. */
  injects(connection: ConnectionSecrets): Values
  names(connection: ConnectionSettings): SignedNames
  /** With an exchange: only called once there is a token. */
  sign(connection: ConnectionSecrets): Signature
  /** Names of per-request parameters (`company` for `Octroi-Param-Company`), lower case. */
  readonly params?: readonly string[] | undefined
  /** Absent where the secrets themselves are sent: nothing expires and nothing is renewed. */
  readonly exchange?: Exchange | undefined
}
