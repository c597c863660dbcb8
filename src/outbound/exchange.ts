import type { Connector } from './connectors/connector.ts'
import type { ClientCertificate, ConnectionSecrets, ConnectionSettings, Values } from './scheme.ts'

/** The part of a scheme that turns secrets into a token: a login call, an OAuth grant, a ticket. */
export interface Exchange {
  /** Token values that outlive the token that they came with (`refresh_token`): kept when the token itself is dropped. */
  readonly durable: readonly string[]
  /** In place of it, where that is the connector's to say. */
  durableFor?(connector: Connector): readonly string[]
  /** Where secrets are sent besides the base URL. A change of any of these needs the secrets anew (D8). */
  endpoints(connection: ConnectionSettings): readonly string[]
  /**
   * A token from what the connection holds: from the durable values where there are some, else from the secrets alone.
   * `connection.token` has the values of the token before. Pure but for the context. Throws `ExchangeError`, or an `OctroiError` of
   * `context.fetch` when the service cannot be reached.
   */
  run(connection: ConnectionSecrets, context: ExchangeContext): Promise<Obtained>
  /** Ends the token at the service, when the connection is deleted. */
  revoke?(connection: ConnectionSecrets, context: ExchangeContext): Promise<void>
  /** Absent where no person has to agree at the service. */
  readonly consent?: Consent | undefined
}

export interface ExchangeContext {
  readonly fetch: StepFetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Between two attempts inside one exchange. Without it there is one attempt: whoever called tries again later. */
  readonly wait?: ((ms: number) => Promise<void>) | undefined
}

/**
 * One HTTP request under the connection's network policy. No redirect is followed, no cookie kept, answers are at most 1 MB.
 * Throws `OctroiError` `upstream_unreachable`, `upstream_timeout` or `upstream_refused_address`.
 */
export type StepFetch = (request: StepRequest) => Promise<StepAnswer>

export interface StepRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers?: Values | undefined
  readonly body?: string | undefined
  readonly certificate?: ClientCertificate | undefined
}

export interface StepAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Obtained {
  /** All values of the token, those kept from before included. */
  readonly values: Values
  /** Milliseconds since the epoch; `null` when the service does not say: it is then used until it is refused. */
  readonly expiresAt: number | null
  /** Every use moves the end so many seconds from then (SuperOffice: 6 h). */
  readonly idleSeconds?: number | undefined
  /** For the calls that wait for it and no later one. */
  readonly once?: boolean | undefined
  /** False where the service gives no new token before the old one ended. */
  readonly early?: boolean | undefined
  /** Who the token speaks for at the service, where it says so: a tenant, a user. */
  readonly identity?: string | undefined
}

/** The way over a person's browser: out to the service, back to a callback of ours. */
export interface Consent {
  /** Whether connections like this one need a person at all (a client credentials grant does not). */
  needed(connection: ConnectionSettings): boolean
  /** The address at which the person signs in, to be compared with the browser's address bar. */
  signInAt(connection: ConnectionSettings): string
  /** `keep` is sealed in the connect session and given back to `finish` (code verifier, nonce, request token). */
  begin(
    connection: ConnectionSecrets,
    request: { readonly redirectUri: string; readonly state: string },
    context: ExchangeContext,
  ): Promise<{ readonly url: string; readonly keep: Values }>
  /**
   * `params` is the query of the callback, each name once; `state` was checked already. Throws `ExchangeError`: `human` when the
   * person or the service refused.
   */
  finish(
    connection: ConnectionSecrets,
    callback: { readonly params: Values; readonly redirectUri: string; readonly keep: Values },
    context: ExchangeContext,
  ): Promise<Obtained>
}

/**
 * Why there is no token.
 * `human`: only a person can mend it (revoked, refused, consent withdrawn): it is not tried again.
 * `transient`: the service is in trouble; it is tried again, later and later.
 * `limited`: the service wants fewer requests; `retryAfter` says when, if it said so.
 */
export type ExchangeFailure = 'human' | 'transient' | 'limited'

/** `detail` is shown to people and stored: never a secret, never free text of the service. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly kind: ExchangeFailure
  readonly detail: string
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(
    kind: ExchangeFailure,
    detail: string,
    options: { cause?: unknown; retryAfter?: number | undefined } = {},
  ) {
    super(`${kind}: ${detail}`, { cause: options.cause })
    this.kind = kind
    this.detail = detail
    this.retryAfter = options.retryAfter
  }
}

/** The token values that outlive the token, for connections of this connector. */
export function durableNames(exchange: Exchange | undefined, connector: Connector): readonly string[] {
  return exchange?.durableFor?.(connector) ?? exchange?.durable ?? []
}

/** Whether a person has to agree at the service before connections like this one have a token. */
export function asksPerson(exchange: Exchange | undefined, connection: ConnectionSettings): boolean {
  return exchange?.consent?.needed(connection) === true
}
