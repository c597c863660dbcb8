import type { Connection, Permission } from '../core/types.ts'
import { hasTags } from './grants.ts'

/** Every permission of the management API. `*` is the administrator's: all of them, but it passes no `/proxy` without a grant. */
export const PERMISSIONS = [
  '*',
  'connectors.read',
  'connectors.write',
  'connections.read',
  'connections.write',
  'connections.read_credentials',
  'connections.write_network',
  'connect-sessions.write',
  'keys.read',
  'keys.write',
  'accounts.read',
  'accounts.write',
  'groups.read',
  'groups.write',
  'routes.read',
  'routes.write',
  'issuers.read',
  'issuers.write',
  'organizations.read',
  'organizations.write',
  'clients.read',
  'clients.write',
  'sign-in-methods.read',
  'sign-in-methods.write',
  'sessions.read',
  'sessions.write',
  'audit.read',
  'events.read',
  'webhooks.read',
  'webhooks.write',
  'status.read',
] as const

type Target = Pick<Connection, 'id' | 'tags'>

function nameOf(permission: Permission): string {
  return typeof permission === 'string' ? permission : permission.permission
}

/** The unlimited permission, or the administrator's. */
export function holdsPermission(held: readonly Permission[], name: string): boolean {
  return held.some((permission) => permission === name || permission === '*')
}

/** The permission at one connection (D7): unlimited, or limited to this connection by id or tags. */
export function holdsAtConnection(held: readonly Permission[], name: string, connection: Target): boolean {
  if (holdsPermission(held, name)) return true
  return held.some((permission) => {
    if (typeof permission === 'string' || permission.permission !== name) return false
    if (permission.connection !== undefined) return permission.connection === connection.id
    return permission.tags !== undefined && hasTags(connection.tags, permission.tags)
  })
}

/** The permission somewhere: enough to enter an operation that then asks per connection. */
export function holdsSomewhere(held: readonly Permission[], name: string): boolean {
  return held.some((permission) => nameOf(permission) === name || permission === '*')
}

export function coversPermission(held: readonly Permission[], wanted: Permission): boolean {
  if (typeof wanted === 'string') return holdsPermission(held, wanted)
  if (holdsPermission(held, wanted.permission)) return true
  return held.some((permission) => typeof permission !== 'string' && sameLimit(permission, wanted))
}

function sameLimit(held: Exclude<Permission, string>, wanted: Exclude<Permission, string>): boolean {
  if (held.permission !== wanted.permission) return false
  if (held.connection !== undefined || wanted.connection !== undefined) return held.connection === wanted.connection
  // Limited to nothing is no permission at any connection (see above), so it covers nothing.
  return held.tags !== undefined && hasTags(wanted.tags ?? {}, held.tags)
}
