import { OIDC_DEFAULTS, OIDC_PRESETS, PROCONNECT_ISSUERS, TAKEN_PARAMETERS } from './oidc_presets.ts'
import type { OidcSettings } from './oidc_settings.ts'

type Given = NonNullable<OidcSettings['claims']>
type Optional =
  | 'preset'
  | 'environment'
  | 'tenant'
  | 'issuer'
  | 'token_endpoint_auth_signing_alg'
  | 'private_key_id'
  | 'prompt'
  | 'userinfo_signed_response_alg'
  | 'hosted_domain'
  | 'claims'

type Filled<T> = { readonly [Name in keyof T]-?: Exclude<T[Name], undefined> }

/** The settings with what the preset and the defaults add: nothing is left open. */
export type ResolvedOidc = Filled<Omit<OidcSettings, Optional>> &
  Pick<OidcSettings, Exclude<Optional, 'claims' | 'issuer' | 'userinfo_signed_response_alg'>> & {
    readonly issuer: string | undefined
    readonly claims: Filled<Given>
    readonly userinfo_signed_response_alg: NonNullable<OidcSettings['userinfo_signed_response_alg']>
  }

/** What was given wins over the preset, the preset over the defaults; so do the claims, one by one. */
export function resolveOidc(given: OidcSettings): ResolvedOidc {
  const preset: Partial<OidcSettings> = given.preset === undefined ? {} : (OIDC_PRESETS[given.preset] as never)
  const merged = { ...OIDC_DEFAULTS, ...preset, ...given } as Partial<OidcSettings> &
    Filled<Omit<OidcSettings, Optional>>
  const claims = { ...OIDC_DEFAULTS.claims, ...preset.claims, ...given.claims }
  return {
    ...merged,
    claims: claims as unknown as Filled<Given>,
    issuer: merged.issuer ?? issuerOf(given),
    userinfo_signed_response_alg: merged.userinfo_signed_response_alg ?? merged.id_token_signed_response_alg,
  }
}

function issuerOf({ preset, environment, tenant }: OidcSettings): string | undefined {
  if (preset === 'proconnect') return PROCONNECT_ISSUERS[environment ?? 'production']
  if (preset === 'microsoft' && tenant !== undefined) return `https://login.microsoftonline.com/${tenant}/v2.0`
  return undefined
}

interface Fault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What the flow itself sends: a parameter of these would undo what is checked later. */
const OURS = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'claims',
  'acr_values',
  'prompt',
  'max_age',
  'request',
  'request_uri',
  'id_token_hint',
  'client_secret',
])

/** What does not fit together, each by the setting that mends it. */
export function resolvedFaults(resolved: ResolvedOidc, given: OidcSettings): readonly Fault[] {
  return [...issuerFaults(resolved), ...mappingFaults(resolved, given), ...parameterFaults(resolved)]
}

function issuerFaults({ preset, issuer, tenant, scopes, token_endpoint_auth_method, pkce }: ResolvedOidc): Fault[] {
  const faults: Fault[] = []
  if (issuer === undefined)
    faults.push(
      preset === 'microsoft'
        ? { path: ['tenant'], message: 'is required: the id of the one directory whose people may sign in' }
        : { path: ['issuer'], message: 'is required' },
    )
  // One template for all directories: an id_token of any of them would fit.
  if (/^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers|\{|%7b)/i.test(issuer ?? ''))
    faults.push({
      path: ['issuer'],
      message: 'is of every directory; name one: https://login.microsoftonline.com/{id}/v2.0',
    })
  if (tenant !== undefined && preset !== 'microsoft' && !issuer?.includes(tenant))
    faults.push({ path: ['tenant'], message: 'is known with the preset microsoft only' })
  if (!scopes.includes('openid')) faults.push({ path: ['scopes'], message: 'must contain openid' })
  if (token_endpoint_auth_method === 'none' && pkce === 'never')
    faults.push({ path: ['pkce'], message: 'may not be "never" without a client secret or key (RFC 9700 §2.1.1)' })
  return faults
}

function mappingFaults(
  { claims, group_map, allowed_domains, trust_email }: ResolvedOidc,
  given: OidcSettings,
): Fault[] {
  const faults: Fault[] = []
  const isMapped = Object.keys(group_map).length > 0
  if (isMapped && claims.groups === null)
    faults.push({
      path: ['claims', 'groups'],
      message: 'is required with group_map: where the names of the groups are',
    })
  if (!isMapped && given.claims?.groups != null)
    faults.push({ path: ['group_map'], message: 'is required with claims.groups: which group there is which one here' })
  if (allowed_domains.length > 0 && (!trust_email || claims.email === null))
    faults.push({ path: ['allowed_domains'], message: 'needs trust_email: an address that nobody verified can be any' })
  return faults
}

function parameterFaults({ authorization_parameters, preset }: ResolvedOidc): Fault[] {
  const taken = preset === undefined ? undefined : TAKEN_PARAMETERS[preset]
  return Object.keys(authorization_parameters).flatMap((name) => {
    const path = ['authorization_parameters', name]
    if (OURS.has(name)) return [{ path, message: 'is set by Octroi itself' }]
    if (taken !== undefined && !taken.includes(name))
      return [{ path, message: `is not taken by this provider, which takes ${taken.join(', ')}` }]
    return []
  })
}
