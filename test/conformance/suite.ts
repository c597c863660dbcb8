import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as openid from 'openid-client'
import { expect } from 'vitest'
import { octroi } from '../cli/octroi.ts'
import { startPublicGate } from '../provider/scene.ts'
import { type Answer, PlainBrowser } from '../sign_in/browser.ts'
import type { TestGate } from '../support/gate.ts'

/** What the conformance suite of the OpenID Foundation is to a provider: applications of `conformance/state.yaml`, and somebody at a browser. */

export const PLANS = join(import.meta.dirname, '../../conformance')
export const STATE = join(PLANS, 'state.yaml')
export const PERSON = 'conformance'
export const PASSWORD = 'a long enough secret'

/** One of the file, as it knows itself. */
export interface Application {
  readonly id: string
  readonly secret: string
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly config: openid.Configuration
}

/** What the person was shown on the way. */
type Page = 'sign-in' | 'consent'

export interface Landed {
  /** A page of ours that he can do nothing with, or the answer that leads elsewhere. */
  readonly answer: Answer
  /** Where it leads; null for a page. */
  readonly callback: URL | null
  readonly seen: readonly Page[]
}

type Params = Readonly<Record<string, string | undefined>>
type Tokens = Awaited<ReturnType<typeof openid.authorizationCodeGrant>>

export interface Flow extends Landed {
  readonly tokens: Tokens
  readonly claims: openid.IDToken
  readonly callback: URL
}

export class Suite {
  readonly gate: TestGate
  readonly issuer: string
  readonly #secrets: ReadonlyMap<string, string>

  private constructor(gate: TestGate, secrets: ReadonlyMap<string, string>) {
    this.gate = gate
    this.issuer = `${gate.url}/oidc`
    this.#secrets = secrets
  }

  /** A gate to which the file was applied as the page in `conformance/` says. */
  static async start(): Promise<Suite> {
    const gate = await startPublicGate()
    const env = { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, CONFORMANCE_PASSWORD: PASSWORD }
    const applied = await octroi(['apply', STATE, '--yes', '--json'], { env })
    expect([applied.code, applied.stderr]).toEqual([0, expect.anything()])
    const verified = ['account', 'email', 'add', PERSON, 'conformance@example.org', '--verified']
    expect((await octroi(verified, { env })).code).toBe(0)
    // The one that is told of logouts listens where nobody is to be called from here.
    const openid = { backchannel_logout_uri: null }
    expect((await gate.api('PATCH', '/clients/octroi-backchannel', { openid })).status).toBe(200)
    const made: readonly { client: string; client_secret: string }[] = applied.json.client_secrets
    return new Suite(gate, new Map(made.map(({ client, client_secret }) => [client, client_secret])))
  }

  browser(): PlainBrowser {
    return new PlainBrowser(this.gate.url)
  }

  async application(id: string): Promise<Application> {
    const secret = this.#secrets.get(id) ?? ''
    const { body } = await this.gate.api('GET', `/clients/${id}`)
    const { auth_method, id_token_alg } = body.openid
    const proof =
      auth_method === 'client_secret_post' ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret)
    const metadata = { client_secret: secret, id_token_signed_response_alg: id_token_alg }
    // The second reads the signature of the ID token, by the published key that it names.
    const execute = [openid.allowInsecureRequests, openid.enableNonRepudiationChecks]
    const config = await openid.discovery(new URL(this.issuer), id, metadata, proof, { execute })
    const [redirectUri, postLogoutRedirectUri = ''] = [body.redirect_uris[0], body.post_logout_redirect_uris[0]]
    return { id, secret, redirectUri, postLogoutRedirectUri, config }
  }

  /** The usual request of the suite, without PKCE; `undefined` takes a parameter away. */
  request({ redirectUri, config }: Application, params: Params = {}): URL {
    const asked = { scope: 'openid', redirect_uri: redirectUri, state: random(), nonce: random(), ...params }
    const url = openid.buildAuthorizationUrl(config, defined(asked))
    for (const [name, value] of Object.entries(params)) if (value === undefined) url.searchParams.delete(name)
    return url
  }

  /** Signs in and allows wherever he is asked to. */
  async walk(browser: PlainBrowser, first: Answer): Promise<Landed> {
    const seen: Page[] = []
    let answer = first
    for (let i = 0; i < 20; i++) {
      const next = answer.location === undefined ? undefined : new URL(answer.location, this.gate.url)
      if (next !== undefined && next.origin !== this.gate.url) return { answer, callback: next, seen }
      if (next !== undefined) answer = await browser.get(next.href)
      else if (answer.text.includes('name="password"')) {
        seen.push('sign-in')
        answer = await browser.submit('/sign-in/password', { login: PERSON, password: PASSWORD })
      } else if (answer.text.includes('name="do" value="allow"')) {
        seen.push('consent')
        answer = await browser.submit('/oidc/interaction/', { do: 'allow' })
      } else return { answer, callback: null, seen }
    }
    throw new Error(`sent round and round: ${answer.location}`)
  }

  async land(browser: PlainBrowser, url: URL): Promise<Landed> {
    return this.walk(browser, await browser.get(url.href))
  }

  /** A whole authorization, checked as a certified client library does: state, `iss`, nonce, claims and signature of the ID token. */
  async authorize(app: Application, browser: PlainBrowser, params: Params = {}, checks: object = {}): Promise<Flow> {
    const url = this.request(app, params)
    return this.redeem(app, url, await this.land(browser, url), checks)
  }

  async redeem({ config }: Application, url: URL, landed: Landed, checks: object = {}): Promise<Flow> {
    const { callback, answer } = landed
    if (callback === null) throw new Error(`a page, and no way back: ${answer.status} ${textOf(answer)}`)
    const [expectedState, expectedNonce] = ['state', 'nonce'].map((name) => url.searchParams.get(name) ?? undefined)
    const expected = { ...defined({ expectedState, expectedNonce }), idTokenExpected: true, ...checks }
    const tokens = await openid.authorizationCodeGrant(config, callback, expected)
    const claims = tokens.claims()
    if (claims === undefined) throw new Error('no ID token')
    return { ...landed, callback, tokens, claims }
  }

  userinfo({ config }: Application, { tokens, claims }: Pick<Flow, 'tokens' | 'claims'>) {
    return openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  }

  /** The token endpoint, without a library: what it refuses is to be read. */
  async token({ id, secret }: Application, fields: Params): Promise<{ status: number; type: string; body: Fault }> {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
    const body = new URLSearchParams(defined(fields))
    const answer = await fetch(`${this.issuer}/token`, { method: 'POST', headers: { authorization }, body })
    return {
      status: answer.status,
      type: answer.headers.get('content-type') ?? '',
      body: (await answer.json()) as Fault,
    }
  }

  stop(): Promise<void> {
    return this.gate.stop()
  }
}

export interface Fault {
  readonly error?: string
  readonly error_description?: string
}

export function textOf({ text }: Answer): string {
  return text.replace(/<style>.*?<\/style>/gs, '').replace(/\s+/g, ' ')
}

export function random(): string {
  return randomBytes(16).toString('base64url')
}

export function defined(fields: Params): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
