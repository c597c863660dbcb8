import { z } from 'zod'
import { Cidr, Description, FutureTime, Grant, Id, Name, Permission, RateLimit } from './schemas.ts'

/** API keys as they are sent and answered. */

/** Codes of groups: a set, written in one order. */
export const GroupIds = z
  .array(Id)
  .max(100)
  .transform((ids) => [...new Set(ids)].sort())

const keyFields = {
  name: Name,
  description: Description.default(''),
  grants: z.array(Grant).max(500).default([]),
  permissions: z.array(Permission).max(100).default([]),
  groups: GroupIds.nullable()
    .default(null)
    .describe('null: those of its account, whatever they become; a list, even an empty one: exactly these'),
  tech_name: Id.nullable()
    .default(null)
    .describe('By this name the environment or a file provides the secret, as [api_key_NAME]'),
  cidrs: z.array(Cidr).max(100).default([]),
  rate_limit: RateLimit.nullable().default(null),
  usable_when_owner_inactive: z
    .boolean()
    .optional()
    .describe('Not given: what OCTROI_KEYS_OUTLIVE_OWNER says at this moment'),
}

export const KeyCreate = z.strictObject({
  account: Id.optional(),
  expires_at: FutureTime.nullable().default(null),
  ...keyFields,
})

export const KeyImport = KeyCreate.extend({
  secret: z
    .string()
    .min(8)
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces'),
  allow_weak: z.boolean().default(false),
})

export const KeyUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  disabled: z.boolean().optional(),
  grants: keyFields.grants.unwrap().optional(),
  permissions: keyFields.permissions.unwrap().optional(),
  groups: GroupIds.nullable().optional(),
  tech_name: Id.nullable().optional(),
  cidrs: keyFields.cidrs.unwrap().optional(),
  rate_limit: RateLimit.nullable().optional(),
  expires_at: FutureTime.nullable().optional(),
  usable_when_owner_inactive: z.boolean().optional(),
})

export const ApiKey = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  description: z.string(),
  grants: z.array(Grant),
  permissions: z.array(Permission),
  groups: z.array(z.string()).nullable().describe('null: those of its account'),
  tech_name: z.string().nullable(),
  provided: z
    .boolean()
    .describe(
      'The environment or a file provides its secret: it cannot be rotated here, and the stored one does not work',
    ),
  cidrs: z.array(z.string()),
  rate_limit: RateLimit.nullable(),
  imported: z.boolean(),
  usable_when_owner_inactive: z.boolean(),
  environment: z.string(),
  state: z.enum(['active', 'disabled', 'expired', 'revoked']),
  expires_at: z.string().nullable(),
  disabled_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string().nullable(),
})

export const NewKey = ApiKey.extend({ key: z.string(), warnings: z.array(z.string()) })
