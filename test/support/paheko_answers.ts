import type { ServerResponse } from 'node:http'

/** What JSON can carry; a Map where the order of numeric keys matters (JavaScript objects sort them). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json } | JsonMap
export type JsonMap = ReadonlyMap<string, Json>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** A request that the stand-in refuses: the API says so in compact JSON. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
const HTML_TYPE = { 'Content-type': 'text/html; charset=UTF-8' }

export function ok(value: Json): Answer {
  return { status: 200, headers: JSON_TYPE, body: pretty(value) }
}

export function refused(refusal: Refusal): Answer {
  return { status: refusal.status, headers: JSON_TYPE, body: `{"error":${quote(refusal.message)}}` }
}

export function html(status: number, body = '', headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...headers, ...HTML_TYPE }, body }
}

export function text(status: number, body: string): Answer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body }
}

export function attachment(name: string, body: Buffer): Answer {
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${name}"`,
  }
  return { status: 200, headers, body }
}

export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  response.writeHead(answer.status, answer.headers)
  response.end(answer.body)
}

/** JSON as PHP prints it: 4 spaces, `/` and all that is not ASCII escaped. */
export function pretty(value: Json, indent = ''): string {
  if (typeof value === 'string') return quote(value)
  if (value === null || typeof value !== 'object') return String(value)
  const inner = `${indent}    `
  const block = (open: string, items: string[], close: string) =>
    items.length === 0 ? open + close : `${open}\n${items.map((item) => inner + item).join(',\n')}\n${indent}${close}`
  if (isList(value))
    return block(
      '[',
      value.map((item) => pretty(item, inner)),
      ']',
    )
  const entries = value instanceof Map ? [...(value as JsonMap)] : Object.entries(value as Record<string, Json>)
  return block(
    '{',
    entries.map(([key, item]) => `${quote(key)}: ${pretty(item, inner)}`),
    '}',
  )
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function quote(value: string): string {
  const unicode = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, unicode)
}
