import { randomBytes } from 'node:crypto'
import { bearerToken, mediaType } from './reading.ts'
import { type Call, openVendor, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

/** Where the application token is looked for: programs in use send it in each of these ways. */
export type WebCrmPlacement = 'form' | 'header' | 'query' | 'json'

export interface WebCrmOptions extends VendorOptions {
  /** `WEBCRM_AUTH_CODE` when not given. */
  readonly authCode?: string
  readonly settings?: Partial<WebCrmSettings>
}

export interface WebCrmSettings {
  placement: WebCrmPlacement
  expiresIn: number
  /** False: the application token was withdrawn. */
  codeValid: boolean
}

export interface WebCrm extends Vendor {
  /** Read at every request: change them while it runs. */
  readonly settings: WebCrmSettings
  tokensIssued(): number
  revokeTokens(): void
}

export const WEBCRM_AUTH_CODE = 'app-token-9b1c44d0'

interface State {
  readonly now: () => number
  readonly authCode: string
  readonly settings: WebCrmSettings
  /** When each access token ends. */
  readonly tokens: Map<string, number>
  issued: number
}

/** A stand-in for webCRM: log in with an application token, again whenever the hour is over. */
export async function startWebCrm(options: WebCrmOptions = {}): Promise<WebCrm> {
  const state: State = {
    now: options.now ?? Date.now,
    authCode: options.authCode ?? WEBCRM_AUTH_CODE,
    settings: { placement: 'form', expiresIn: 3600, codeValid: true, ...options.settings },
    tokens: new Map(),
    issued: 0,
  }
  const vendor = await openVendor({
    port: options.port,
    routes: () => routesOf(state),
    unknown: () => ({ status: 404, body: { Message: 'No such resource' } }),
    outage: (status) => ({ status, body: { Message: 'Outage' } }),
  })
  return {
    ...vendor,
    settings: state.settings,
    tokensIssued: () => state.issued,
    revokeTokens: () => state.tokens.clear(),
  }
}

function routesOf(state: State): Route[] {
  return [
    { method: 'POST', path: /^\/Auth\/ApiLogin$/i, token: true, answer: (call) => login(state, call) },
    {
      method: 'GET',
      path: /^\/Persons$/i,
      answer: (call) => guarded(state, call, [{ PersonId: 1, PersonName: 'Mette' }]),
    },
    { method: 'POST', path: /^\/Persons$/i, answer: (call) => guarded(state, call, { PersonId: 2 }) },
  ]
}

/** A wrong application token is a 200 that says `IsError`. */
function login(state: State, call: Call): Reply {
  if (!state.settings.codeValid || sentCode(call, state.settings.placement) !== state.authCode)
    return {
      status: 200,
      body: {
        AccessToken: null,
        RefreshToken: null,
        Error: 'invalid_grant',
        ErrorDescription: 'The application token is not valid',
        IsError: true,
        ExpiresIn: 0,
        TokenType: null,
        SystemId: 0,
      },
    }
  const accessToken = randomBytes(32).toString('hex')
  state.tokens.set(accessToken, state.now() + state.settings.expiresIn * 1000)
  state.issued++
  const body = {
    AccessToken: accessToken,
    RefreshToken: randomBytes(32).toString('hex'),
    Error: null,
    ErrorDescription: null,
    IsError: false,
    ExpiresIn: state.settings.expiresIn,
    TokenType: 'Bearer',
    SystemId: 39329,
  }
  return { status: 200, body }
}

function sentCode(call: Call, placement: WebCrmPlacement): string | undefined {
  if (placement === 'header') return call.header('authcode')
  if (placement === 'query') return named(call.query)
  if (placement === 'form')
    return mediaType(call) === 'application/x-www-form-urlencoded' ? named(new URLSearchParams(call.body)) : undefined
  return mediaType(call) === 'application/json' ? named(Object.entries(JSON.parse(call.body))) : undefined
}

/** The field `Authcode`, whatever its case. */
function named(fields: Iterable<[string, unknown]>): string | undefined {
  for (const [name, value] of fields) if (name.toLowerCase() === 'authcode') return String(value)
  return undefined
}

function guarded(state: State, call: Call, body: unknown): Reply {
  const endsAt = state.tokens.get(bearerToken(call) ?? '') ?? 0
  if (endsAt <= state.now())
    return { status: 401, body: { Message: 'Authorization has been denied for this request.' } }
  return { status: 200, body }
}
