import { z } from 'zod'
import { Jwks } from './jwks.ts'
import { Connection, Id, Name, Network, text } from './schemas.ts'
import { HttpAddress } from './url_text.ts'

/** JWT issuers as they are sent and answered. */

/** Asymmetric ones only: whoever checks a token must not be able to make one (RFC 8725 §3.1, §3.5). */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const Text = text(2_048).min(1)

const strings = z
  .union([Text.transform((value) => [value]), z.array(Text).min(1).max(100)], {
    error: 'must be a text, or a list of 1 to 100 of them',
  })
  .transform((values) => [...new Set(values)].sort())

const Algorithms = z
  .array(z.enum(JWT_ALGORITHMS, { error: `must be one of ${JWT_ALGORITHMS.join(', ')}` }))
  .min(1)
  .transform((algorithms) => JWT_ALGORITHMS.filter((known) => algorithms.includes(known)))

/** What every token of the issuer has alike, or what no two have: neither tells callers apart. */
const TELLS_NOTHING = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'])

const Claim = text(200)
  .min(1)
  .refine((name) => !TELLS_NOTHING.has(name), 'does not tell one caller from another; name a claim that does')

const Conditions = z
  .record(Claim, strings)
  .refine((claims) => Object.keys(claims).length <= 50, 'has more than 50 claims')

const issuerFields = {
  name: Name,
  issuer: Text.describe('The iss that its tokens carry, compared exactly'),
  jwks_uri: HttpAddress.describe('Where its keys are published'),
  jwks: Jwks.describe('Its public keys, instead of jwks_uri'),
  audience: strings.describe('One of these must be in aud'),
  algorithms: Algorithms,
  typ: text(100).min(1).nullable().describe('null: JWT, at+jwt or none'),
  subject_claim: Claim,
  account: Id.nullable().describe(
    'Every token that meets the conditions is this account; null: the subject claim is its id',
  ),
  accounts: z
    .array(Id)
    .max(1_000)
    .transform((ids) => [...new Set(ids)].sort())
    .describe('The accounts that it may speak for, people too; none: every service'),
  subject: strings.describe('Short for conditions on the subject claim'),
  conditions: Conditions.describe('Claim → the values that it may have'),
  network: Network,
  clock_skew_s: z.int().min(0).max(600),
  disabled: z.boolean(),
}

export const IssuerCreate = z.strictObject({
  id: Id.optional(),
  name: issuerFields.name.optional(),
  issuer: issuerFields.issuer,
  jwks_uri: issuerFields.jwks_uri.optional(),
  jwks: issuerFields.jwks.optional(),
  audience: issuerFields.audience,
  algorithms: issuerFields.algorithms.default([...JWT_ALGORITHMS]),
  typ: issuerFields.typ.default(null),
  subject_claim: issuerFields.subject_claim.default('sub'),
  account: issuerFields.account.default(null),
  accounts: issuerFields.accounts.default([]),
  subject: issuerFields.subject.optional(),
  conditions: issuerFields.conditions.default({}),
  network: issuerFields.network.default({}),
  clock_skew_s: issuerFields.clock_skew_s.default(60),
  disabled: issuerFields.disabled.default(false),
})

export const IssuerUpdate = z.strictObject({
  name: issuerFields.name.optional(),
  issuer: issuerFields.issuer.optional(),
  jwks_uri: issuerFields.jwks_uri.optional(),
  jwks: issuerFields.jwks.optional(),
  audience: issuerFields.audience.optional(),
  algorithms: issuerFields.algorithms.optional(),
  typ: issuerFields.typ.optional(),
  subject_claim: issuerFields.subject_claim.optional(),
  account: issuerFields.account.optional(),
  accounts: issuerFields.accounts.optional(),
  subject: issuerFields.subject.optional(),
  conditions: issuerFields.conditions.optional(),
  network: issuerFields.network.optional(),
  clock_skew_s: issuerFields.clock_skew_s.optional(),
  disabled: issuerFields.disabled.optional(),
})

export const Issuer = z.object({
  id: z.string(),
  name: z.string(),
  issuer: z.string(),
  jwks_uri: z.string().nullable(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
  audience: z.array(z.string()),
  algorithms: z.array(z.string()),
  typ: z.string().nullable(),
  subject_claim: z.string(),
  account: z.string().nullable(),
  accounts: z.array(z.string()),
  conditions: z.record(z.string(), z.array(z.string())),
  network: Connection.shape.network,
  clock_skew_s: z.number(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})
