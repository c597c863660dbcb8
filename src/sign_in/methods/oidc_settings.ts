import { z } from 'zod'
import { OIDC_PRESET_NAMES, PROCONNECT_ENVIRONMENTS } from './oidc_presets.ts'
import { resolvedFaults, resolveOidc } from './oidc_resolved.ts'

/** What an administrator says of an OpenID provider. What he leaves out, the preset says, then `OIDC_DEFAULTS`. */

/** Algorithms that a provider may have registered for us (RFC 7518 §3.1, RFC 8037); `none` is no algorithm. */
const SIGNING_ALGORITHMS = [
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
  'Ed25519',
  'HS256',
  'HS384',
  'HS512',
] as const
const CLIENT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const

const Issuer = z
  .string()
  .max(2_048)
  .superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isPlain =
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      !/[?#\s\\]/.test(text)
    if (!isPlain)
      context.addIssue({ code: 'custom', message: 'must be an https:// address without user, query or fragment' })
  })

const Pointer = z
  .string()
  .max(300)
  .regex(/^(?:\/(?:[^~/]|~[01])+)+$/, 'must say where the claim is: "/email", "/realm_access/roles" (RFC 6901)')
const Value = z.string().min(1).max(300)
const Domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'must be a domain in small letters, as in example.org')

const Claims = z.strictObject({
  name: z.array(Pointer).min(1).max(4).optional().describe('Claims that make the name, joined by a space'),
  email: Pointer.nullable().optional(),
  email_verified: Pointer.nullable()
    .optional()
    .describe(
      'The claim that says that the address was verified; null: the provider has none, and trust_email alone decides',
    ),
  groups: Pointer.nullable().optional().describe('A list of names, one name, or an object whose keys are names'),
  organizations: z
    .strictObject({
      list: Pointer.nullable()
        .default(null)
        .describe('Where the list is; null: there is one organization, in the claims themselves'),
      siret: Pointer,
      label: Pointer.nullable().default(null),
    })
    .nullable()
    .optional(),
})

export const OidcSettings = z
  .strictObject({
    preset: z
      .enum(OIDC_PRESET_NAMES)
      .optional()
      .describe('What is known of a provider; every other setting wins over it'),
    environment: z.enum(PROCONNECT_ENVIRONMENTS).optional().describe('ProConnect: which one; of the RIE, the two last'),
    issuer: Issuer.optional().describe('As the provider calls itself, to the letter; a slash at the end counts'),
    tenant: z
      .guid('must be the id (GUID) of one directory; "common" and "organizations" would let anybody in')
      .optional()
      .describe('Microsoft: the id of the directory'),
    client_id: z.string().min(1).max(500),
    token_endpoint_auth_method: z
      .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
      .optional()
      .describe('How Octroi shows who it is; none needs PKCE'),
    token_endpoint_auth_signing_alg: z.enum(CLIENT_ALGORITHMS).optional().describe('With private_key_jwt'),
    private_key_id: z.string().min(1).max(200).optional().describe('With private_key_jwt: `kid` of the key'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be one scope, without spaces'))
      .min(1)
      .max(50)
      .optional(),
    id_token_signed_response_alg: z
      .enum(SIGNING_ALGORITHMS)
      .optional()
      .describe('As registered at the provider; an id_token under any other is refused'),
    userinfo: z
      .enum(['none', 'json', 'jwt'])
      .optional()
      .describe('Whether userinfo is asked, and in which form it was registered'),
    userinfo_signed_response_alg: z
      .enum(SIGNING_ALGORITHMS)
      .optional()
      .describe('With userinfo: jwt; that of the id_token otherwise'),
    claims: Claims.optional(),
    trust_email: z
      .boolean()
      .optional()
      .describe('Whether an address that the provider calls verified counts as verified here'),
    group_map: z
      .record(z.string().min(1).max(300), z.string().min(1).max(64))
      .optional()
      .describe('Group there → id of a group here'),
    numeric_subject: z.boolean().optional().describe('The provider writes `sub` as a number'),
    acr_values: z.array(Value).max(20).optional().describe('One of these is asked for, and required of the answer'),
    acr_request: z
      .enum(['acr_values', 'claims'])
      .optional()
      .describe('How it is asked for: the parameter, or `claims` as essential'),
    mfa_acr: z.array(Value).max(20).optional().describe('Values of `acr` that mean two factors'),
    mfa_amr: z.array(Value).max(20).optional().describe('Values of `amr` that mean two factors'),
    mfa_request: z
      .enum(['voluntary', 'essential'])
      .optional()
      .describe(
        'Where two factors are wanted: the provider is asked for them, or must have them; ours are asked for otherwise',
      ),
    prompt: z.enum(['login', 'consent', 'select_account']).optional(),
    reauthentication: z
      .enum(['max_age', 'login', 'select_account'])
      .optional()
      .describe(
        'How the person is made to prove himself anew: prompt=login with max_age and a checked auth_time, or the prompt alone',
      ),
    ui_locales: z.boolean().optional().describe('Whether the language of the person is sent'),
    authorization_parameters: z.record(z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/), z.string().max(1_000)).optional(),
    pkce: z.enum(['auto', 'always', 'never']).optional().describe('auto: S256 wherever the provider announces it'),
    end_session: z.boolean().optional().describe('Whether signing out here signs out at the provider'),
    allowed_domains: z.array(Domain).max(200).optional().describe('Only verified addresses of these domains'),
    hosted_domain: Domain.optional().describe('Google: the Workspace whose `hd` is required'),
  })
  .superRefine((settings, context) => {
    for (const { path, message } of resolvedFaults(resolveOidc(settings), settings))
      context.addIssue({ code: 'custom', path: [...path], message })
  })

export type OidcSettings = z.output<typeof OidcSettings>
