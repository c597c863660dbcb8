import { z } from 'zod'
import { placementsSchema } from '../placements.ts'
import { answerShape } from './oauth_answer.ts'
import { CLIENT_AUTH } from './oauth_client.ts'
import { keptShape } from './oauth_kept.ts'
import { SIGNING_ALGORITHMS } from './oauth_keys.ts'

const Address = z.string().min(1)
const Params = z.record(z.string().min(1), z.string())

const assertionSchema = z.strictObject({
  algorithm: z.enum(SIGNING_ALGORITHMS).default('RS256'),
  kid: z.string().optional().describe('A template; by default the kid of the key, where it is a JWK'),
  audience: z.string().optional().describe('A template; by default the address that the request goes to'),
  lifetime_s: z.int().min(10).max(3600).default(300),
  thumbprint: z.enum(['x5t', 'x5t#S256']).optional().describe('Name the certificate of the secret client_certificate'),
})

/** The section `oauth2` of a connector file, key by key; docs/schemes/oauth2.md explains it with examples. */
export const oauth2Section = z
  .strictObject({
    grant: z.enum(['authorization_code', 'client_credentials']).default('authorization_code'),
    authorization_url: Address.optional().describe('Where a person agrees; required with authorization_code'),
    token_url: Address,
    refresh_url: Address.optional().describe('By default token_url'),
    revocation_url: Address.optional().describe('RFC 7009; asked when the connection is deleted'),
    issuer: z.string().min(1).optional().describe('RFC 9207: an iss in the callback must be equal'),
    iss_required: z.boolean().default(false).describe('Refuse a callback without iss'),
    jwks_uri: Address.optional().describe('Keys that an id_token is verified with; needs issuer'),
    scope: z.string().default('').describe('A template; scopes with spaces between them'),
    scope_separator: z.string().min(1).max(3).default(' ').describe('What stands between scopes when they are sent'),
    client_auth: z.enum(CLIENT_AUTH).default('basic').describe('How the client proves itself at the token endpoint'),
    assertion: assertionSchema.optional().describe('For private_key_jwt'),
    pkce: z.union([z.literal('S256'), z.literal(false)]).default('S256'),
    authorize_params: Params.default({}).describe('More parameters of the authorization address'),
    token_params: Params.default({}).describe('More parameters of the request for a token'),
    refresh_params: Params.default({}).describe('More parameters of a refresh'),
    token_headers: Params.default({}).describe('More headers of token requests'),
    token_format: z.enum(['form', 'json']).default('form'),
    state_in_exchange: z.boolean().default(false).describe('Repeat state in the request for a token'),
    refresh: z.boolean().default(true).describe('false: a refresh token that the service gives is not used'),
    refresh_client_only: z.boolean().default(false).describe('A refresh names client_id and proves nothing'),
    early: z.literal(false).optional().describe('No new token before the old one ended'),
    ...answerShape,
    ...keptShape,
    apply: placementsSchema.optional(),
  })
  .describe('OAuth 2.0: authorization code with PKCE, or client credentials.')

export type Oauth2Section = z.infer<typeof oauth2Section>
