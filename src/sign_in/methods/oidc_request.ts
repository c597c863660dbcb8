import type { ServerMetadata } from 'openid-client'
import type { ResolvedOidc } from './oidc_resolved.ts'

export interface Asking {
  readonly state: string
  readonly nonce: string
  readonly redirectUri: string
  readonly language: string
  readonly fresh: boolean
  readonly mfa: boolean
  /** S256 of the verifier; `undefined` without PKCE. */
  readonly challenge: string | undefined
}

/** S256 wherever it is announced, or where the administrator knows better (RFC 9700 §2.1.1). */
export function usesPkce({ pkce }: Pick<ResolvedOidc, 'pkce'>, metadata: ServerMetadata): boolean {
  if (pkce !== 'auto') return pkce === 'always'
  return metadata.code_challenge_methods_supported?.includes('S256') === true
}

/** The parameters of an authorization request (OpenID Connect Core §3.1.2.1), and none that a setting does not ask for. */
export function authorizationParameters(settings: ResolvedOidc, asking: Asking): Record<string, string> {
  const { prompt, reauthentication, ui_locales: sendsLanguage, hosted_domain: hosted } = settings
  const again = reauthentication === 'select_account' ? 'select_account' : 'login'
  const shownPrompt = asking.fresh ? again : prompt
  return {
    ...settings.authorization_parameters,
    response_type: 'code',
    scope: settings.scopes.join(' '),
    redirect_uri: asking.redirectUri,
    state: asking.state,
    nonce: asking.nonce,
    ...(asking.challenge === undefined ? {} : { code_challenge: asking.challenge, code_challenge_method: 'S256' }),
    ...(shownPrompt === undefined ? {} : { prompt: shownPrompt }),
    ...(asking.fresh && reauthentication === 'max_age' ? { max_age: '0' } : {}),
    ...(sendsLanguage ? { ui_locales: asking.language } : {}),
    ...(hosted === undefined ? {} : { hd: hosted }),
    ...strictness(settings, asking.mfa),
  }
}

/** How strictly the person is to be checked; whether he was, the id_token says afterwards. */
function strictness(settings: ResolvedOidc, mfa: boolean): Record<string, string> {
  const { acr_values: required, acr_request: how, mfa_acr: two, mfa_request: urgency } = settings
  const both = required.length === 0 ? two : required.filter((acr) => two.includes(acr))
  const values = mfa && both.length > 0 ? both : required
  if (how === 'acr_values') return values.length === 0 ? {} : { acr_values: values.join(' ') }
  const isEssential = required.length > 0 || urgency === 'essential'
  const acr = values.length === 0 ? null : { essential: isEssential, values }
  return { claims: JSON.stringify({ id_token: { acr, amr: null } }) }
}
