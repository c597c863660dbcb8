import type { FieldError } from '../core/errors.ts'
import { type ClientResource, OPENID_SCOPES } from '../core/openid_types.ts'

/** APIs of an application, for which it asks tokens (RFC 8707 §2): what may be an audience, and a scope of one. */

const URN = /^urn:[a-z0-9][a-z0-9-]{0,30}[a-z0-9]:[\x21-\x7e]+$/
const HTTPS = /^https:\/\/[a-z0-9[][^/?]*(?:[/?]|$)/
/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/

/** What stands against the id of an API. It is compared as text, so it has one way to be written. */
export function resourceFault(id: string): string | undefined {
  if (/[^\x21-\x7e]|[\\"<>^`{|}*]/.test(id)) return 'may hold printable ASCII only, without spaces and wildcards'
  if (id.includes('#')) return 'may not have a fragment'
  if (URN.test(id)) return undefined
  if (!HTTPS.test(id) || !URL.canParse(id))
    return 'must be an absolute https:// address, its host in small letters, or a urn:'
  const { username, password, host } = new URL(id)
  if (username !== '' || password !== '' || id.includes('@')) return 'may not hold a user name or password'
  const behind = id.slice(`https://${host}`.length)
  const isAsWritten = id.startsWith(`https://${host}`) && /^(?:[/?]|$)/.test(behind)
  return isAsWritten ? undefined : 'must have its host in small letters, without the port 443'
}

export function scopeFault(scope: string): string | undefined {
  if (!SCOPE.test(scope)) return 'must be 1 to 100 printable ASCII characters, without spaces, " and \\'
  const isOurs = (OPENID_SCOPES as readonly string[]).includes(scope)
  return isOurs ? 'is a scope of Octroi itself; an API has scopes of its own' : undefined
}

/** `publicUrl`: ours; a token for that would be one that we believe ourselves. */
export function resourceConflicts(path: string, resources: readonly ClientResource[], publicUrl: string): FieldError[] {
  const own = new URL(publicUrl)
  return resources.flatMap(({ id }, i) => {
    const first = resources.findIndex((resource) => resource.id === id)
    if (first !== i) return [{ path: `${path}.${i}.id`, message: `is there twice (see ${path}.${first})` }]
    const isOurs = id.startsWith('https://') && new URL(id).host === own.host
    return isOurs ? [{ path: `${path}.${i}.id`, message: 'is Octroi itself; name the API of the application' }] : []
  })
}
