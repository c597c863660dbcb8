import { z } from 'zod'
import { EVENT_TYPES } from '../core/events.ts'
import { signingKeyFault } from '../outbound/webhooks/signing.ts'
import { Connection, Id, Name, Network } from './schemas.ts'
import { HttpAddress } from './url_text.ts'

/** Webhooks and their deliveries as they are sent and answered. */

const SigningKey = z.string().superRefine((value, context) => {
  const fault = signingKeyFault(value)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const Types = z
  .array(z.enum([...EVENT_TYPES, '*']))
  .min(1)
  .max(100)
  .transform((types) => [...new Set(types)].sort())

export const WebhookCreate = z.strictObject({
  id: Id.optional(),
  name: Name.optional(),
  url: HttpAddress,
  types: Types.default(['*']),
  network: Network.default({}),
  disabled: z.boolean().default(false),
  /** One that the receiver has already; made here when not given. */
  secret: SigningKey.optional(),
})

export const WebhookUpdate = z.strictObject({
  name: Name.optional(),
  url: HttpAddress.optional(),
  types: Types.optional(),
  network: Network.optional(),
  disabled: z.boolean().optional(),
  /** `new`, `keep`, or one that the receiver has already; must be said with a change of the address or the network. */
  secret: z.union([z.enum(['new', 'keep']), SigningKey], { error: 'must be new, keep, or a whsec_ secret' }).optional(),
})

export const WebhookState = z.enum(['active', 'disabled', 'suspended'])

export const Webhook = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  network: Connection.shape.network,
  state: WebhookState,
  state_reason: z.string().nullable(),
  state_since: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string().nullable(),
})

/** `secret` is shown this once; `null` when none was made. */
export const WebhookWithSecret = Webhook.extend({ secret: z.string().nullable() })

export const DeliveryState = z.enum(['waiting', 'delivered', 'failed', 'cancelled', 'suspended'])

export const Delivery = z.object({
  /** The event's id, and the `webhook-id` of each attempt. */
  id: z.string(),
  type: z.string(),
  state: DeliveryState,
  attempts: z.number(),
  next_attempt_at: z.string().nullable(),
  last_attempt_at: z.string().nullable(),
  last_status: z.number().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
})

export const WebhookTestResult = z.object({
  ok: z.boolean(),
  status: z.number().nullable(),
  detail: z.string(),
  ms: z.number(),
})
