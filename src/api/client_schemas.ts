import { z } from 'zod'
import { RedirectUri } from './redirect_uri.ts'
import { Description, Grant, Id, Name, text } from './schemas.ts'

/** Applications (clients) as they are sent and answered. */

const ids = z
  .array(Id)
  .max(1_000)
  .transform((given) => [...new Set(given)].sort())

const addresses = (least: number) =>
  z
    .array(RedirectUri)
    .min(least)
    .max(50)
    .refine((given) => new Set(given).size === given.length, 'has an address twice')

export const ClientAllow = z.strictObject({
  accounts: ids.default([]),
  groups: ids.default([]),
  organizations: ids.default([]),
  authenticated: z.boolean().default(false).describe('Everybody who signs in'),
})

const Role = text(100).min(1)

const Roles = z
  .array(z.strictObject({ group: Id, role: Role }))
  .max(100)
  .refine((roles) => new Set(roles.map(({ group }) => group)).size === roles.length, 'has a group twice')

export const ClientToken = z.strictObject({
  enabled: z.boolean().default(true),
  grants: z.array(Grant).max(500).default([]),
  ttl_s: z.int().min(60).max(31_536_000).default(43_200),
})

const clientFields = {
  name: Name.describe('What people see'),
  description: Description,
  redirect_uris: addresses(1).describe('Where codes are sent; compared exactly'),
  post_logout_redirect_uris: addresses(0).describe('Where people may be sent after signing out'),
  allow: ClientAllow.describe('Who may use it'),
  methods: ids.describe('Only these sign-in methods; none: all'),
  mfa: z.boolean().describe('Two factors are asked for'),
  roles: Roles.describe('Group → role, the first that fits'),
  default_role: Role,
  token: ClientToken.describe(
    'The API key of a person that its back end gets for a code. Enabled, it needs * to be changed',
  ),
  token_in_query: z
    .boolean()
    .describe('The token in the address that the browser is sent to: for an application that knows no better'),
  disabled: z.boolean(),
}

export const ClientCreate = z.strictObject({
  id: Id.optional().describe('The client_id; made of the name when it is not given'),
  name: clientFields.name,
  description: clientFields.description.default(''),
  redirect_uris: clientFields.redirect_uris,
  post_logout_redirect_uris: clientFields.post_logout_redirect_uris.default([]),
  allow: clientFields.allow.optional().describe('Who may use it; everybody who signs in, where it is left out'),
  methods: clientFields.methods.default([]),
  mfa: clientFields.mfa.default(false),
  roles: clientFields.roles.default([]),
  default_role: clientFields.default_role.default('user'),
  token: clientFields.token
    .optional()
    .describe(
      'The API key of a person that its back end gets for a code; left out: one without grants, where you hold *',
    ),
  token_in_query: clientFields.token_in_query.default(false),
  disabled: clientFields.disabled.default(false),
})

export const ClientUpdate = z.strictObject({
  name: clientFields.name.optional(),
  description: clientFields.description.optional(),
  redirect_uris: clientFields.redirect_uris.optional(),
  post_logout_redirect_uris: clientFields.post_logout_redirect_uris.optional(),
  allow: clientFields.allow.optional(),
  methods: clientFields.methods.optional(),
  mfa: clientFields.mfa.optional(),
  roles: clientFields.roles.optional(),
  default_role: clientFields.default_role.optional(),
  token: clientFields.token.optional(),
  token_in_query: clientFields.token_in_query.optional(),
  disabled: clientFields.disabled.optional(),
})

export const Client = z.object({
  id: z.string(),
  client_id: z.string(),
  name: z.string(),
  description: z.string(),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  allow: z.object({
    accounts: z.array(z.string()),
    groups: z.array(z.string()),
    organizations: z.array(z.string()),
    authenticated: z.boolean(),
  }),
  methods: z.array(z.string()),
  mfa: z.boolean(),
  roles: z.array(z.object({ group: z.string(), role: z.string() })),
  default_role: z.string(),
  token: z.object({ enabled: z.boolean(), grants: z.array(Grant), ttl_s: z.number() }),
  token_in_query: z.boolean(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

export const ClientAnswer = Client.extend({ warnings: z.array(z.string()) })

/** `client_secret` is shown this once. */
export const NewClient = ClientAnswer.extend({ client_secret: z.string() })
