import type { z } from 'zod'
import type { AuditTrail } from '../core/audit.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { KeyPrincipal } from '../core/program_types.ts'
import type { ActivityStore, HotReads, Store } from '../core/stores.ts'
import type { ValueSealer, Vault } from '../core/vault.ts'
import type { ProvidedKeys } from '../inbound/admissions.ts'
import type { ForwardAuthTraces } from '../inbound/forward_auth_traces.ts'
import type { Passwords } from '../inbound/passwords.ts'
import type { ConnectionHealth } from '../outbound/connections/health.ts'
import type { Targets } from '../outbound/connections/targets.ts'
import type { Catalogue } from '../outbound/connectors/catalogue.ts'
import type { Listener } from '../outbound/network/egress.ts'
import type { Desk } from '../outbound/onboarding/desk.ts'
import type { Drafts } from '../outbound/onboarding/draft.ts'
import type { Renewals } from '../outbound/tokens/renewals.ts'
import type { Revocations } from '../outbound/tokens/revocations.ts'
import type { WebhookSender } from '../outbound/webhooks/sender.ts'
import type { ApplicationAccess } from '../sign_in/applications/access.ts'
import type { PeopleLinks } from '../sign_in/links/links.ts'
import type { MethodParts } from '../sign_in/methods/method_kind.ts'
import type { Sessions } from '../sign_in/sessions.ts'

/** What the operations may use. */
export interface ApiParts {
  readonly store: Store
  readonly activity: ActivityStore
  /** Keys by what is known of their secret. */
  readonly hot: Pick<HotReads, 'findKey' | 'findTechName'>
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly targets: Targets
  readonly health: ConnectionHealth
  readonly renewals: Renewals
  readonly revocations: Revocations
  readonly desk: Desk
  readonly drafts: Drafts
  readonly traces: ForwardAuthTraces
  readonly webhooks: WebhookSender
  readonly trail: AuditTrail & { readonly failing: boolean }
  readonly hashKey: (secret: string) => string
  /** Of the secret of an application. */
  readonly hashClient: (secret: string) => string
  /** Seals the secrets of sign-in methods. */
  readonly methodSecrets: ValueSealer
  readonly sessions: Pick<Sessions, 'end' | 'endAll'>
  /** Which applications know a person. */
  readonly access: Pick<ApplicationAccess, 'of' | 'revoke' | 'forget'>
  /** Invitations, and ways to another password. */
  readonly links: Pick<PeopleLinks, 'give' | 'forget'>
  /** What a sign-in method is tried with. */
  readonly methodParts: MethodParts
  /** Keys whose secret the environment or a file gives. */
  readonly provided: ProvidedKeys
  readonly passwords: Pick<Passwords, 'hash'>
  readonly defaults: Defaults
  readonly listeners: () => readonly Listener[]
  readonly about: About
  readonly now: () => Date
}

/** What is taken where a field is not given, by decision of whoever runs the gate. */
export interface Defaults {
  /** `usable_when_owner_inactive` of a key. */
  readonly keysOutliveOwner: boolean
}

export interface About {
  readonly version: string
  readonly environment: string
  readonly engine: string
  readonly public_url: string
  readonly started_at: string
}

export interface Operation<Params, Query, Body> {
  readonly principal: KeyPrincipal
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly parts: ApiParts
}

type Shape = z.ZodObject
type Read<T> = T extends z.ZodType ? z.output<T> : undefined

/**
 * One operation of the management API. Router, validation, OpenAPI, typed client and docs all come from this declaration.
 * `permission`: `null` for what any valid key may do; the `connections.*` permissions may be limited to some connections, and the
 * operation then asks per connection.
 */
export interface Endpoint<
  Method extends string = string,
  Path extends string = string,
  Params extends Shape | undefined = Shape | undefined,
  Query extends Shape | undefined = Shape | undefined,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Answer extends z.ZodType | undefined = z.ZodType | undefined,
> {
  readonly name: string
  readonly method: Method
  readonly path: Path
  readonly summary: string
  readonly description?: string
  readonly permission: string | null
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** Absent: 204. */
  readonly response?: Answer
  /** The largest body, in bytes; 1 MB unless given. With more, whoever calls is known before the body is read. */
  readonly bodyBytes?: number
  /** Of success; 200 unless given. */
  readonly status?: 200 | 201 | 204
  /** Beyond those that every operation may answer (400, 401, 403, 429, 500, 503). */
  readonly errors?: readonly ErrorCode[]
  /** Fields of the answer that are shown this once and never kept. */
  readonly once?: readonly string[]
  /** A read that is recorded like a change: on disk before its answer. */
  readonly recorded?: boolean
  /** What it is about, for the audit trail: `key:1a2b3c4d`. */
  target?(params: Read<Params>, answer: unknown): string | null
  handle(
    operation: Operation<Read<Params>, Read<Query>, Read<Body>>,
  ): Promise<Answer extends z.ZodType ? z.input<Answer> : void>
}

/** Ties the types of a declaration together; it is the declaration itself that is returned. */
export function endpoint<
  const Method extends 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  const Path extends string,
  Params extends Shape | undefined = undefined,
  Query extends Shape | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(
  declaration: Endpoint<Method, Path, Params, Query, Body, Answer>,
): Endpoint<Method, Path, Params, Query, Body, Answer> {
  return declaration
}
