import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type Answer, PlainBrowser } from '../sign_in/browser.ts'
import { type ApiAnswer, startTestGate, type TestGate } from '../support/gate.ts'

/** A real gate with somebody who has a password, and an application that asks by OpenID: the whole code flow over HTTP. */

export const PASSWORD = 'a long enough secret'
export const CALLBACK = 'https://app.example.org/callback'

export interface Tokens {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
  readonly scope?: string
  readonly expires_in: number
  readonly token_type: string
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly body: any
}

export interface SceneClient {
  readonly id: string
  /** Of a public client: an empty text. */
  readonly secret: string
  readonly redirectUri: string
}

export interface CodeRequest {
  readonly client?: SceneClient
  readonly scope?: string
  /** Further parameters of the request, or others in place of the usual ones; `undefined` takes one away. */
  readonly params?: Readonly<Record<string, string | undefined>>
}

/** A code as an application gets it, with what it needs to redeem it. */
export interface Code {
  readonly client: SceneClient
  readonly code: string
  readonly verifier: string
  /** The address that the browser was sent to. */
  readonly callback: URL
}

export interface ProviderScene {
  readonly gate: TestGate
  readonly issuer: string
  /** May do everything: all scopes, refresh tokens, first party, PKCE asked for. */
  readonly client: SceneClient
  person(id: string, fields?: object): Promise<void>
  makeClient(id: string, openid?: object, fields?: object): Promise<SceneClient>
  /** A browser that is signed in. */
  signIn(login?: string): Promise<PlainBrowser>
  /** Sends the browser to the authorization endpoint and along our own pages; the answer that leads elsewhere, or a page. */
  ask(browser: PlainBrowser, request?: CodeRequest): Promise<{ readonly answer: Answer; readonly verifier: string }>
  code(browser: PlainBrowser, request?: CodeRequest): Promise<Code>
  redeem(code: Code, fields?: Readonly<Record<string, string | undefined>>): Promise<Answered>
  refresh(client: SceneClient, token: string, fields?: Readonly<Record<string, string>>): Promise<Answered>
  /** The whole flow. */
  authorize(browser: PlainBrowser, request?: CodeRequest): Promise<Tokens>
  userinfo(accessToken: string): Promise<Answered>
  /** An endpoint below the issuer, with the client's id and secret in the way of its method. */
  post(
    path: string,
    client: SceneClient | null,
    fields: Readonly<Record<string, string | undefined>>,
  ): Promise<Answered>
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>
  stop(): Promise<void>
}

/** `env`: further settings of the gate; `gate`: one that runs already (another process, a replica), which is then not stopped. */
export async function startProviderScene(
  env: Readonly<Record<string, string>> = {},
  gate?: TestGate,
): Promise<ProviderScene> {
  const own = gate ?? (await startPublicGate(env))
  const scene = sceneOn(own, gate === undefined)
  await scene.person('ada')
  return { ...scene, client: await scene.makeClient('app') }
}

/** The port is known beforehand: the issuer is part of every token. */
export async function startPublicGate(env: Readonly<Record<string, string>> = {}): Promise<TestGate> {
  const listen = `127.0.0.1:${await freePort(0)}`
  return startTestGate({ OCTROI_LISTEN: listen, OCTROI_PUBLIC_URL: `http://${listen}`, ...env })
}

/** The same people and applications, asked at another gate. */
export function sceneAt({ gate, client }: ProviderScene, url: string): ProviderScene {
  return { ...sceneOn({ ...gate, url }), client }
}

/** A gate that is a process of its own. */
export function gateAt(url: string, adminKey: string): TestGate {
  const api: TestGate['api'] = async (method, path, body) => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const text = body === undefined ? null : JSON.stringify(body)
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers, body: text })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }
  return { url, adminKey, api, stop: async () => undefined } as unknown as TestGate
}

