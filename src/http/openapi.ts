import { z } from 'zod'
import type { Endpoint } from '../api/endpoint.ts'
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts'

const ALWAYS: readonly ErrorCode[] = [
  'invalid_request',
  'ambiguous_credentials',
  'insecure_transport',
  'unauthenticated',
  'key_expired',
  'key_revoked',
  'not_granted',
  'rate_limited',
  'internal',
  'store_unavailable',
]

/** The OpenAPI 3.1 description of the operations, from the same declarations that the router runs. */
export function openApi(operations: readonly Endpoint[], about: { version: string; public_url: string }): object {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const path = `/api/v1${operation.path}`
    paths[path] ??= {}
    ;(paths[path] as Record<string, unknown>)[operation.method.toLowerCase()] = describe(operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Octroi management API',
      version: about.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: about.public_url }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'API-KEY' },
      },
      schemas: { Problem: PROBLEM },
    },
  }
}

function describe(operation: Endpoint): object {
  const status = String(operation.status ?? 200)
  const answer = operation.response === undefined ? {} : { content: json(operation.response, 'output') }
  return {
    operationId: operation.name,
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    tags: [operation.name.split('.')[0]],
    'x-permission': operation.permission,
    parameters: [
      ...parameters(operation.params, 'path'),
      ...parameters(operation.query, 'query'),
      ...idempotency(operation),
    ],
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            required: !operation.body.safeParse(undefined).success,
            content: json(operation.body, 'input'),
          },
        }),
    responses: { [status]: { description: 'Done', ...answer }, ...problems(operation) },
  }
}

function json(schema: z.ZodType, io: 'input' | 'output') {
  return { 'application/json': { schema: jsonSchema(schema, io) } }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return rest
}

function parameters(shape: z.ZodObject | undefined, place: 'path' | 'query'): object[] {
  if (shape === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(shape, 'input') as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

function idempotency(operation: Endpoint): object[] {
  if (operation.method !== 'POST') return []
  const description = 'The same key and body again give the first answer again; shown-once secrets are not repeated.'
  return [
    { name: 'Idempotency-Key', in: 'header', required: false, description, schema: { type: 'string', maxLength: 255 } },
  ]
}

/** Every code that the operation may answer. */
export function errorsOf(operation: Endpoint): ReadonlySet<ErrorCode> {
  const codes = [...ALWAYS, ...(operation.errors ?? [])]
  if (operation.body !== undefined) codes.push('payload_too_large')
  if (operation.method === 'POST') codes.push('idempotency_mismatch', 'busy')
  return new Set(codes)
}

function problems(operation: Endpoint): Record<string, object> {
  const codes = new Map<number, ErrorCode[]>()
  for (const code of errorsOf(operation)) {
    const { status } = ERROR_CODES[code]
    codes.set(status, [...(codes.get(status) ?? []), code])
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...codes]
      .sort(([a], [b]) => a - b)
      .map(([status, list]) => [String(status), { description: list.join(', '), content }]),
  )
}

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(ERROR_CODES) },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
    request_id: { type: 'string' },
  },
}
