import { PAHEKO_WRITER, type Paheko, type PahekoCredential } from './paheko.ts'
import { rawLines, rawRequest } from './raw_http.ts'

/** A closing of the till that the stand-in accepts. */
export const POSTING = {
  id_year: 1,
  type: 'REVENUE',
  date: '2026-11-21',
  label: 'Cloture de caisse 2026-11-21',
  reference: 'CAISSE-42',
  amount: 12.5,
  credit: '707',
  debit: '530',
}

/** The header that Paheko wants. */
export function basic(credential: PahekoCredential): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`
}

interface Sent {
  /** A credential, or the whole Authorization header; empty for none. */
  as?: PahekoCredential | string | undefined
  body?: unknown
  headers?: Record<string, string>
}

/** Over a raw socket: `fetch` would tidy the paths. */
export async function call(
  paheko: Paheko,
  method: string,
  path: string,
  { as = PAHEKO_WRITER, body, headers = {} }: Sent = {},
) {
  const authorization = typeof as === 'string' ? as : basic(as)
  const payload = Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
  const lines = Object.entries({ 'Content-Type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const head = rawLines(
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${paheko.port}`,
    ...(authorization ? [`Authorization: ${authorization}`] : []),
    ...lines,
    `Content-Length: ${payload.length}`,
  )
  const answer = await rawRequest(paheko.port, Buffer.concat([head, payload]))
  const text = answer.body.toString('utf8')
  return {
    status: answer.status,
    header: answer.header,
    rawHeaders: answer.rawHeaders,
    text,
    json: () => JSON.parse(text),
  }
}

export const post = (paheko: Paheko, body: unknown, as?: PahekoCredential) =>
  call(paheko, 'POST', '/api/accounting/transaction', { body, as })
