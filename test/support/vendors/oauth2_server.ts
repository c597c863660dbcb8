import type { KeyObject } from 'node:crypto'
import { TOKEN_PATHS } from './oauth2_clients.ts'
import { authorize, type OAuth2State, revoke, token } from './oauth2_grants.ts'
import { DEFAULTS, type Grant, JWT_BEARER, type OAuth2Settings } from './oauth2_settings.ts'
import { type Family, Tokens } from './oauth2_tokens.ts'
import { bearerToken } from './reading.ts'
import { type RsaPair, rsaPair } from './rsa_pair.ts'
import { type Call, openVendor, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

export { type Grant, JWT_BEARER, type OAuth2Settings } from './oauth2_settings.ts'

export interface OAuth2ServerOptions extends VendorOptions {
  readonly settings?: Partial<OAuth2Settings>
  /** In place of `clientKey`, for private_key_jwt. */
  readonly clientPublicKey?: KeyObject
  /** In place of `assertionKey`, for the jwt-bearer grant. */
  readonly assertionPublicKey?: KeyObject
}

/**
 * `url` is the issuer; under it are `/authorize`, `/token`, `/revoke` (each also at `/oauth/…`, the last two at
 * `/services/oauth2/…`), `/resource` and what is below it, `/whoami`, `/oauth/userinfo`, `/accounts`, `/companies`.
 */
export interface OAuth2Server extends Vendor {
  readonly clientId: string
  /** Holds characters that Basic must escape. */
  readonly clientSecret: string
  readonly clientKey: RsaPair
  /** Who signs for the jwt-bearer grant (`iss`), and the key to do it with. */
  readonly assertionIssuer: string
  readonly assertionKey: RsaPair
  /** Read at every request: change them while it runs. */
  readonly settings: OAuth2Settings
  /** Token requests by grant that asked and that were served. */
  requested(grant: Grant): number
  granted(grant: Grant): number
  /** Families that died because a spent refresh token, or a code, came again. */
  familiesKilled(): number
  revocations(): number
  /** Access tokens die before their time; refresh tokens stay. */
  revokeAccess(): void
  /** Everything that was ever given dies. */
  revokeAll(): void
}

const CLIENT_ID = 'octroi-client'
const CLIENT_SECRET = 's3cret+with/odd:parts%&'
const ASSERTION_ISSUER = 'robot@project.example'

let pairs: { client: RsaPair; assertion: RsaPair } | undefined

function counters(): Record<Grant, number> {
  return { authorization_code: 0, client_credentials: 0, refresh_token: 0, [JWT_BEARER]: 0 }
}

/** A small OAuth2 server that can be strict, and odd in the ways that servers in use are odd. */
export async function startOAuth2Server(options: OAuth2ServerOptions = {}): Promise<OAuth2Server> {
  pairs ??= { client: rsaPair(), assertion: rsaPair() }
  const now = options.now ?? Date.now
  const settings = { ...DEFAULTS, ...options.settings }
  const publicKey = options.clientPublicKey ?? pairs.client.publicKey
  const started = {
    now,
    settings,
    tokens: new Tokens(settings, now),
    client: { id: CLIENT_ID, secret: CLIENT_SECRET, publicKey },
    assertions: { issuer: ASSERTION_ISSUER, publicKey: options.assertionPublicKey ?? pairs.assertion.publicKey },
    seenIds: new Set<string>(),
    granted: counters(),
    requested: counters(),
    revocations: 0,
  }
  const state: OAuth2State = Object.assign(started, { issuer: '' })
  const vendor = await openVendor({
    port: options.port,
    routes: (url) => routesOf(Object.assign(state, { issuer: url })),
    unknown: () => ({ status: 404, body: { error: 'not_found' } }),
    outage: (status) => ({
      status,
      headers: status === 429 || status === 503 ? { 'Retry-After': '7' } : {},
      body: { error: 'temporarily_unavailable' },
    }),
  })
  const keys = { clientKey: pairs.client, assertionKey: pairs.assertion, assertionIssuer: ASSERTION_ISSUER }
  return { ...vendor, ...keys, ...switches(state), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, settings }
}

function switches(state: OAuth2State) {
  const { tokens } = state
  return {
    requested: (grant: Grant) => state.requested[grant],
    granted: (grant: Grant) => state.granted[grant],
    familiesKilled: () => tokens.familiesKilled,
    revocations: () => state.revocations,
    revokeAccess: () => tokens.access.clear(),
    revokeAll() {
      tokens.access.clear()
      tokens.refresh.clear()
    },
  }
}

function routesOf(state: OAuth2State): Route[] {
  const guarded = (path: RegExp, answer: (family: Family, call: Call) => unknown): Route => ({
    method: '*',
    path,
    answer: (call) => withToken(state, call, (family) => answer(family, call)),
  })
  return [
    { method: 'GET', path: /^\/\.well-known\/oauth-authorization-server$/, answer: () => metadata(state) },
    { method: 'GET', path: /^(?:\/oauth)?\/auth(?:orize)?$/, answer: ({ query }) => authorize(state, query) },
    {
      method: 'POST',
      path: RegExp(`^(?:${TOKEN_PATHS.join('|')})$`),
      token: true,
      answer: (call) => token(state, call),
    },
    { method: 'POST', path: /^(?:\/oauth|\/services\/oauth2)?\/revoke$/, answer: (call) => revoke(state, call) },
    guarded(/^\/resource(?:\/.*)?$/, ({ subject, scope }, { method, path, body }) => ({
      ...{ subject, scope },
      ...{ method, path, body },
    })),
    guarded(/^(?:\/whoami|\/oauth\/userinfo)$/, ({ subject, grant }) => ({
      ...{ sub: subject, name: `Name of ${subject}`, grant },
      ...state.settings.identity,
    })),
    guarded(/^\/companies$/, () => [
      { slug: 'nord-as', name: 'Nord AS' },
      { slug: 'sor-as', name: 'Sør AS' },
    ]),
    guarded(/^\/accounts$/, ({ subject }) => ({
      accounts: [
        { id: `${subject}-a`, name: 'Recyclerie Nord', country: 'FR' },
        { id: `${subject}-b`, name: 'Recyclerie Sud', country: 'FR' },
      ],
    })),
  ]
}

function withToken({ tokens }: OAuth2State, call: Call, answer: (family: Family) => unknown): Reply {
  const family = tokens.holder(bearerToken(call) ?? '')
  if (family) return { status: 200, body: answer(family) }
  return {
    status: 401,
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    body: { error: 'invalid_token' },
  }
}

const metadata = ({ issuer, settings }: OAuth2State): Reply => ({
  status: 200,
  body: {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: settings.scopes,
    authorization_response_iss_parameter_supported: settings.iss !== 'absent',
  },
})
