import { randomUUID } from 'node:crypto'
import { type Call, Refused, type Reply } from './vendor.ts'

interface Problem {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly field?: string
}

/** Every answer has `x-tlx-request-id`. */
export function ok(status: number, body?: unknown): Reply {
  return { status, headers: { 'x-tlx-request-id': randomUUID() }, ...(body !== undefined && { body }) }
}

/** The error envelope. Messages are localised: clients must go by `code`. */
export function problem({ status, code, message, field }: Problem, headers: Record<string, string> = {}): Reply {
  const requestId = randomUUID()
  const validationMessages = field === undefined ? null : [{ field, message, path: null, rootId: null }]
  const body = {
    status,
    code,
    message,
    link: 'https://tripletex.no/v2-docs/',
    developerMessage: message,
    validationMessages,
    requestId,
  }
  return { status, headers: { 'x-tlx-request-id': requestId, ...headers }, body }
}

export function refuse(status: number, code: number, message: string, field?: string): never {
  throw new Refused(problem({ status, code, message, ...(field !== undefined && { field }) }))
}

export const unauthenticated = (): never => refuse(401, 3000, 'Unauthorized')
export const forbidden = (): never => refuse(403, 9000, 'Du har ikke tilgang til denne operasjonen.')
/** 422 names what is wrong as `arg:<name>`. */
export const invalid = (argument: string): never => refuse(422, 18000, 'Validering feilet.', `arg:${argument}`)

export const list = (values: readonly unknown[]) => ({
  fullResultSize: values.length,
  from: 0,
  count: values.length,
  versionDigest: null,
  values,
})

export function unknown(call: Call): Reply {
  // `>` as it is and not as %3E: not a path that may be sent.
  if (call.path.includes('>')) return problem({ status: 400, code: 4000, message: 'Bad Request' })
  return problem({ status: 404, code: 6000, message: 'HTTP 404 Not Found' })
}

export const outage = (status: number): Reply =>
  problem(
    { status, code: status, message: 'Ukjent feil.' },
    status === 429 ? { 'X-Rate-Limit-Limit': '1', 'X-Rate-Limit-Remaining': '0', 'X-Rate-Limit-Reset': '3' } : {},
  )
