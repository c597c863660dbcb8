import { z } from 'zod'
import { CREDENTIAL_KINDS } from '../core/program_types.ts'
import { canonicalRouteHost, parseRoutePath } from '../policy/routes.ts'
import { Description, explain, Id, Name, text } from './schemas.ts'

/** Routes as they are sent and answered. */

const ACCEPT_KINDS = [...CREDENTIAL_KINDS, 'session', 'anonymous'] as const

const Host = text(300)
  .superRefine((value, context) => explain(context, () => canonicalRouteHost(value)))
  .transform((value) => canonicalRouteHost(value))

const Path = text(2_048).superRefine((value, context) => explain(context, () => parseRoutePath(value)))

const Method = text(32)
  .regex(/^(?:\*|[A-Z]+(?:-[A-Z]+)*)$/, 'must be a method in capitals, or *')
  .refine((value) => value !== 'CONNECT' && value !== 'TRACE', 'is never served')

const Methods = z
  .array(Method)
  .min(1)
  .max(30)
  .refine((methods) => methods.length === 1 || !methods.includes('*'), '* stands alone: it is every method')
  .transform((methods) => [...new Set(methods)].sort())

const isSet = (kinds: readonly string[]) => new Set(kinds).size === kinds.length

const Accept = z.union(
  [
    z.strictObject({ any: z.array(z.enum(ACCEPT_KINDS)).min(1).refine(isSet, 'names a kind twice') }),
    z.strictObject({
      all: z
        .array(z.enum(CREDENTIAL_KINDS))
        .min(2, 'must be two kinds or more; where one is enough, say any')
        .refine(isSet, 'names a kind twice')
        .refine(
          (kinds) => !kinds.includes('basic') || !kinds.includes('jwt'),
          'basic and jwt stand in the same header',
        ),
    }),
  ],
  {
    error: `must be {"any": [...]} of ${ACCEPT_KINDS.join(', ')}, or {"all": [...]} of two or more of ${CREDENTIAL_KINDS.join(', ')}, but not of both basic and jwt, which stand in the same header`,
  },
)

const ids = z
  .array(Id)
  .max(1_000)
  .transform((given) => [...new Set(given)].sort())

const Allow = z.strictObject({
  keys: ids.default([]),
  accounts: ids.default([]),
  groups: ids.default([]),
  authenticated: z.boolean().default(false).describe('Everybody who proved who he is'),
})

/** As browsers send it (RFC 6454 §6.1). */
const Origin = text(300)
  .refine((value) => originOf(value) !== undefined, 'must be an origin, like https://app.example.org')
  .transform((value) => originOf(value) ?? value)

function originOf(value: string): string | undefined {
  if (!/^https?:\/\/[^/?#\\@]+\/?$/i.test(value) || !URL.canParse(value)) return undefined
  return new URL(value).origin
}

const Cors = z.strictObject({
  origins: z
    .array(Origin)
    .max(100)
    .transform((origins) => [...new Set(origins)].sort()),
})

/** Shorter, and the way to the sign-in and back would take up what it gives. */
const LEAST_AGE_S = 60
const YEAR_S = 31_536_000

const Session = z.strictObject({
  mfa: z.boolean().default(false).describe('Two factors'),
  max_age_s: z
    .number()
    .int()
    .min(LEAST_AGE_S)
    .max(YEAR_S)
    .nullable()
    .default(null)
    .describe('Seconds since the person last proved who he is, at most'),
})

const ANY_SESSION = { mfa: false, max_age_s: null }

const ALLOW_NOBODY = { keys: [], accounts: [], groups: [], authenticated: false }

export const RouteCreate = z.strictObject({
  id: Id.optional(),
  name: Name.optional(),
  description: Description.default(''),
  host: Host,
  path: Path,
  methods: Methods.default(['*']),
  accept: Accept,
  allow: Allow.default(ALLOW_NOBODY),
  cors: Cors.default({ origins: [] }).describe('Origins whose preflight requests pass without a credential'),
  session: Session.default(ANY_SESSION).describe('What a session has to have besides'),
})

export const RouteUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  host: Host.optional(),
  path: Path.optional(),
  methods: Methods.optional(),
  accept: Accept.optional(),
  allow: Allow.optional(),
  cors: Cors.optional(),
  session: Session.optional(),
})

export const Route = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  host: z.string(),
  path: z.string(),
  methods: z.array(z.string()),
  accept: z.union([
    z.object({ any: z.array(z.enum(ACCEPT_KINDS)) }),
    z.object({ all: z.array(z.enum(CREDENTIAL_KINDS)) }),
  ]),
  allow: z.object({
    keys: z.array(z.string()),
    accounts: z.array(z.string()),
    groups: z.array(z.string()),
    authenticated: z.boolean(),
  }),
  cors: z.object({ origins: z.array(z.string()) }),
  session: z.object({ mfa: z.boolean(), max_age_s: z.number().nullable() }),
  created_at: z.string(),
  updated_at: z.string(),
})

/** `warnings`: what the route does not do although it looks like it. */
export const NewRoute = Route.extend({ warnings: z.array(z.string()) })
