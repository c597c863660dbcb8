import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type Answer, PlainBrowser } from '../sign_in/browser.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

export const PASSWORD = 'a long enough secret'

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
export type Made = any

/** A gate with applications that ask its OpenID provider, and browsers without a window. */
export interface ConsentScene {
  readonly gate: TestGate
  readonly url: string
  /** A call of the management API that has to work. */
  must(method: string, path: string, body?: unknown): Promise<Made>
  /** A person with a verified address. */
  addPerson(id: string, fields?: Readonly<Record<string, unknown>>, email?: string | null): Promise<void>
  addApp(
    id: string,
    openid?: Readonly<Record<string, unknown>>,
    fields?: Readonly<Record<string, unknown>>,
  ): Promise<App>
  browser(): PlainBrowser
  events(type: string): Promise<readonly Made[]>
  /** Lines of the trail with this action, the newest first. */
  audit(action: string): Promise<readonly Made[]>
  stop(): Promise<void>
}

/** What came back to an application. */
export interface Back {
  readonly code: string | null
  readonly error: string | null
  readonly url: URL
}

/** `path`: of the public URL. */
export async function startConsentScene(path = ''): Promise<ConsentScene> {
  const port = await freePort(0)
  const url = `http://localhost:${port}${path}`
  const gate = await startTestGate({ OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: url })
  const must = async (method: string, path: string, body?: unknown) => {
    const answer = await gate.api(method, path, body)
    if (answer.status >= 300) expect([method, path, answer.body]).toEqual([method, path, 'done'])
    return answer.body
  }
  return {
    gate,
    url,
    must,
    async addPerson(id, fields = {}, email = `${id}@example.org`) {
      await must('POST', '/accounts', { id, kind: 'person', name: `${id} Name`, email, password: PASSWORD, ...fields })
      if (email !== null) await must('PUT', `/accounts/${id}/emails`, { address: email, verified: true })
    },
    async addApp(id, openid = {}, fields = {}) {
      const made = await must('POST', '/clients', {
        id,
        name: `App ${id}`,
        redirect_uris: [`https://${id}.example/cb`],
        openid: { first_party: false, ...openid },
        ...fields,
      })
      return new App(url, made)
    },
    browser: () => new PlainBrowser(url),
    events: async (type) => (await must('GET', `/events?limit=100&type=${type}`)).items,
    audit: async (action) =>
      (await must('GET', '/audit?limit=200')).items.filter((line: Made) => line.action === action),
    stop: () => gate.stop(),
  }
}

/** An application, on its side. */
export class App {
  readonly id: string
  readonly redirectUri: string
  readonly #url: string
  readonly #secret: string
  readonly #verifier = randomBytes(32).toString('base64url')

  constructor(url: string, { id, client_secret, redirect_uris }: Made) {
    this.#url = url
    this.id = id
    this.#secret = client_secret
    this.redirectUri = redirect_uris[0]
  }

  /** The address that it sends a browser to. */
  asks(more: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({
      client_id: this.id,
      response_type: 'code',
      redirect_uri: this.redirectUri,
      scope: 'openid profile email',
      state: 'st',
      code_challenge: createHash('sha256').update(this.#verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })
    return `${this.#url}/oidc/auth?${query}`
  }

  /** What the answer leads back with; throws where it leads elsewhere. */
  back(answer: Answer): Back {
    const url = new URL(answer.location ?? 'about:blank')
    if (!url.href.startsWith(this.redirectUri))
      throw new Error(`not back at the application: ${answer.status} ${answer.location} ${textOf(answer)}`)
    return { code: url.searchParams.get('code'), error: url.searchParams.get('error'), url }
  }

  /** A call with its secret. */
  async call(
    path: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: Made }> {
    const body = new URLSearchParams(fields)
    const authorization = `Basic ${Buffer.from(`${this.id}:${this.#secret}`).toString('base64')}`
    const answer = await fetch(`${this.#url}${path}`, { method: 'POST', headers: { authorization }, body })
    return { status: answer.status, body: await answer.json() }
  }

  redeem(code: string | null, more: Readonly<Record<string, string>> = {}) {
    const fields = { grant_type: 'authorization_code', code: code ?? '', redirect_uri: this.redirectUri, ...more }
    return this.call('/oidc/token', { ...fields, code_verifier: this.#verifier })
  }

  async userinfo(accessToken: string): Promise<{ readonly status: number; readonly body: Made }> {
    const answer = await fetch(`${this.#url}/oidc/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    return { status: answer.status, body: await answer.json() }
  }
}

/** Along redirects, and pages that lead on, as far as this gate goes: to a page, or to the address of somewhere else. */
export async function wander(browser: PlainBrowser, first: Answer, url: string, most = 12): Promise<Answer> {
  let answer = first
  for (let i = 0; i < most; i++) {
    const { location } = answer
    if (location === undefined || new URL(location, url).origin !== new URL(url).origin) return answer
    answer = await browser.get(location)
  }
  throw new Error(`sent round and round: ${answer.location}`)
}

/** Types the password into the form that stands there. */
export async function signIn(browser: PlainBrowser, url: string, login: string): Promise<Answer> {
  return wander(browser, await browser.submit('/sign-in/password', { login, password: PASSWORD }), url)
}

/** A browser in which somebody has signed in, at our own pages. */
export async function signedIn(scene: ConsentScene, login: string): Promise<PlainBrowser> {
  const browser = scene.browser()
  await browser.get('/sign-in')
  await signIn(browser, scene.url, login)
  return browser
}

export function textOf({ text }: Answer): string {
  return text.replace(/<style>.*?<\/style>/gs, '').replace(/\s+/g, ' ')
}

/** From the request of an application to the page that its person sees, or back to it. */
export async function visit(scene: ConsentScene, browser: PlainBrowser, address: string): Promise<Answer> {
  return wander(browser, await browser.get(address), scene.url)
}

/** What the browser is to press: the form of the page, with its two buttons. */
export async function decide(scene: ConsentScene, browser: PlainBrowser, decision: 'allow' | 'deny'): Promise<Answer> {
  return wander(browser, await browser.submit('/oidc/interaction/', { do: decision }), scene.url)
}