/** The same, on a gate that has its people and applications already. */
export function sceneOn(gate: TestGate, owns = false): Omit<ProviderScene, 'client'> {
  const issuer = `${gate.url}/oidc`
  const post: ProviderScene['post'] = (path, client, fields) => postForm(`${issuer}${path}`, client, fields)
  const scene: Omit<ProviderScene, 'client'> = {
    gate,
    issuer,
    person: async (id: string, fields: object = {}) => {
      const email = `${id}@example.org`
      created(
        await gate.api('POST', '/accounts', { id, kind: 'person', name: id, email, password: PASSWORD, ...fields }),
      )
      created(await gate.api('PUT', `/accounts/${id}/emails`, { address: email, verified: true }))
    },
    makeClient: (id: string, openid: object = {}, fields: object = {}) => makeClient(gate, id, openid, fields),
    signIn: async (login = 'ada') => {
      const browser = new PlainBrowser(gate.url)
      await browser.get('/sign-in/password')
      await browser.submit('/sign-in/password', { login, password: PASSWORD })
      return browser
    },
    ask: (browser: PlainBrowser, request: CodeRequest = {}) => ask(gate, browser, request),
    code: async (browser: PlainBrowser, request: CodeRequest = {}) => {
      const { answer, verifier } = await ask(gate, browser, request)
      const callback = new URL(answer.location ?? 'about:blank')
      const code = callback.searchParams.get('code')
      if (code === null) throw new Error(`No code: ${answer.status} ${answer.location} ${answer.text.slice(0, 2_000)}`)
      return { client: request.client ?? defaultClient(gate), code, verifier, callback }
    },
    redeem: ({ client, code, verifier }: Code, fields = {}) =>
      post('/token', client, {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: client.redirectUri,
        ...fields,
      }),
    refresh: (client: SceneClient, token: string, fields = {}) =>
      post('/token', client, { grant_type: 'refresh_token', refresh_token: token, ...fields }),
    authorize: async (browser: PlainBrowser, request: CodeRequest = {}) => {
      const { status, body } = await scene.redeem(await scene.code(browser, request))
      expect([status, body.error, body.error_description]).toEqual([200, undefined, undefined])
      return body as Tokens
    },
    userinfo: (token: string) => answered(fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })),
    post,
    get: (path: string, headers = {}) => answered(fetch(`${issuer}${path}`, { headers, redirect: 'manual' })),
    stop: () => (owns ? gate.stop() : Promise.resolve()),
  }
  return scene
}

const secrets = new WeakMap<TestGate, SceneClient>()

function defaultClient(gate: TestGate): SceneClient {
  return secrets.get(gate) as SceneClient
}

async function makeClient(gate: TestGate, id: string, openid: object, fields: object): Promise<SceneClient> {
  const made = created(
    await gate.api('POST', '/clients', {
      id,
      name: `Application ${id}`,
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: ['https://app.example.org/bye'],
      allow: { authenticated: true },
      ...fields,
      openid: {
        auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
        scopes: ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access'],
        first_party: true,
        ...openid,
      },
    }),
  )
  const client = { id, secret: made.client_secret ?? '', redirectUri: made.redirect_uris[0] ?? CALLBACK }
  if (!secrets.has(gate)) secrets.set(gate, client)
  return client
}

async function ask(gate: TestGate, browser: PlainBrowser, { client, scope, params }: CodeRequest) {
  const { id, redirectUri } = client ?? defaultClient(gate)
  const verifier = randomBytes(32).toString('base64url')
  const query = {
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scope ?? 'openid profile email groups',
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  }
  let answer = await browser.get(`/oidc/auth?${new URLSearchParams(defined(query))}`)
  for (let i = 0; i < 8 && isOurs(gate, answer); i++) answer = await browser.get(answer.location as string)
  return { answer, verifier }
}

function isOurs(gate: TestGate, { status, location }: Answer): boolean {
  return status >= 300 && status < 400 && new URL(location ?? '', gate.url).origin === gate.url
}

function postForm(
  url: string,
  client: SceneClient | null,
  fields: Readonly<Record<string, string | undefined>>,
): Promise<Answered> {
  const { id, secret } = client ?? { id: '', secret: '' }
  const body = new URLSearchParams(
    defined({ ...fields, ...(client !== null && secret === '' ? { client_id: id } : {}) }),
  )
  const basic = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
  return answered(fetch(url, { method: 'POST', body, headers: secret === '' ? {} : basic, redirect: 'manual' }))
}

async function answered(pending: Promise<Response>): Promise<Answered> {
  const { status, headers, ...response } = await pending.then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    text: await answer.text(),
  }))
  const isJson = headers.get('content-type')?.includes('json') === true
  return { status, headers, body: isJson ? JSON.parse(response.text) : response.text }
}

function created({ status, body }: ApiAnswer) {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

function defined(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
