import { z } from 'zod'

/** One entry of a `providers.yaml`, as far as it is understood. Everything else of it is told as left out. */

const Text = z.string().max(2000)
const Scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const Params = z.record(z.string(), Scalar)

const Field = z.looseObject({
  title: Text.optional(),
  description: Text.optional(),
  example: Scalar.optional(),
  pattern: z.string().max(500).optional(),
  optional: z.boolean().optional(),
  default_value: Scalar.optional(),
  /** Not asked for: the service says it. */
  automated: z.boolean().optional(),
})

const ProxySection = z.looseObject({
  base_url: z.string().optional(),
  headers: Params.default({}),
  query: Params.default({}),
  verification: z
    .looseObject({ method: z.string().default('GET'), endpoints: z.array(z.string()).default([]) })
    .optional(),
})

export const NangoEntry = z.looseObject({
  display_name: Text.optional(),
  auth_mode: z.string(),
  docs: z.string().optional(),
  proxy: ProxySection.prefault({}),
  connection_config: z.record(z.string(), Field).default({}),
  credentials: z.record(z.string(), Field).default({}),
  authorization_url: z.string().optional(),
  token_url: z.string().optional(),
  refresh_url: z.string().optional(),
  request_url: z.string().optional(),
  authorization_params: Params.default({}),
  token_params: Params.default({}),
  refresh_params: Params.default({}),
  token_headers: Params.default({}),
  token_request_auth_method: z.string().optional(),
  token_request_method: z.string().default('POST'),
  body_format: z.string().optional(),
  scope_separator: z.string().optional(),
  default_scopes: z.array(z.string()).default([]),
  disable_pkce: z.boolean().default(false),
  expires_in_unit: z.string().optional(),
  alternate_access_token_response_path: z.string().optional(),
  token_response: z
    .looseObject({
      token: z.string(),
      token_expiration: z.string().optional(),
      token_expiration_strategy: z.string().optional(),
    })
    .optional(),
  token_expires_in_ms: z.number().optional(),
  signature_method: z.string().optional(),
})

export type NangoEntry = z.infer<typeof NangoEntry>
export type NangoField = z.infer<typeof Field>

/** About the program that the file is for, and nothing of the service. */
const OURS_NOT = new Set('display_name categories auth_mode docs docs_connect alias setup_guide_url logo'.split(' '))

/** Keys of an entry that nothing was made of. */
export function leftKeys(raw: Readonly<Record<string, unknown>>, used: ReadonlySet<string>): string[] {
  const top = Object.keys(raw).filter((key) => !OURS_NOT.has(key) && !used.has(key))
  const proxy = raw.proxy
  const below = proxy !== null && typeof proxy === 'object' ? Object.keys(proxy) : []
  return [...top, ...below.filter((key) => !PROXY_KEYS.has(key)).map((key) => `proxy.${key}`)]
}

const PROXY_KEYS = new Set(['base_url', 'headers', 'query', 'verification'])
