import type { z } from 'zod'
import type { Connector } from './connector.ts'
import type { TemplateScope } from './template.ts'

/** One secret that a scheme asks for. From this declaration come validation, the CLI's prompts, the API's schema and the docs. */
export interface SecretField {
  readonly title: string
  readonly description?: string | undefined
  /** `false` for what may be shown (a user name); such a value is sealed all the same. */
  readonly secret?: boolean | undefined
  readonly aliases?: readonly string[] | undefined
  readonly optional?: boolean | undefined
  /** May hold line breaks (a PEM key). Everything else is refused with a control character in it. */
  readonly multiline?: boolean | undefined
}

export type SecretFields = Readonly<Record<string, SecretField>>

/** What signing puts on a request. Header values are ready-made; query pairs are already encoded. */
export interface Signature {
  /** Flat list: name, value, name, value. */
  readonly headers: readonly string[]
  /** `name=value` pairs, already encoded, joined by `&`; empty when none. */
  readonly query: string
}

/** What a scheme may set, whatever the secrets: these are removed from what the caller sent (lower case). */
export interface SignedNames {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

/** What a connection knows of itself before its secrets are opened. */
export interface ConnectionSettings {
  readonly connector: Connector
  readonly settings: Readonly<Record<string, string>>
}

export interface ConnectionSecrets extends ConnectionSettings {
  readonly secrets: Readonly<Record<string, string>>
}

/** The part of a connector file that belongs to one scheme; its key is the scheme's id. */
export interface SchemeSection {
  readonly schema: z.ZodType
  /**
   * The section as the scheme wants it at run time, kept under `connector.compiled.schemes[id]`. `value` is `undefined` when the
   * file has no such section. Throws an `Error` that says what is wrong.
   */
  compile(value: unknown, scope: TemplateScope): unknown
}

/**
 * An outbound authentication scheme: required secrets → injected secrets → signature.
 * `sign` is pure: same connection, same signature. It throws `OctroiError` `reconnect_required` when a secret is missing or unusable.
 */
export interface Scheme {
  readonly id: string
  readonly title: string
  readonly section?: SchemeSection | undefined
  /** The fields a connection of this connector must be given. */
  requires(connector: Connector): SecretFields
  /** What programs that want the secrets themselves receive, under the exact names. All values are strings. */
  injects(connection: ConnectionSecrets): Readonly<Record<string, string>>
  names(connection: ConnectionSettings): SignedNames
  sign(connection: ConnectionSecrets): Signature
}
