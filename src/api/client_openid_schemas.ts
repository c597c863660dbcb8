import { z } from 'zod'
import {
  CLAIM_SOURCES,
  CLIENT_AUTH_METHODS,
  CLIENT_GRANT_TYPES,
  ID_TOKEN_ALGS,
  OPENID_SCOPES,
} from '../core/openid_types.ts'
import { canonicalEmail } from '../policy/email.ts'
import { claimFault } from './client_openid_claims.ts'
import { resourceFault, scopeFault } from './client_openid_resources.ts'
import { Jwks } from './jwks.ts'
import { Connection, Network, text } from './schemas.ts'
import { HttpAddress } from './url_text.ts'

/** What an application is as a client of our OpenID provider, as it is sent and answered. */

function known<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` })
}

/** In the order of the table, each once: whoever gave them in another order meant the same. */
function some<const T extends readonly [string, ...string[]]>(values: T) {
  return z
    .array(known(values))
    .min(1)
    .transform((given): T[number][] => values.filter((value) => given.includes(value)))
}

/** A text that `fault` finds nothing against. */
function checked(max: number, fault: (value: string) => string | undefined) {
  return z
    .string()
    .max(max)
    .superRefine((value, context) => {
      const message = fault(value)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
}

/** `@Example.ORG` → `@example.org`, `@café.example` → its A-labels: as addresses are compared. */
const EmailFrom = text(300).transform((given, context) => {
  if (given === 'primary') return given
  const address = given.startsWith('@') ? canonicalEmail(`x${given}`) : undefined
  if (address !== undefined) return address.slice(1)
  context.addIssue({ code: 'custom', message: 'must be primary, or @ and a domain: @example.org' })
  return z.NEVER
})

const emailFields = {
  from: EmailFrom.describe('primary: that of the account; @example.org: his verified one there'),
  required: z.boolean().describe('Who has no such address is not let in'),
}

const Email = z.strictObject({
  from: emailFields.from.default('primary'),
  required: emailFields.required.default(false),
})

const EmailGiven = z.strictObject({
  from: emailFields.from.optional(),
  required: emailFields.required.optional(),
})

const Claim = z.strictObject({
  claim: checked(127, claimFault).describe('A dot leads into an object: profile.name'),
  from: known(CLAIM_SOURCES).describe('What is said'),
  scope: known(OPENID_SCOPES).describe('It goes out with this scope'),
})

const Resource = z.strictObject({
  id: checked(1_000, resourceFault).describe('An absolute https or urn URI: the audience of its tokens'),
  scopes: z
    .array(checked(100, scopeFault))
    .max(100)
    .default([])
    .transform((given) => [...new Set(given)].sort()),
})

const EMAIL = 'Which address goes out as email: a verified one always'

const openIdFields = {
  auth_method: known(CLIENT_AUTH_METHODS).describe('How it shows who it is; none: it can keep no secret'),
  jwks: Jwks.nullable().describe('Its public keys, for private_key_jwt'),
  grant_types: some(CLIENT_GRANT_TYPES),
  id_token_alg: known(ID_TOKEN_ALGS).describe(
    'What its ID tokens are signed with; RS256 for one that knows nothing else',
  ),
  id_token_claims: z.boolean().describe('Its ID tokens say what userinfo says, for one that never asks there'),
  pkce: z.boolean().describe('PKCE with S256 is asked of it'),
  par: z.boolean().describe('Its requests have to be pushed (RFC 9126)'),
  dpop: z.boolean().describe('Its tokens are bound to a key of its own (RFC 9449)'),
  scopes: some(OPENID_SCOPES).describe('All that it may ask for, and all that its own discovery document tells'),
  claims: z.array(Claim).max(50).describe('Claims more, or in place of standard ones'),
  first_party: z.boolean().describe('The organisation’s own: nobody is asked whether it may know him'),
  max_age_s: z
    .int()
    .min(60)
    .max(31_536_000)
    .nullable()
    .describe('Who proved himself longer ago does so again; null: the session is enough'),
  resources: z.array(Resource).max(50).describe('APIs that it asks tokens for. With any, it needs * to be changed'),
  access_token_ttl_s: z.int().min(60).max(86_400),
  refresh_token_ttl_s: z.int().min(300).max(31_536_000).describe('From the sign-in; rotation does not prolong it'),
  backchannel_logout_uri: HttpAddress.nullable().describe('Where it is told that a session has ended'),
  network: Network.describe('For calls to it. Another than {} needs connections.write_network'),
}

/** What an OpenID client is where nothing else is said. */
export const ClientOpenIdWhole = z.strictObject({
  auth_method: openIdFields.auth_method.default('client_secret_basic'),
  jwks: openIdFields.jwks.default(null),
  grant_types: openIdFields.grant_types.default(['authorization_code', 'refresh_token']),
  id_token_alg: openIdFields.id_token_alg.default('ES256'),
  id_token_claims: openIdFields.id_token_claims.default(false),
  pkce: openIdFields.pkce.default(true),
  par: openIdFields.par.default(false),
  dpop: openIdFields.dpop.default(false),
  scopes: openIdFields.scopes.default(['openid', 'profile', 'email']),
  email: Email.default({ from: 'primary', required: false }).describe(EMAIL),
  claims: openIdFields.claims.default([]),
  first_party: openIdFields.first_party.default(true),
  max_age_s: openIdFields.max_age_s.default(null),
  resources: openIdFields.resources.default([]),
  access_token_ttl_s: openIdFields.access_token_ttl_s.default(600),
  refresh_token_ttl_s: openIdFields.refresh_token_ttl_s.default(2_592_000),
  backchannel_logout_uri: openIdFields.backchannel_logout_uri.default(null),
  network: openIdFields.network.default({}),
})

/** What is given of it: the rest stays as it is, or as it is without being said. */
export const ClientOpenIdGiven = z.strictObject({
  auth_method: openIdFields.auth_method.optional(),
  jwks: openIdFields.jwks.optional(),
  grant_types: openIdFields.grant_types.optional(),
  id_token_alg: openIdFields.id_token_alg.optional(),
  id_token_claims: openIdFields.id_token_claims.optional(),
  pkce: openIdFields.pkce.optional(),
  par: openIdFields.par.optional(),
  dpop: openIdFields.dpop.optional(),
  scopes: openIdFields.scopes.optional(),
  email: EmailGiven.optional().describe(EMAIL),
  claims: openIdFields.claims.optional(),
  first_party: openIdFields.first_party.optional(),
  max_age_s: openIdFields.max_age_s.optional(),
  resources: openIdFields.resources.optional(),
  access_token_ttl_s: openIdFields.access_token_ttl_s.optional(),
  refresh_token_ttl_s: openIdFields.refresh_token_ttl_s.optional(),
  backchannel_logout_uri: openIdFields.backchannel_logout_uri.optional(),
  network: openIdFields.network.optional(),
})

export const ClientOpenId = z.object({
  auth_method: z.enum(CLIENT_AUTH_METHODS),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
  grant_types: z.array(z.enum(CLIENT_GRANT_TYPES)),
  id_token_alg: z.enum(ID_TOKEN_ALGS),
  id_token_claims: z.boolean(),
  pkce: z.boolean(),
  par: z.boolean(),
  dpop: z.boolean(),
  scopes: z.array(z.enum(OPENID_SCOPES)),
  email: z.object({ from: z.string(), required: z.boolean() }),
  claims: z.array(z.object({ claim: z.string(), from: z.enum(CLAIM_SOURCES), scope: z.enum(OPENID_SCOPES) })),
  first_party: z.boolean(),
  max_age_s: z.number().nullable(),
  resources: z.array(z.object({ id: z.string(), scopes: z.array(z.string()) })),
  access_token_ttl_s: z.number(),
  refresh_token_ttl_s: z.number(),
  backchannel_logout_uri: z.string().nullable(),
  network: Connection.shape.network,
})
