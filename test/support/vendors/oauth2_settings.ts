export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export type Grant = 'authorization_code' | 'client_credentials' | 'refresh_token' | typeof JWT_BEARER

/** Read at every request: tests change them while it runs. */
export interface OAuth2Settings {
  redirectUris: readonly string[]
  /** The one method that the client is registered for; any other is refused with 401 `invalid_client`. */
  clientAuth: 'basic' | 'post' | 'private_key_jwt' | 'none'
  /** `optional`: a request without a challenge passes, one with a challenge is held to it. */
  pkce: 'S256' | 'optional'
  /** The token request for a code must repeat the `state` (Fiken). */
  stateInExchange: boolean
  /** What assertions must be made out to, in place of the issuer or the token address. */
  audience: string | undefined
  /** Whether the jwt-bearer grant does without `sub` (Google does, RFC 7523 does not). */
  subjectOptional: boolean
  /** On refresh: a new token and the old one is spent; the same one again; or none in the answer, the old one stays. */
  rotation: 'rotate' | 'keep' | 'omit'
  accessSeconds: number
  refreshSeconds: number
  codeSeconds: number
  /** How the answer says when the access token ends; `expires_at` is in epoch seconds. */
  expiry: 'seconds' | 'milliseconds' | 'string' | 'expires_at' | 'absent'
  /** Where in the answer the token response is: `['data', 'token']`; errors stay on top. */
  nest: readonly string[]
  /** Other names for members of the token response: `{ access_token: 'accessToken' }`. */
  names: Readonly<Record<string, string>>
  /** More members of the token response: `{ instance_url: 'https://…' }`. */
  extra: Readonly<Record<string, unknown>>
  /** Every token request is refused with this error: `consent_required`. */
  tokenError: string | undefined
  /** Errors of the token endpoint come with this status; `undefined`: as RFC 6749 §5.2 has it. */
  errorStatus: number | undefined
  /** `iss` in the authorization response (RFC 9207). */
  iss: 'right' | 'wrong' | 'absent'
  state: 'returned' | 'changed' | 'absent'
  /** More parameters of the authorization response: `{ realmId: '42' }`. */
  callbackExtra: Readonly<Record<string, string>>
  /** Sign-in comes back with this error in place of a code. */
  signInError: string | undefined
  /** More members of the answer at `/whoami` and `/userinfo`. */
  identity: Readonly<Record<string, unknown>>
  /** Who signs in. */
  subject: string
  /** What may be asked for. */
  scopes: readonly string[]
}

export const DEFAULTS: OAuth2Settings = {
  redirectUris: ['http://127.0.0.1:4010/connect/callback'],
  clientAuth: 'basic',
  pkce: 'S256',
  stateInExchange: false,
  audience: undefined,
  subjectOptional: false,
  rotation: 'rotate',
  accessSeconds: 3600,
  refreshSeconds: 30 * 86_400,
  codeSeconds: 60,
  expiry: 'seconds',
  nest: [],
  names: {},
  extra: {},
  tokenError: undefined,
  errorStatus: undefined,
  iss: 'right',
  state: 'returned',
  callbackExtra: {},
  signInError: undefined,
  identity: {},
  subject: 'user-1',
  scopes: ['read', 'write', 'offline_access'],
}

/** The token response in the shape that the settings ask for. */
export function shaped(
  settings: OAuth2Settings,
  now: number,
  issued: { accessToken: string; refreshToken?: string | undefined; scope: string },
): unknown {
  const members = {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    ...expiry(settings, now),
    ...(issued.refreshToken !== undefined && { refresh_token: issued.refreshToken }),
    scope: issued.scope,
    ...settings.extra,
  }
  const renamed = Object.entries(members).map(([name, value]) => [settings.names[name] ?? name, value])
  return settings.nest.reduceRight<unknown>((inner, name) => ({ [name]: inner }), Object.fromEntries(renamed))
}

function expiry({ expiry: form, accessSeconds }: OAuth2Settings, now: number): Record<string, unknown> {
  if (form === 'absent') return {}
  if (form === 'expires_at') return { expires_at: Math.floor(now / 1000) + accessSeconds }
  if (form === 'string') return { expires_in: String(accessSeconds) }
  return { expires_in: form === 'milliseconds' ? accessSeconds * 1000 : accessSeconds }
}
