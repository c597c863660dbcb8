import { Refusal } from './paheko_answers.ts'

/** What a request says, whatever its encoding: nested as PHP nests `lines[0][account]`. */
export type Params = { [key: string]: unknown }

/** The fields of a body in JSON, urlencoded or multipart. A body of another type has none. */
export async function bodyParams(body: Buffer, contentType: string): Promise<Params> {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json') return jsonParams(body)
  if (type === 'application/x-www-form-urlencoded') return nest(new URLSearchParams(body.toString('utf8')))
  if (type === 'multipart/form-data') return multipartParams(body, contentType)
  return {}
}

export function queryParams(query: string): Params {
  return nest(new URLSearchParams(query))
}

function jsonParams(body: Buffer): Params {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (isParams(value)) return value
  } catch {
    // Said below, like any other JSON that is not an object.
  }
  throw new Refusal(400, 'Invalid JSON object')
}

async function multipartParams(body: Buffer, contentType: string): Promise<Params> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
    const fields: [string, string][] = []
    for (const [name, value] of form) if (typeof value === 'string') fields.push([name, value])
    return nest(fields)
  } catch {
    return {} // PHP, too, sees no field in a multipart body that it cannot read.
  }
}

export function isParams(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nest(fields: Iterable<[string, string]>): Params {
  const params: Params = Object.create(null)
  for (const [name, value] of fields) put(params, name, value)
  return params
}

function put(params: Params, name: string, value: string): void {
  const [, first = name, rest = ''] = /^([^[]+)((?:\[[^\]]*\])*)$/.exec(name) ?? []
  const keys = [first, ...[...rest.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '')]
  let at = params
  for (const key of keys.slice(0, -1)) at = child(at, key)
  at[keyIn(at, keys.at(-1) ?? '')] = value
}

function child(params: Params, key: string): Params {
  const name = keyIn(params, key)
  const found = params[name]
  if (isParams(found)) return found
  const made: Params = Object.create(null)
  params[name] = made
  return made
}

/** `[]` means the next free index. */
function keyIn(params: Params, key: string): string {
  return key === '' ? String(Object.keys(params).length) : key
}

/** A field as text; undefined where it is absent or empty. */
export function textOf(params: Params, name: string): string | undefined {
  const value = params[name]
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const trimmed = String(value).trim()
  return trimmed === '' ? undefined : trimmed
}
