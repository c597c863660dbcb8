import { randomId } from './ids.ts'
import type { EventRow } from './types.ts'

/** Every type of event; written from the start, delivered by webhooks. */
export type EventType =
  | 'connection.created'
  | 'connection.updated'
  | 'connection.deleted'
  | 'connection.degraded'
  | 'connection.recovered'
  | 'connection.reconnect_required'
  | 'connection.switched'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'key.expiring'
  | 'account.created'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.deleted'
  | 'installation.restored'

/** Ids sort by time, so that a list in order of id is in order of time. */
export function newEvent(
  type: EventType,
  subject: string,
  data: Readonly<Record<string, unknown>> = {},
  now = new Date(),
): EventRow {
  return {
    id: `${now.getTime().toString(36).padStart(9, '0')}-${randomId(8)}`,
    type,
    subject,
    at: now.toISOString(),
    data,
  }
}
