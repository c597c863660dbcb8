import type { NangoEntry } from './entry.ts'
import { type Translation, Untranslatable } from './translation.ts'

/** The part of a connector file that says how a service authenticates, for each way of the entries that has a counterpart. */
export interface Section {
  readonly scheme: string
  /** Under the key of the scheme; `undefined` where its defaults do. */
  readonly section: unknown
  /** Keys of the entry that it was made of. */
  readonly used: readonly string[]
}

export interface Way {
  /** What the scheme calls the access token. */
  readonly token: string | undefined
  make(entry: NangoEntry, texts: Translation, placements: readonly Placement[]): Section
}

/** A reference in our templates. */
const of = (name: string) => `\${${name}}`

export type Placement = Readonly<Record<string, unknown>>

const CLIENT = [
  'authorization_url',
  'token_url',
  'refresh_url',
  'authorization_params',
  'token_params',
  'refresh_params',
  'token_headers',
  'token_request_auth_method',
  'body_format',
  'scope_separator',
  'default_scopes',
  'disable_pkce',
  'expires_in_unit',
  'alternate_access_token_response_path',
]

const apiKey: Way = {
  token: undefined,
  make(_, __, placements) {
    if (placements.length === 0) throw new Untranslatable('it does not say where the key goes')
    return { scheme: 'api_key', section: placements, used: [] }
  },
}

const basic: Way = {
  token: undefined,
  make(_, texts, placements) {
    const [own, ...others] = placements
    if (own === undefined) return { scheme: 'basic', section: undefined, used: [] }
    if (others.length === 0 && 'basic' in own) {
      const { username, password } = own.basic as { username: string; password: string }
      const plain = username === of('secrets.username') && password === of('secrets.password')
      return { scheme: 'basic', section: plain ? undefined : own.basic, used: [] }
    }
    texts.left.push('the user name and the password go where the headers say, not into Basic')
    return { scheme: 'api_key', section: placements, used: [] }
  },
}

const oauth2 = (grant: 'authorization_code' | 'client_credentials'): Way => ({
  token: 'access_token',
  make(entry, texts, placements) {
    if (entry.token_url === undefined) throw new Untranslatable('it has no token_url that is one address')
    const [first, ...others] = placements
    const usual = others.length === 0 && (first === undefined || isBearer(first, of('token.access_token')))
    const section = {
      ...(grant === 'client_credentials' ? { grant } : {}),
      ...(grant === 'authorization_code' ? consent(entry, texts) : {}),
      token_url: texts.address(entry.token_url),
      ...(entry.refresh_url === undefined ? {} : { refresh_url: texts.address(entry.refresh_url) }),
      scope: of('settings.scope'),
      ...(entry.scope_separator === undefined ? {} : { scope_separator: entry.scope_separator }),
      client_auth: entry.token_request_auth_method === 'basic' ? 'basic' : 'post',
      ...params('token_params', entry.token_params, texts),
      ...params('refresh_params', entry.refresh_params, texts),
      ...params('token_headers', entry.token_headers, texts),
      ...(entry.body_format === 'json' ? { token_format: 'json' } : {}),
      ...response(entry),
      ...(usual ? {} : { apply: placements }),
    }
    return { scheme: 'oauth2', section, used: CLIENT }
  },
})

function consent(entry: NangoEntry, texts: Translation): Record<string, unknown> {
  if (entry.authorization_url === undefined) throw new Untranslatable('it has no authorization_url that is one address')
  return {
    authorization_url: texts.address(entry.authorization_url),
    ...params('authorize_params', entry.authorization_params, texts),
    ...(entry.disable_pkce ? { pkce: false } : {}),
  }
}

function response({ expires_in_unit: unit, alternate_access_token_response_path: path }: NangoEntry) {
  const rules = {
    ...(unit === 'milliseconds' ? { unit: 'ms' } : {}),
    ...(path === undefined ? {} : { access_token: path.split('.') }),
  }
  return Object.keys(rules).length === 0 ? {} : { response: rules }
}

/** What our scheme sends by itself. */
const BY_ITSELF = new Set(
  'response_type grant_type code redirect_uri client_id client_secret refresh_token state scope'.split(' '),
)

