import { headerNameFault } from '../../connectors/places.ts'
import type { Template, TemplateScope, TemplateValues } from '../../connectors/template.ts'
import { ExchangeError } from '../../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings, Values } from '../../scheme.ts'
import { endpointOf } from '../endpoints.ts'
import { rendered } from '../placing.ts'

/** Templates of parameters, headers and addresses, as the OAuth schemes use them. */

export type CompiledParams = readonly (readonly [name: string, value: Template])[]

export function compileParams(
  params: Readonly<Record<string, string>> | undefined,
  compile: (value: string) => Template,
): CompiledParams {
  return Object.entries(params ?? {}).map(([name, value]) => [name, compile(value)] as const)
}

/** The parameters on top of the scheme's own: they win, an empty one takes its namesake away, one without its setting is left out. */
export function withParams(own: Values, params: CompiledParams, connection: ConnectionSecrets): Values {
  const all: Record<string, string> = { ...own }
  for (const [name, template] of params) {
    const value = rendered(template, connection)
    if (value === '') delete all[name]
    else if (value !== undefined) all[name] = value
  }
  return all
}

/** Headers of token requests. `Content-Type` belongs to the body, `Authorization` to the client where it proves itself there. */
export function compileHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  scope: TemplateScope,
  secrets: readonly string[],
  taken: readonly string[],
): CompiledParams {
  for (const name of Object.keys(headers ?? {})) {
    const fault = headerNameFault(name)
    if (fault !== undefined) throw new Error(`token_headers: ${name} ${fault}`)
    if (['content-type', ...taken].includes(name.toLowerCase()))
      throw new Error(`token_headers: ${name} is set by the scheme`)
  }
  return compileParams(headers, (value) => scope.private(value, 'header_value', secrets))
}

/** Where one address is given, a template, which a setting of the connection may replace; `undefined` where there is none. */
export function endpoint(
  scope: TemplateScope,
  name: string,
  text: string | undefined,
  place: 'endpoint' | 'optional_endpoint' | 'body' = 'endpoint',
): Template | undefined {
  return text === undefined ? undefined : scope.overridable(name, scope.public(text, place))
}

/** `undefined` where the connector names none, or its optional setting is not given. */
export function maybeAddress(template: Template | undefined, connection: ConnectionSettings): string | undefined {
  if (template === undefined || template.render({ settings: connection.settings }) === undefined) return undefined
  return endpointOf(template, connection)
}

export function addresses(templates: readonly (Template | undefined)[], connection: ConnectionSettings): string[] {
  return [...new Set(templates.flatMap((template) => maybeAddress(template, connection) ?? []))]
}

export function values(connection: ConnectionSecrets): TemplateValues {
  return { settings: connection.settings, secrets: connection.secrets, token: connection.token }
}

export function missing(name: string): ExchangeError {
  return new ExchangeError('human', `The secret ${name} is missing.`)
}
