import { z } from 'zod'
import { discoveredAllowed } from '../connectors/discovered.ts'
import { endpointFault, headerNameFault, headerValueFault, type Place } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import { encodeRfc3986 } from '../connectors/template_functions.ts'
import { ExchangeError, type StepRequest } from '../exchange.ts'
import { beside, endpointOf } from '../schemes/endpoints.ts'
import { unusable } from '../schemes/placing.ts'
import { bodyFault, bodySchema, type CompiledBody, compileBody, compilePairs, type Pair, writePairs } from './body.ts'
import { type Running, type StepScope, textOf } from './running.ts'

/** The request of a step. */

export const requestSchema = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
  url: z
    .string()
    .min(1)
    .describe('A template over settings; or over an address that an earlier step gave, which must be one of "hosts"'),
  headers: z.record(z.string().min(1), z.string()).default({}),
  query: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe('Ends up in the logs of the service: only what it takes nowhere else'),
  ...bodySchema,
})

export type RequestText = z.infer<typeof requestSchema>

export interface CompiledRequest {
  readonly method: StepRequest['method']
  readonly url: Template
  /** What the settings alone say of it: the whole, or its beginning up to a value. `undefined` where the service names the host. */
  readonly fixed: Template | undefined
  readonly headers: readonly Pair[]
  readonly query: readonly Pair[]
  readonly body: CompiledBody | undefined
}

/** `mayLack`: the address may need a setting that is not given; the step is then not made. */
export function compileRequest(request: RequestText, into: StepScope, mayLack: boolean): CompiledRequest {
  const fault = request.method === 'GET' ? getFault(request) : bodyFault(request)
  if (fault !== undefined) throw new Error(fault)
  const { scope, names } = into
  return {
    method: request.method,
    ...compileAddress(request.url, into, mayLack ? 'optional_endpoint' : 'endpoint'),
    headers: Object.entries(request.headers).map(
      ([name, value]) => [scope.public(name, 'header_name'), scope.step(value, 'header_value', names)] as const,
    ),
    query: compilePairs(request.query, into),
    body: compileBody(request, into),
  }
}

/** All templates that may use secrets or values. */
export function requestTemplates({ url, headers, query, body }: CompiledRequest): readonly Template[] {
  return [url, ...[...headers, ...query].map(([, value]) => value), ...(body?.templates ?? [])]
}

/** A value may stand in the path or query of an address that the settings fix, encoded; or the address is one that the service gave. */
function compileAddress(
  text: string,
  { scope, names }: StepScope,
  place: Place,
): Pick<CompiledRequest, 'url' | 'fixed'> {
  const url = scope.discovered(text, place, names.token)
  const values = url.references.filter((name) => name.startsWith('token.'))
  if (values.length === 0) return { url, fixed: url }
  const beginning = text.slice(0, text.search(/\$\{[^}]*\btoken\./))
  const hostIsFixed = beginning
    .replace(/^https?:\/\//i, '')
    .replace(/\$\{[^}]*\}/g, 'x')
    .includes('/')
  if (!hostIsFixed) {
    if (!scope.namesHosts) throw new Error('url: comes from the service: "hosts" must say which hosts it may be')
    return { url, fixed: undefined }
  }
  const bare = values.find((name) => !url.wrapped.has(name))
  if (bare !== undefined) throw new Error(`url: ${bare} stands in a path: write \${url(${bare})}`)
  return { url, fixed: scope.public(beginning, place) }
}

/** Throws `OctroiError` for what is wrong with what the connection holds, and `ExchangeError` for an address of the service. */
export function writeRequest(request: CompiledRequest, step: Running): StepRequest {
  const body = request.body?.write(step)
  const contentType = body === undefined ? {} : { 'content-type': request.body?.contentType ?? '' }
  return {
    method: request.method,
    url: withQuery(addressOf(request, step), writePairs(request.query, step)),
    headers: { accept: 'application/json, */*;q=0.5', ...contentType, ...writeHeaders(request.headers, step) },
    ...(body !== undefined && { body }),
  }
}

function addressOf({ url, fixed }: CompiledRequest, step: Running): string {
  if (fixed === url) return endpointOf(url, step.connection)
  const { connector, settings, token } = step.connection
  const written = url.render({ settings, token })
  const address = written && URL.canParse(written) ? beside(written, step.connection) : written
  const isGood = address !== undefined && endpointFault(address) === undefined
  const beginning = fixed && new URL(endpointOf(fixed, step.connection))
  if (isGood && beginning !== undefined && new URL(address).origin === beginning.origin) return address
  // An answer must not be able to send secrets anywhere.
  if (isGood && fixed === undefined && discoveredAllowed(connector, settings, address)) return address
  const why = fixed === undefined ? 'which the service gave, is not one of the hosts' : 'cannot be written'
  throw new ExchangeError('human', `The address for ${step.title}, ${why}.`)
}

function withQuery(address: string, pairs: readonly (readonly [string, string])[]): string {
  const query = pairs.map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`).join('&')
  if (query === '') return address
  return `${address}${address.includes('?') ? '&' : '?'}${query}`
}

function writeHeaders(headers: readonly Pair[], step: Running): Record<string, string> {
  const written: Record<string, string> = {}
  for (const [template, value] of headers) {
    const text = textOf(value, step)
    if (text === undefined) continue
    const name = template.render({ settings: step.connection.settings }) ?? ''
    const fault = headerNameFault(name) ?? headerValueFault(text)
    if (fault !== undefined) throw unusable(step.connection, `The value for the header ${template.text} ${fault}.`)
    written[name.toLowerCase()] = text
  }
  return written
}

function getFault(request: RequestText): string | undefined {
  const { form, json, xml, raw } = request
  const hasBody = [form, json, xml, raw].some((kind) => kind !== undefined)
  return hasBody ? 'is a GET, which has no body' : bodyFault(request)
}
