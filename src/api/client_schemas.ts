import { z } from 'zod'
import { ClientOpenId, ClientOpenIdGiven, ClientOpenIdWhole } from './client_openid_schemas.ts'
import { CLIENT_TEMPLATE_NAMES } from './client_templates/index.ts'
import { RedirectUri } from './redirect_uri.ts'
import { Description, Grant, Id, Name, text } from './schemas.ts'

/** Applications (clients) as they are sent and answered. */

const ids = z
  .array(Id)
  .max(1_000)
  .transform((given) => [...new Set(given)].sort())

const Addresses = z
  .array(RedirectUri)
  .max(50)
  .refine((given) => new Set(given).size === given.length, 'has an address twice')

/**
 * `https://compta.example.org`, with a path or without: what the addresses of the application begin with. It is written into settings of
 * many kinds, so it has no character that means something in one of them.
 */
const ApplicationUrl = RedirectUri.refine(
  (url) => /^[^/]+\/\/[^/]+(?:\/[A-Za-z0-9._~%/-]*)?$/.test(url),
  'may have a path of letters, digits, "-", "_", ".", "~" and "%", and nothing behind it',
).transform((url) => url.replace(/\/+$/, ''))

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
  redirect_uris: Addresses.describe(
    'Where codes are sent; compared exactly. None only where no code is: an OpenID client without authorization_code',
  ),
  post_logout_redirect_uris: Addresses.describe('Where people may be sent after signing out'),
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

/** What an application is where nothing else is said; an id, who may use it and its token are chosen where it is made. */
export const ClientWhole = z.strictObject({
  id: Id.optional(),
  name: clientFields.name,
  description: clientFields.description.default(''),
  redirect_uris: clientFields.redirect_uris,
  post_logout_redirect_uris: clientFields.post_logout_redirect_uris.default([]),
  allow: clientFields.allow.optional(),
  methods: clientFields.methods.default([]),
  mfa: clientFields.mfa.default(false),
  roles: clientFields.roles.default([]),
  default_role: clientFields.default_role.default('user'),
  token: clientFields.token.optional(),
  token_in_query: clientFields.token_in_query.default(false),
  openid: ClientOpenIdWhole.nullable().default(null),
  disabled: clientFields.disabled.default(false),
})

/** What is given wins over the template, and that over what is usual. */
export const ClientCreate = z.strictObject({
  template: z
    .enum(CLIENT_TEMPLATE_NAMES, { error: `must be one of ${CLIENT_TEMPLATE_NAMES.join(', ')}` })
    .optional()
    .describe('Fills in what this application needs'),
  url: ApplicationUrl.optional().describe('Where the application is, for the template'),
  id: Id.optional().describe('The client_id; made of the name when it is not given'),
  name: clientFields.name.optional().describe('What people see; the template has one'),
  description: clientFields.description.optional(),
  redirect_uris: clientFields.redirect_uris.optional(),
  post_logout_redirect_uris: clientFields.post_logout_redirect_uris.optional(),
  allow: clientFields.allow.optional().describe('Who may use it; everybody who signs in, where it is left out'),
  methods: clientFields.methods.optional(),
  mfa: clientFields.mfa.optional(),
  roles: clientFields.roles.optional(),
  default_role: clientFields.default_role.optional().describe('user, unless given'),
  token: clientFields.token
    .optional()
    .describe(
      'The API key of a person that its back end gets for a code; left out: one without grants, where you hold * and it is no OpenID client',
    ),
  token_in_query: clientFields.token_in_query.optional(),
  openid: ClientOpenIdGiven.nullable().optional().describe('As a client of our OpenID provider; null: it is none'),
  disabled: clientFields.disabled.optional(),
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
  openid: ClientOpenIdGiven.nullable()
    .optional()
    .describe('Its members that are given take the place of what was there; null: it is no OpenID client any more'),
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
  openid: ClientOpenId.nullable(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

export const ClientAnswer = Client.extend({ warnings: z.array(z.string()) })

/** `client_secret` is shown this once; null for one that proves itself without: `none`, `private_key_jwt`. */
export const NewClient = ClientAnswer.extend({ client_secret: z.string().nullable() })

export const MadeClient = NewClient.extend({
  instructions: z
    .array(z.string())
    .describe('What to set at the application, where a template says it; {client_secret} stands for the secret'),
})
