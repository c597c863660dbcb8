import { OctroiError } from '../core/errors.ts'
import { containsKey, keyInUrl } from '../inbound/key_format.ts'
import type { Call } from './call.ts'

const PREFIX = '/proxy/'
/** Longer than any id; what is cut matches none. */
const MAX_ID = 100

/** Step one: which connection, which path. Returns the path as it was sent. */
export function match(call: Call, target: string): string {
  refuseMethod(call.method)
  const question = target.indexOf('?')
  const pathEnd = question === -1 ? target.length : question
  const slash = target.indexOf('/', PREFIX.length)
  const idEnd = slash === -1 || slash > pathEnd ? pathEnd : slash
  // A key that strayed into the URL is not for the trail, and goes no further (see `refuseUrl`).
  const strayed = containsKey(target)
  call.connectionId = strayed ? null : target.slice(PREFIX.length, Math.min(idEnd, PREFIX.length + MAX_ID))
  call.query = question === -1 ? '' : target.slice(question + 1)
  const path = idEnd === pathEnd ? '/' : target.slice(idEnd, pathEnd)
  // For the trail, until the policy has read it.
  call.path = strayed ? null : path.slice(0, 2_048)
  return path
}

function refuseMethod(method: string): void {
  if (method === 'CONNECT' || method === 'TRACE') {
    throw new OctroiError('method_not_allowed', `${method} is not served.`)
  }
}

/** What must not be in a URL; asked once it is known whom the trail shall name. */
export function refuseUrl({ query, path }: Call): void {
  if (query !== '' && /[^\x21-\x7e]|#/.test(query))
    throw new OctroiError('unsafe_path', 'The query contains a character that must be percent-encoded.')
  if (path === null) {
    throw keyInUrl()
  }
}
