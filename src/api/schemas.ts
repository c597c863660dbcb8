import { z } from 'zod'
import { ID_PATTERN } from '../core/ids.ts'
import { parseCidr } from '../policy/address.ts'
import { parseRule } from '../policy/pattern.ts'
import { PERMISSIONS } from '../policy/permissions.ts'
import { CaText } from './ca_text.ts'

/** The nouns of the management API as they are sent and answered. */

const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/

export function text(max: number) {
  return z
    .string()
    .max(max)
    .refine((value) => !CONTROL.test(value), 'contains a control character')
    .refine((value) => value.isWellFormed(), 'is not valid Unicode')
}

export const Id = z
  .string()
  .regex(ID_PATTERN, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-", beginning with a letter or digit')
/** What cannot be an id is refused before the store sees it: a NUL would make PostgreSQL fail. */
export const IdParams = z.object({ id: Id })

export const Name = text(200).refine((value) => value.trim() !== '', 'must not be empty')
export const Description = text(2_000)

/** RFC 3339, any offset on input, UTC in the answer. */
export const Time = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString())
export const FutureTime = Time.refine((value) => Date.parse(value) > Date.now(), 'is in the past')

export const Tags = z.record(Id, text(200)).refine((tags) => Object.keys(tags).length <= 50, 'has more than 50 tags')

export const Cidr = z.string().superRefine((value, context) => {
  explain(context, () => parseCidr(value))
})

/** `METHOD /path`, or the name of one of the connector's grants. */
const Allow = text(2_048).superRefine((value, context) => {
  if (value.includes(' ') || !ID_PATTERN.test(value)) explain(context, () => parseRule(value))
})

const Values = z.array(text(200)).max(1000)

export const Grant = z
  .strictObject({
    connection: Id.optional(),
    connector: Id.optional(),
    tags: Tags.optional(),
    allow: z.array(Allow).max(200),
    params: z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -'), Values)
      .optional()
      .describe('Per-request parameters of the scheme and the values that calls may choose: {"company": ["5"]}'),
    credentials: z.boolean().optional(),
  })
  .superRefine((grant, context) => {
    if ((grant.connection === undefined) === (grant.connector === undefined)) {
      context.addIssue({ code: 'custom', message: 'names either a connection or a connector with tags' })
    }
    if (grant.connection !== undefined && grant.tags !== undefined) {
      context.addIssue({ code: 'custom', path: ['tags'], message: 'go with a connector, not with one connection' })
    }
  })

const LIMITABLE = [
  'connections.read',
  'connections.write',
  'connections.read_credentials',
  'connections.write_network',
] as const

export const Permission = z.union(
  [
    z.enum(PERMISSIONS),
    z
      .strictObject({ permission: z.enum(LIMITABLE), connection: Id.optional(), tags: Tags.optional() })
      .refine(
        (limited) => (limited.connection === undefined) !== (limited.tags === undefined),
        'is limited by a connection or by tags',
      ),
  ],
  { error: 'must be a permission, or a connections.* permission with a connection or tags' },
)

export const RateLimit = z.strictObject({ limit: z.int().min(1).max(1_000_000), window_s: z.int().min(1).max(86_400) })

export const Page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Cursors are ids, or look like ids. */
  cursor: z.string().regex(ID_PATTERN, 'is not a cursor of this list').optional(),
}

/** `next_cursor` is `null` on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}

export const Network = z
  .strictObject({
    allow_private: z.union([z.boolean(), z.array(Cidr).min(1).max(50)]).optional(),
    allow_http: z.boolean().optional(),
    ca: CaText.optional(),
    ca_file: CaText.optional(),
  })
  .transform(({ ca_file, ...network }) => ({
    ...network,
    ...(ca_file === undefined ? {} : { ca: network.ca ?? ca_file }),
  }))

export const Limits = z.strictObject({
  concurrent: z.int().min(1).max(10_000).optional(),
  concurrent_writes: z.int().min(1).max(10_000).optional(),
  queue: z.int().min(0).max(100_000).optional(),
  request_bytes: z
    .int()
    .min(1)
    .max(10 * 1024 ** 3)
    .optional(),
})

export const Timeouts = z.strictObject({
  connect_ms: z.int().min(100).max(60_000).optional(),
  first_byte_ms: z.int().min(100).max(600_000).optional(),
  idle_ms: z.int().min(100).max(600_000).optional(),
})

export const StringMap = z.record(z.string().max(100), z.string())

const connectionOptions = {
  tags: Tags,
  network: Network,
  limits: Limits,
  timeouts: Timeouts,
  allow_never: z.array(text(2_048)).max(100),
  replay_s: z
    .int()
    .min(0)
    .max(30 * 86_400),
}

export const ConnectionCreate = z.strictObject({
  id: Id.optional(),
  connector: Id,
  scheme: Id.optional(),
  name: Name.optional(),
  settings: StringMap.default({}),
  secrets: StringMap,
  tags: connectionOptions.tags.default({}),
  network: connectionOptions.network.default({}),
  limits: connectionOptions.limits.default({}),
  timeouts: connectionOptions.timeouts.default({}),
  allow_never: connectionOptions.allow_never.default([]),
  replay_s: connectionOptions.replay_s.default(0),
  verify: z.boolean().default(false),
})

export const ConnectionUpdate = z.strictObject({
  name: Name.optional(),
  settings: StringMap.optional(),
  secrets: StringMap.optional(),
  tags: connectionOptions.tags.optional(),
  network: connectionOptions.network.optional(),
  limits: connectionOptions.limits.optional(),
  timeouts: connectionOptions.timeouts.optional(),
  allow_never: connectionOptions.allow_never.optional(),
  replay_s: connectionOptions.replay_s.optional(),
  verify: z.boolean().default(false),
})

const TokenTimes = z.object({
  obtained_at: z.string(),
  expires_at: z.string().nullable().describe('null: the service does not say; used until it is refused'),
  renew_at: z.string().nullable(),
  identity: z.string().nullable().describe('Who it speaks for at the service, where that is known'),
})

export const Connection = z.object({
  id: z.string(),
  connector: z.string(),
  scheme: z.string(),
  name: z.string(),
  settings: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  network: z.object({
    allow_private: z.union([z.boolean(), z.array(z.string())]).optional(),
    allow_http: z.boolean().optional(),
    ca: z.string().optional(),
  }),
  limits: Limits,
  timeouts: Timeouts,
  allow_never: z.array(z.string()),
  replay_s: z.number(),
  app: z.string().nullable().describe('The connector whose configuration lends it the secrets of the application'),
  has_next: z.boolean(),
  token: TokenTimes.nullable().optional().describe('Of the token that it holds; only where one connection is read'),
  state: z.enum(['pending', 'ready', 'degraded', 'reconnect_required', 'suspended']),
  state_reason: z.string().nullable(),
  state_since: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
})

export const TestResult = z.object({
  ok: z.boolean(),
  outcome: z.enum(['accepted', 'refused', 'failed', 'untested']),
  status: z.number().nullable(),
  identity: z.string().nullable(),
  detail: z.string(),
  ms: z.number(),
})

/** What a parser of ours says of the value, as a fault of the field. */
export function explain(context: z.RefinementCtx, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
}
