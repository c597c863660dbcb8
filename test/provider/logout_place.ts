import { createSecretKey, randomBytes } from 'node:crypto'
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose'
import type { ClientOpenId, LogoutNotice } from '../../src/core/openid_types.ts'
import { PURPOSES } from '../../src/core/purposes.ts'
import type { NetworkPolicy } from '../../src/core/types.ts'
import { Upstreams } from '../../src/outbound/network/upstreams.ts'
import { webFetch } from '../../src/outbound/network/web_fetch.ts'
import { LogoutDispatcher } from '../../src/provider/logout/dispatcher.ts'
import { logoutToken } from '../../src/provider/logout/logout_token.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { SigningKeyRing } from '../../src/vault/signing_keys.ts'
import { KeyRing } from '../../src/vault/vault.ts'
import { openid, sessionClient } from '../store/openid_rows.ts'
import { client, session } from '../store/people_rows.ts'
import type { EngineName, Places } from '../store/places.ts'
import { account } from '../store/rows.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const START = Date.parse('2026-01-01T01:00:00.000Z')
export const ISSUER = 'https://gate.example.org/oidc'
const NEAR: NetworkPolicy = { allow_private: true, allow_http: true }

/** Sessions that end, and applications on real sockets that are told; a clock that only moves when it is told to, and no timer. */
export class LogoutPlace {
  readonly open: OpenStore
  readonly application: Upstream
  readonly keys: SigningKeyRing
  readonly logged: string[] = []
  readonly outcomes: string[] = []
  now = START
  readonly #upstreams: Upstreams[] = []

  private constructor(open: OpenStore, application: Upstream, keys: SigningKeyRing) {
    this.open = open
    this.application = application
    this.keys = keys
  }

  /** `shop` is told at `/shop`, `blog` at `/blog`; ada and ben have an account. */
  static async on(places: Places, engine: EngineName): Promise<LogoutPlace> {
    const open = await places.openFresh(engine)
    const ring = await KeyRing.create(open.store, createSecretKey(randomBytes(32)))
    const sealer = ring.sealer(PURPOSES.signing)
    const keys = await SigningKeyRing.open({ store: open.store, sealer, now: () => START })
    const place = new LogoutPlace(open, await startUpstream(), keys)
    for (const id of ['ada', 'ben']) await open.store.accounts.insert(account(id, { kind: 'person' }))
    for (const id of ['shop', 'blog']) await place.addClient(id)
    return place
  }

  async addClient(id: string, more: Partial<ClientOpenId> = {}): Promise<void> {
    const uri = `${this.application.url}/${id}?told=1`
    const settings = openid({ backchannel_logout_uri: uri, network: NEAR, ...more })
    await this.open.store.clients.insert(client(id, { openid: settings }), `hash of ${id}`)
  }

  /** A session of ada's that went to these applications. */
  async visit(id: string, clients: readonly string[], of = 'ada'): Promise<void> {
    await this.open.store.sessions.insert(session(id, of), `token of ${id}`)
    for (const one of clients) await this.open.store.sessionClients.put(sessionClient(id, one))
  }

  end(id: string): Promise<boolean> {
    return this.open.store.sessions.end(id, this.#at())
  }

  /** One of any number of processes that tell; on another handle of the store when given. */
  dispatcher(open = this.open, listeners: readonly { address: string; port: number }[] = []): LogoutDispatcher {
    const upstreams = new Upstreams(() => listeners)
    this.#upstreams.push(upstreams)
    const log = (fields: object, message: string) => void this.logged.push(`${message} ${JSON.stringify(fields)}`)
    const now = () => this.now
    return new LogoutDispatcher({
      store: open.store,
      fetchFor: (network) => webFetch(upstreams, network),
      tokenOf: logoutToken.bind(undefined, { issuer: ISSUER, signer: this.keys, now }),
      now,
      random: () => 0,
      stopMs: 0,
      onOutcome: (outcome) => void this.outcomes.push(outcome),
      log: { warn: log, error: log },
    })
  }

  /** What is due is tried, to the end. */
  async round(dispatcher: LogoutDispatcher): Promise<void> {
    await dispatcher.look()
    await dispatcher.settled()
  }

  /** The logout tokens that came to an application, verified as it would (Back-Channel Logout 1.0 §2.6). */
  async told(id: string): Promise<JWTPayload[]> {
    const requests = this.application.requests.filter(({ url }) => url === `/${id}?told=1`)
    return Promise.all(
      requests.map(async ({ body }) => {
        const token = new URLSearchParams(body.toString()).get('logout_token') ?? ''
        const rules = {
          issuer: ISSUER,
          audience: id,
          algorithms: ['ES256', 'RS256'],
          typ: 'logout+jwt',
          maxTokenAge: 120,
        }
        const set = createLocalJWKSet(JSON.parse(this.keys.jwks()))
        return (await jwtVerify(token, set, { ...rules, currentDate: new Date(this.now) })).payload
      }),
    )
  }

  /** Notices that are left, with when they are tried next, in seconds from now. */
  async left(): Promise<{ client: string; attempts: number; inS: number }[]> {
    const far = '2100-01-01T00:00:00.000Z'
    const { logoutNotices } = this.open.store
    const found: LogoutNotice[] = []
    for (let at = await logoutNotices.nextDue(); at !== undefined && at < far; at = await logoutNotices.nextDue()) {
      const [claimed] = await logoutNotices.claim(at, far, 1)
      if (claimed !== undefined) found.push({ ...claimed, next_at: at })
    }
    for (const { id, attempts, next_at } of found) await logoutNotices.postpone(id, attempts, next_at)
    return found.map(({ client: id, attempts, next_at }) => ({
      client: id,
      attempts,
      inS: Math.round((Date.parse(next_at) - this.now) / 1000),
    }))
  }

  async close(): Promise<void> {
    await this.application.stop()
    await Promise.all(this.#upstreams.map((upstreams) => upstreams.close()))
  }

  #at(): string {
    return new Date(this.now).toISOString()
  }
}
