import { OctroiError } from '../../core/errors.ts'
import { ExchangeError, type Obtained, type StepRequest } from '../exchange.ts'

/** What went out, in the words of a recording. */

export function requestText(
  start: string,
  headers: readonly (readonly [name: string, value: string])[],
  body?: string | undefined,
): string {
  const lines = [start, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n')
  return body === undefined || body === '' ? lines : `${lines}\n\n${body}`
}

/** A request of an exchange; its headers in the order of their names. */
export function stepText({ method, url, headers = {}, body, certificate }: StepRequest): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
  const shown = certificate === undefined ? [] : [['(TLS)', 'with the client certificate'] as const]
  return requestText(`${method} ${url}`, [...sorted, ...shown], body)
}

export function obtainedText({ values, expiresAt, idleSeconds, early, identity }: Obtained, now: number): string {
  const names = Object.keys(values).sort().join(', ') || 'no value'
  const facts = [
    expiresAt === null ? 'without an end' : `for ${Math.round((expiresAt - now) / 1000)} s`,
    idleSeconds === undefined ? undefined : `${idleSeconds} s from each use`,
    early === false ? 'not renewed before its end' : undefined,
    identity === undefined ? undefined : `speaks for ${identity}`,
  ]
  return `=> token: ${[names, ...facts.filter((fact) => fact !== undefined)].join('; ')}`
}

/** The kind of a failure and what people are told of it. Anything else is a fault of the program, and thrown. */
export function failureText(error: unknown): string {
  if (error instanceof ExchangeError) {
    const after = error.retryAfter === undefined ? '' : ` (again after ${error.retryAfter} s)`
    return `=> ${error.kind}: ${error.detail}${after}`
  }
  if (error instanceof OctroiError && error.code !== 'internal') return `=> ${error.code}: ${error.detail}`
  throw error
}

/** One parameter a line, encoded as it is. */
export function addressText(url: string): string {
  const at = url.indexOf('?')
  if (at < 0) return url
  return [url.slice(0, at), ...url.slice(at + 1).split('&')]
    .map((part, i) => (i === 0 ? part : `  ${i === 1 ? '?' : '&'}${part}`))
    .join('\n')
}
