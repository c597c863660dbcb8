import { OctroiError } from '../core/errors.ts'

const PREFIX = '/forward-auth'

/** How a proxy asks. */
export interface AskedBy {
  /** Only 2xx, 401, 403 and 5xx are of use to it. */
  readonly nginx: boolean
  /** Envoy appends the path of the original request to ours; `null`: headers name it. */
  readonly appended: string | null
}

export function isForwardAuth(target: string): boolean {
  if (!target.startsWith(PREFIX)) return false
  const next = target.charCodeAt(PREFIX.length)
  return Number.isNaN(next) || next === 47 || next === 63
}

const PLAIN: AskedBy = { nginx: false, appended: null }
const NGINX: AskedBy = { nginx: true, appended: null }

/** Proxies that may name themselves; only one of them needs other answers. */
const KNOWN = new Set(['nginx', 'caddy', 'traefik', 'haproxy', 'envoy'])

/** What is wrong with `for` is found by `requireKnown`, once there is somebody to tell it to. */
export function askedBy(target: string): AskedBy {
  if (target.length === PREFIX.length) return PLAIN
  if (target.charCodeAt(PREFIX.length) === 47) return { nginx: false, appended: target.slice(PREFIX.length) }
  return forIn(target) === 'nginx' ? NGINX : PLAIN
}

/** Throws `invalid_request` for a proxy that is not known: a mistyped name would get answers that do not fit it. */
export function requireKnown(target: string): void {
  if (target.charCodeAt(PREFIX.length) !== 63) return
  const name = forIn(target)
  if (name === null || KNOWN.has(name)) return
  throw new OctroiError('invalid_request', `for: there is no such proxy here; known are ${[...KNOWN].join(', ')}.`)
}

function forIn(target: string): string | null {
  const query = target.slice(PREFIX.length + 1)
  const name = query.startsWith('for=') ? query.slice(4) : ''
  return KNOWN.has(name) ? name : new URLSearchParams(query).get('for')
}
