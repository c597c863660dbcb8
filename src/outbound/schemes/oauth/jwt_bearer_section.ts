import { z } from 'zod'
import { placementsSchema } from '../placements.ts'
import { answerShape } from './oauth_answer.ts'
import { keptShape } from './oauth_kept.ts'
import { SIGNING_ALGORITHMS } from './oauth_keys.ts'

const Params = z.record(z.string().min(1), z.string())

/** The section `jwt_bearer` of a connector file; docs/schemes/jwt_bearer.md explains it with examples. */
export const jwtBearerSection = z
  .strictObject({
    token_url: z.string().min(1),
    revocation_url: z.string().min(1).optional().describe('RFC 7009; asked when the connection is deleted'),
    key: z
      .enum(['private_key', 'service_account_json'])
      .default('private_key')
      .describe('service_account_json: a Google key file pasted whole, or client_email and private_key'),
    algorithm: z.enum(SIGNING_ALGORITHMS).default('RS256'),
    kid: z.string().optional().describe('A template; by default the kid of the key, where it names one'),
    claims: z
      .record(z.string().min(1), z.string())
      .default({})
      .describe('Templates; aud is by default token_url. An empty one, or one without its setting, is left out'),
    assertion_lifetime_s: z.int().min(10).max(3600).default(180).describe('How long the signed JWT itself is good for'),
    grant_type: z.string().min(1).default('urn:ietf:params:oauth:grant-type:jwt-bearer'),
    token_params: Params.default({}).describe('More parameters of the request for a token'),
    token_headers: Params.default({}).describe('More headers of token requests'),
    token_format: z.enum(['form', 'json']).default('form'),
    consent: z
      .strictObject({
        authorization_url: z.string().min(1),
        params: Params.default({}).describe('Parameters; response_type, redirect_uri and state are added'),
      })
      .optional()
      .describe('A person agrees once in the browser, before the first token'),
    early: z.literal(false).optional().describe('No new token before the old one ended'),
    ...answerShape,
    ...keptShape,
    apply: placementsSchema.optional(),
  })
  .describe('A JWT signed with a private key is exchanged for a token (RFC 7523 §2.1).')

export type JwtBearerSection = z.infer<typeof jwtBearerSection>
