import { randomBytes } from 'node:crypto'
import { bearerToken, formFields } from './reading.ts'
import { type Call, openVendor, Refused, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

export interface HelloAssoOptions extends VendorOptions {
  readonly settings?: Partial<HelloAssoSettings>
}

export interface HelloAssoSettings {
  accessSeconds: number
  refreshSeconds: number
  /** Token requests in any hour; one more is a 429. */
  hourlyTokens: number
  /** False: the client is blocked. */
  clientValid: boolean
}

export interface HelloAsso extends Vendor {
  readonly clientId: string
  readonly clientSecret: string
  /** Read at every request: change them while it runs. */
  readonly settings: HelloAssoSettings
  /** Grants that succeeded. */
  granted(grant: 'client_credentials' | 'refresh_token'): number
  revokeAccess(): void
  revokeRefresh(): void
}

interface State {
  readonly now: () => number
  readonly settings: HelloAssoSettings
  /** When each token ends. */
  readonly access: Map<string, number>
  readonly refresh: Map<string, number>
  readonly grants: Record<'client_credentials' | 'refresh_token', number>
  hour: number[]
}

const CLIENT_ID = '5f0c1d4e7a'
const CLIENT_SECRET = 'helloasso-secret-c0ffee'

/** A stand-in for HelloAsso: client credentials that bring a refresh token, to be used rather than a new login. */
export async function startHelloAsso(options: HelloAssoOptions = {}): Promise<HelloAsso> {
  const state: State = {
    now: options.now ?? Date.now,
    settings: {
      accessSeconds: 1800,
      refreshSeconds: 30 * 86_400,
      hourlyTokens: 50,
      clientValid: true,
      ...options.settings,
    },
    access: new Map(),
    refresh: new Map(),
    grants: { client_credentials: 0, refresh_token: 0 },
    hour: [],
  }
  const vendor = await openVendor({
    port: options.port,
    routes: () => routesOf(state),
    unknown: () => ({ status: 404, body: { errors: [{ code: 'NotFound', message: 'Not found' }] } }),
    outage: (status) => ({ status, body: { error: 'server_error' } }),
  })
  return {
    ...vendor,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    settings: state.settings,
    granted: (grant) => state.grants[grant],
    revokeAccess: () => state.access.clear(),
    revokeRefresh: () => state.refresh.clear(),
  }
}

function routesOf(state: State): Route[] {
  return [
    { method: 'POST', path: /^\/oauth2\/token$/, token: true, answer: (call) => token(state, call) },
    { method: 'GET', path: /^\/v5\/users\/me\/organizations$/, answer: (call) => organizations(state, call) },
  ]
}

function token(state: State, call: Call): Reply {
  withinHour(state)
  const form = formFields(call, { status: 400, body: { error: 'invalid_request' } })
  const grant = form.get('grant_type')
  if (!state.settings.clientValid || form.get('client_id') !== CLIENT_ID) return oauthError('invalid_client')
  if (grant === 'client_credentials') {
    if (form.get('client_secret') !== CLIENT_SECRET) return oauthError('invalid_client')
  } else if (grant === 'refresh_token') {
    const sent = form.get('refresh_token') ?? ''
    if ((state.refresh.get(sent) ?? 0) <= state.now()) return oauthError('invalid_grant')
    state.refresh.delete(sent)
  } else return oauthError('unsupported_grant_type')
  state.grants[grant]++
  return { status: 200, body: issue(state) }
}

function withinHour(state: State): void {
  state.hour = state.hour.filter((at) => at > state.now() - 3_600_000)
  if (state.hour.length >= state.settings.hourlyTokens)
    throw new Refused({ status: 429, body: { error: 'too_many_requests' } })
  state.hour.push(state.now())
}

function issue(state: State) {
  const { accessSeconds, refreshSeconds } = state.settings
  const [access, refresh] = [randomBytes(30).toString('base64url'), randomBytes(30).toString('base64url')]
  state.access.set(access, state.now() + accessSeconds * 1000)
  state.refresh.set(refresh, state.now() + refreshSeconds * 1000)
  return { access_token: access, refresh_token: refresh, token_type: 'bearer', expires_in: accessSeconds }
}

const oauthError = (error: string): Reply => ({ status: error === 'invalid_client' ? 401 : 400, body: { error } })

function organizations(state: State, call: Call): Reply {
  const endsAt = state.access.get(bearerToken(call) ?? '') ?? 0
  if (endsAt <= state.now()) return { status: 401, body: { message: 'Unauthorized' } }
  return {
    status: 200,
    body: [{ name: 'La Ressourcerie', organizationSlug: 'la-ressourcerie', role: 'OrganizationAdmin' }],
  }
}
