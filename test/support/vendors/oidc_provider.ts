import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import TypedProvider from 'oidc-provider'
import { listen, type RecordedRequest, readBody, record } from '../loopback.ts'
import { type TokenDoor, tokenDoor } from './door.ts'
import { memoryStores } from './oidc_store.ts'
import type { Vendor } from './vendor.ts'

/** What a stand-in uses of it is declared in `Library`, and its settings are plain objects. */
const Provider = TypedProvider as unknown as new (issuer: string, settings: object) => Library

export interface OidcProviderOptions {
  readonly port?: number
  readonly redirectUris?: readonly string[]
  readonly accessSeconds?: number
  readonly refreshSeconds?: number
}

/** The real thing, on the real clock. `url` is the issuer; `/resource` takes its access tokens. */
export interface OidcProvider extends Vendor {
  readonly issuer: string
  /** `client_secret_basic`; PKCE with S256 is demanded. */
  readonly clientId: string
  readonly clientSecret: string
  /** Without a secret. */
  readonly publicClientId: string
  /** `sub` of whoever signs in. */
  readonly subject: string
  /** Access tokens die before their time; refresh tokens stay. */
  revokeAccess(): void
  /** Everything that was ever given dies. */
  revokeAll(): void
  /** How many succeeded, were refused, and were ended for all that came of them. */
  readonly grants: { readonly succeeded: number; readonly refused: number; readonly revoked: number }
}

interface Found {
  readonly accountId: string
  readonly clientId: string
  readonly scope: string
  readonly isExpired: boolean
}

interface Library {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  on(event: string, listener: (context: unknown, error: unknown) => void): void
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<unknown>
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  readonly AccessToken: { find(token: string): Promise<Found | undefined> }
  readonly Grant: new (members: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
}

/** What the library hands to `loadExistingGrant`. */
interface Context {
  readonly oidc: { readonly client: { clientId: string }; readonly session: { accountId: string } }
}

const SUBJECT = 'user-1'
const CLIENT = { id: 'octroi-oidc', secret: 'oidc-secret-7b3e21', publicId: 'octroi-oidc-public' }

function configuration(
  options: OidcProviderOptions,
  adapter: object,
  grantFor: (context: Context) => Promise<unknown>,
) {
  const redirectUris = options.redirectUris ?? ['http://127.0.0.1:4010/connect/callback']
  const client = {
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'native', // The redirect may be on loopback, without TLS.
  }
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  return {
    adapter,
    clients: [
      { ...client, client_id: CLIENT.id, client_secret: CLIENT.secret },
      { ...client, client_id: CLIENT.publicId, token_endpoint_auth_method: 'none' },
    ],
    jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: 'sig-1' }] },
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, email: 'one@example.org' }) }),
    claims: { openid: ['sub'], email: ['email'] },
    scopes: ['openid', 'offline_access', 'email'],
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: options.accessSeconds ?? 3600,
      RefreshToken: options.refreshSeconds ?? 30 * 86_400,
      IdToken: 3600,
      Interaction: 600,
      Session: 3600,
      Grant: 30 * 86_400,
    },
    loadExistingGrant: grantFor,
  }
}

/** The certified library as a vendor: whoever arrives is signed in as `user-1` and consents to all. */
export async function startOidcProvider(options: OidcProviderOptions = {}): Promise<OidcProvider> {
  const requests: RecordedRequest[] = []
  const door = tokenDoor<IncomingMessage>()
  const stores = memoryStores()
  let library: Library | undefined
  const loopback = await listen(
    createServer(async (request, response) => {
      const recorded = record(request)
      requests.push(recorded)
      await readBody(request, recorded)
      if (library) await serve(library, door, unread(request, recorded.body), response)
    }),
    options.port,
  )
  const issuer = `http://127.0.0.1:${loopback.port}`
  const started: Library = new Provider(issuer, configuration(options, stores.Store, grant))
  library = started
  const grants = countGrants(library)

  async function grant({ oidc: { client, session } }: Context) {
    const given = new started.Grant({ clientId: client.clientId, accountId: session.accountId })
    given.addOIDCScope('openid offline_access email')
    await given.save()
    return given
  }
  const names = { clientId: CLIENT.id, clientSecret: CLIENT.secret, publicClientId: CLIENT.publicId, subject: SUBJECT }
  const { port, down, up } = loopback
  const revocation = {
    revokeAccess: () => stores.forget('AccessToken'),
    revokeAll: () => stores.forget('AccessToken', 'RefreshToken', 'Grant'),
  }
  const base = { url: issuer, port, requests, ...door.switches, down, up, stop: down }
  return { ...base, ...names, ...revocation, issuer, grants }
}

function countGrants(library: Library) {
  const grants = { succeeded: 0, refused: 0, revoked: 0 }
  library.on('grant.success', () => grants.succeeded++)
  library.on('grant.error', () => grants.refused++)
  library.on('grant.revoked', () => grants.revoked++)
  // The answer says only that something went wrong.
  library.on('server_error', (_, error) => process.emitWarning(error as Error))
  return grants
}

/** The request as if nobody had read its body. */
function unread(request: IncomingMessage, body: Buffer): IncomingMessage {
  const iterator = async function* () {
    yield body
  }
  return Object.create(request, { readable: { value: true }, iterator: { value: iterator } })
}

async function serve(
  library: Library,
  door: TokenDoor<IncomingMessage>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? ''
  if (path === '/resource') return resource(library, request, response)
  if (path.startsWith('/interaction/')) return signIn(library, request, response)
  const run = library.callback()
  if (path !== '/token') return run(request, response)
  // The answer is kept back until the door says that it may go.
  const { end } = response
  let release = () => {}
  response.end = ((chunk: unknown) => {
    release = () => void end.call(response, chunk, 'utf8')
    return response
  }) as typeof response.end
  const passed = await door.pass(request, () => run(request, response))
  response.end = end
  if (passed === 'cut') request.socket.destroy()
  else if ('outage' in passed) response.writeHead(passed.outage, { 'Content-Type': 'application/json' }).end('{}')
  else release()
}

async function signIn(library: Library, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await library.interactionDetails(request, response)
  await library.interactionFinished(request, response, { login: { accountId: SUBJECT }, consent: {} })
}

async function resource(library: Library, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const found = token === undefined ? undefined : await library.AccessToken.find(token)
  if (!found || found.isExpired) {
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end()
    return
  }
  const { accountId, clientId, scope } = found
  response
    .writeHead(200, { 'Content-Type': 'application/json' })
    .end(JSON.stringify({ sub: accountId, clientId, scope }))
}
