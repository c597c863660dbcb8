import { rsaPair } from './rsa_pair.ts'
import { dataRoutes, stateRoute, unknown } from './superoffice_data.ts'
import { loginRoutes } from './superoffice_login.ts'
import {
  random,
  type SuperOfficeApp,
  type SuperOfficeSettings,
  type SuperOfficeState,
  signingKeys,
} from './superoffice_state.ts'
import { systemUserRoute } from './superoffice_system_user.ts'
import { openVendor, type Vendor, type VendorOptions } from './vendor.ts'

export type { SuperOfficeApp, SuperOfficeSettings } from './superoffice_state.ts'
export { IDENTITY } from './superoffice_state.ts'

export interface SuperOfficeOptions extends VendorOptions {
  readonly redirectUris?: readonly string[]
  readonly tenant?: string
  readonly settings?: Partial<SuperOfficeSettings>
}

/** `url` is the host of sign-in and state; data is at one of `hosts`. `requests` are those to `url`. */
export interface SuperOffice extends Vendor {
  readonly app: SuperOfficeApp
  readonly tenant: string
  readonly serial: string
  /** What an administrator's consent hands over. */
  readonly systemToken: string
  /** Read at every request: change them while it runs. */
  readonly settings: SuperOfficeSettings
  /** The numbered hosts, one listening port each, with what they were sent. */
  readonly hosts: readonly Vendor[]
  readonly counts: Readonly<SuperOfficeState['counts']>
  /** The tenant is served by another host from now on; the former one answers 421. */
  move(host: number): void
  /** All tickets and access tokens die before their time. */
  revokeTickets(): void
  revokeRefreshTokens(): void
}

const SETTINGS: SuperOfficeSettings = {
  approvedBy: 'administrator',
  signInError: undefined,
  consent: 'given',
  accessSeconds: 3600,
  codeSeconds: 600,
  identitySeconds: 360,
  systemUserSeconds: 2,
  toleranceSeconds: 300,
  ticketIdleSeconds: 6 * 3600,
  stateSeconds: 3600,
  state: 'Running',
}

let pair: ReturnType<typeof rsaPair> | undefined

function newState(options: SuperOfficeOptions): SuperOfficeState {
  pair ??= rsaPair()
  const redirectUris = options.redirectUris ?? ['http://127.0.0.1:4010/connect/callback']
  return {
    now: options.now ?? Date.now,
    app: { clientId: 'octroi-app-id', clientSecret: 'octroi-app-secret-1f9a', redirectUris, key: pair },
    tenant: options.tenant ?? 'Cust26759',
    serial: '1234567890',
    systemToken: `Octroi v1.0 test-${random()}`,
    settings: { ...SETTINGS, ...options.settings },
    signing: signingKeys(),
    codes: new Map(),
    refreshTokens: new Set(),
    accessTokens: new Map(),
    tickets: new Map(),
    counts: { tickets: 0, signIns: 0, refreshes: 0, states: 0 },
    hosts: [],
    currentHost: 0,
  }
}

const outage = (status: number) => ({ status, body: { Error: true, Message: 'Outage' } })

/** A stand-in for SuperOffice Online: sign-in, system users, tenant state, and two hosts of data. */
export async function startSuperOffice(options: SuperOfficeOptions = {}): Promise<SuperOffice> {
  const state = newState(options)
  const hosts = await Promise.all(
    [0, 1].map((host) => openVendor({ routes: () => dataRoutes(state, host), unknown, outage })),
  )
  state.hosts.push(...hosts.map(({ url }) => url))
  const routes = (url: string) => [...loginRoutes(state, url), systemUserRoute(state), stateRoute(state, url)]
  const login = await openVendor({ port: options.port, routes, unknown, outage })
  const { app, tenant, serial, systemToken, settings, counts } = state
  return {
    ...login,
    ...{ app, tenant, serial, systemToken, settings, hosts, counts },
    move(host) {
      state.currentHost = host
    },
    revokeTickets() {
      state.tickets.clear()
      state.accessTokens.clear()
    },
    revokeRefreshTokens: () => state.refreshTokens.clear(),
    stop: async () => void (await Promise.all([login, ...hosts].map((vendor) => vendor.stop()))),
  }
}