function params(key: string, given: Readonly<Record<string, string>>, texts: Translation): Record<string, unknown> {
  const own = Object.entries(given).filter(([name]) => !BY_ITSELF.has(name))
  if (own.length === 0) return {}
  return { [key]: Object.fromEntries(own.map(([name, value]) => [name, texts.text(value)])) }
}

const twoStep: Way = {
  token: 'token',
  make(entry, texts, placements) {
    const { token_url: url, token_response: answer, body_format: format = 'json' } = entry
    if (url === undefined || answer === undefined) throw new Untranslatable('it has no token_url or no token_response')
    if ('additional_steps' in entry) throw new Untranslatable('it logs in with several requests: write them by hand')
    const signs = ['signature', 'token', 'assertion'].find((key) => key in entry)
    if (signs !== undefined) throw new Untranslatable(`it makes a ${signs} of its own: see jwt_bearer and hmac`)
    if (format !== 'json' && format !== 'form') throw new Untranslatable(`it sends its login as ${format}`)
    const method = entry.token_request_method.toUpperCase()
    const body = translated(entry.token_params, texts)
    const headers = translated(entry.token_headers, texts)
    const login = {
      method,
      url: texts.address(url),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(Object.keys(body).length === 0 ? {} : { [method === 'GET' ? 'query' : format]: body }),
      extract: { token: { json: answer.token.split('.') }, ...expiry(answer.token_expiration) },
    }
    const apply =
      placements.length === 0 ? [{ header: 'Authorization', value: `Bearer ${of('token.token')}` }] : placements
    const section = { login: [login], lifetime: lifetime(entry), apply }
    const used =
      'token_url token_params token_headers token_request_method body_format token_response token_expires_in_ms'
    return { scheme: 'token_exchange', section, used: used.split(' ') }
  },
}

function translated(given: Readonly<Record<string, string>>, texts: Translation): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, texts.text(value)]))
}

function expiry(path: string | undefined) {
  return path === undefined ? {} : { expires: { json: path.split('.'), optional: true } }
}

function lifetime({ token_response: answer, token_expires_in_ms: fixed }: NangoEntry): unknown {
  const otherwise = fixed === undefined || fixed <= 0 ? {} : { otherwise_s: Math.ceil(fixed / 1000) }
  if (answer?.token_expiration === undefined) {
    return otherwise.otherwise_s === undefined ? 'none' : { fixed_s: otherwise.otherwise_s }
  }
  const at = answer.token_expiration_strategy === 'expireAt' ? 'expires_at' : 'expires_in'
  return { [at]: of('token.expires'), ...otherwise }
}

const oauth1: Way = {
  token: undefined,
  make(entry, texts) {
    const { request_url, authorization_url, token_url, signature_method } = entry
    if (request_url === undefined || authorization_url === undefined || token_url === undefined) {
      throw new Untranslatable('it does not have all of request_url, authorization_url and token_url')
    }
    const section = {
      ...(signature_method === undefined ? {} : { signature_method }),
      request_token_url: texts.address(request_url),
      authorize_url: texts.address(authorization_url),
      access_token_url: texts.address(token_url),
    }
    return { scheme: 'oauth1', section, used: ['request_url', 'authorization_url', 'token_url', 'signature_method'] }
  },
}

export function isBearer(placement: Placement, token: string): boolean {
  return String(placement.header).toLowerCase() === 'authorization' && placement.value === `Bearer ${token}`
}

/** By `auth_mode`. */
export const WAYS: Readonly<Record<string, Way>> = {
  API_KEY: apiKey,
  BASIC: basic,
  OAUTH2: oauth2('authorization_code'),
  OAUTH2_CC: oauth2('client_credentials'),
  TWO_STEP: twoStep,
  OAUTH1: oauth1,
}

/** What there is instead, for those that are not made. */
export const INSTEAD: Readonly<Record<string, string>> = {
  JWT: 'it sends JWTs that it signs itself; see the schemes jwt_bearer and http_signature',
  AWS_SIGV4: 'its region and service are not in the entry: use the connector generic-aws',
  TBA: 'use the connector netsuite',
  SIGNATURE: 'it signs in a way of its own; see the scheme hmac',
  MCP_OAUTH2: 'its addresses are found at run time',
  APP: 'it is an application of GitHub with keys of its own',
}
