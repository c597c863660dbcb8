import type { z } from 'zod'
import type { StoredConnection } from '../core/stores.ts'
import { openHeld } from '../outbound/connections/held.ts'
import type { ApiParts } from './endpoint.ts'
import { notFound, presentConnection } from './presenting.ts'
import type { Connection } from './schemas.ts'

/** A connection with the times of its token; never a value of it. */
export async function presentConnectionWithToken(
  parts: ApiParts,
  id: string,
  stored?: StoredConnection,
): Promise<z.input<typeof Connection>> {
  const now = stored ?? (await parts.store.connections.get(id))
  if (now === undefined) throw notFound('connection', id)
  return { ...presentConnection(now.connection), token: await tokenTimes(parts, now) }
}

async function tokenTimes(parts: ApiParts, stored: StoredConnection) {
  if (stored.token?.sealed == null) return null
  // A connection that cannot be opened is shown all the same: somebody has to find out why.
  const held = await openHeld(stored, parts.vault, parts.catalogue).catch(() => undefined)
  if (held?.token == null) return null
  const { obtained_at, expires_at, renew_at, identity } = held.token
  return { obtained_at, expires_at, renew_at, identity }
}
