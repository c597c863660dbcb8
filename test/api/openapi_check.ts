import { z } from 'zod'

type Json = Record<string, unknown>

export interface DescribedOperation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Json }[]
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Json }> }
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>
}

export interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, DescribedOperation>>
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes: Record<string, Json> }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** What of an answer the description does not tell of. */
export function answerFaults(description: Description, method: string, path: string, answer: Answer): string[] {
  const response = description.paths[`/api/v1${path}`]?.[method.toLowerCase()]?.responses[String(answer.status)]
  if (response === undefined) return [`${answer.status} is not described`]
  if (response.content === undefined) return answer.body === undefined ? [] : ['a body is not described']
  const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
  const schema = response.content[type]?.schema
  if (schema === undefined) return [`${type} is not described`]
  const result = compile(description, schema).safeParse(answer.body)
  const faults = result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  // A replayed answer does not repeat what is shown once.
  return answer.headers.get('idempotent-replayed') === null
    ? faults
    : faults.filter((text) => !/^(?:key|secret|url|password|client_secret): /.test(text))
}

const compiled = new WeakMap<Json, z.ZodType>()

/** A JSON Schema of the description, ready to check with. Throws when it is not one. */
export function compile(description: Description, schema: Json): z.ZodType {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const made = z.fromJSONSchema(resolve(description, schema) as never)
  compiled.set(schema, made)
  return made
}

function resolve(description: Description, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => resolve(description, item))
  if (node === null || typeof node !== 'object') return node
  const { $ref } = node as { $ref?: unknown }
  if (typeof $ref === 'string') return resolve(description, pointed(description, $ref))
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(description, value)]))
}

/** What a `$ref` points to (RFC 6901). Throws when there is nothing. */
export function pointed(description: Description, ref: string): unknown {
  if (!ref.startsWith('#/')) throw new Error(`${ref} does not point into the document`)
  const steps = ref.slice(2).split('/')
  return steps.reduce<unknown>((node, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = (node as Json | undefined)?.[name]
    if (next === undefined) throw new Error(`${ref} points to nothing`)
    return next
  }, description)
}
