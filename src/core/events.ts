import { randomId } from './ids.ts'
import type { EventRow } from './types.ts'

/** Every type of event; written with what it tells of, delivered by webhooks. */
export const EVENT_TYPES = [
  'connection.created',
  'connection.updated',
  'connection.deleted',
  'connection.degraded',
  'connection.recovered',
  'connection.reconnect_required',
  'connection.switched',
  'connection.secret_rotated',
  'key.created',
  'key.updated',
  'key.rotated',
  'key.revoked',
  'key.expiring',
  'account.created',
  'account.updated',
  'account.disabled',
  'account.enabled',
  'account.password_changed',
  'account.deleted',
  'account.invited',
  'account.linked',
  'account.unlinked',
  'account.email_added',
  'account.email_verified',
  'account.email_removed',
  'account.factor_added',
  'account.factor_removed',
  'account.recovery_code_used',
  'account.application_revoked',
  'session.started',
  'session.ended',
  'organization.created',
  'organization.updated',
  'organization.deleted',
  'sign_in_method.created',
  'sign_in_method.updated',
  'sign_in_method.deleted',
  'client.created',
  'client.updated',
  'client.rotated',
  'client.deleted',
  'consent.given',
  'consent.refused',
  'client.logout_failed',
  'group.created',
  'group.updated',
  'group.deleted',
  'route.created',
  'route.updated',
  'route.deleted',
  'issuer.created',
  'issuer.updated',
  'issuer.deleted',
  'installation.restored',
  'webhook.created',
  'webhook.updated',
  'webhook.rotated',
  'webhook.disabled',
  'webhook.deleted',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Sent when somebody asks for it, never stored. */
export const TEST_EVENT = 'webhook.test'

/** Ids sort by time, so that a list in order of id is in order of time. */
export function newEvent(
  type: EventType | typeof TEST_EVENT,
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
