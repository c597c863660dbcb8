import { OctroiError } from '../core/errors.ts'

const PREFIX = '/forward-auth'

/** How a proxy asks. */
export interface AskedBy {
  /** Only 2xx, 401, 403 and 5xx are of use to it. */
  readonly nginx: boolean
  /** Nothing behind it checks assertions: none is signed. */
  readonly unsigned: boolean
  /** It cannot take single cookies out: the answer says which ones the application may see. */
  readonly handsCookies: boolean
  /** Envoy appends the path of the original request to ours; `null`: headers name it. */
  readonly appended: string | null
  /** What is wrong with how it asks; said once it is known that a trusted proxy is told. */
  readonly fault: string | null
}

export function isForwardAuth(target: string): boolean {
  if (!target.startsWith(PREFIX)) return false
  const next = target.charCodeAt(PREFIX.length)
  return Number.isNaN(next) || next === 47 || next === 63
}

/** Proxies that may name themselves; only one of them needs other answers. */
const KNOWN = new Set(['nginx', 'caddy', 'traefik', 'haproxy', 'envoy'])

const PLAIN: AskedBy = { nginx: false, unsigned: false, handsCookies: false, appended: null, fault: null }

let lastTarget = PREFIX
let lastAsked = PLAIN

/** A proxy asks in the same words each time: what was read last is kept. */
export function askedBy(target: string): AskedBy {
  if (target.charCodeAt(PREFIX.length) === 47)
    return { ...PLAIN, handsCookies: true, appended: target.slice(PREFIX.length) }
  if (target === lastTarget) return lastAsked
  const asked = readQuery(new URLSearchParams(target.slice(PREFIX.length + 1)))
  lastTarget = target
  lastAsked = asked
  return asked
}

/** A mistyped name would get answers that do not fit it. */
function readQuery(query: URLSearchParams): AskedBy {
  const [name, assertion] = [query.get('for'), query.get('assertion')]
  const fault =
    name !== null && !KNOWN.has(name)
      ? `for: there is no such proxy here; known are ${[...KNOWN].join(', ')}.`
      : assertion !== null && assertion !== 'none'
        ? 'assertion: may be left out, or be none.'
        : null
  const [nginx, handsCookies] = [name === 'nginx', name === 'traefik']
  return { nginx, unsigned: assertion === 'none', handsCookies, appended: null, fault }
}

/** Throws `invalid_request`. */
export function requireKnown({ fault }: AskedBy): void {
  if (fault !== null) throw new OctroiError('invalid_request', fault)
}
