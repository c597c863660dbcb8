import { createHash } from 'node:crypto'
import { PlainBrowser } from '../test/sign_in/browser.ts'
import type { Headers } from './answer.ts'
import type { Client, Timed } from './client.ts'
import { SpoiltRun } from './load.ts'
import { api, type Site } from './peers/octroi.ts'
import { PASSWORD, type Person } from './people.ts'

/** What an application does with our provider, over HTTP. */

export const DISCOVERY = '/oidc/.well-known/openid-configuration'
export const TOKEN = '/oidc/token'

/** The API that programs ask tokens for. */
export const RESOURCE = 'https://api.bench.example/'
export const PROGRAM = {
  grant_types: ['client_credentials'],
  scopes: ['openid'],
  resources: [{ id: RESOURCE, scopes: ['read', 'write'] }],
}
/** The organisation's own, for people: no consent page, and refresh tokens that end with the session. */
export const FOR_PEOPLE = {
  grant_types: ['authorization_code', 'refresh_token'],
  scopes: ['openid', 'profile', 'email', 'groups'],
  first_party: true,
}

const CALLBACK = 'https://app.bench.example/callback?from=octroi'
const VERIFIER = 'a-verifier-of-the-bench-0123456789-0123456789'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

export interface Application {
  readonly id: string
  /** Its id and secret (`client_secret_basic`). */
  readonly headers: Headers
}

export async function addApplication(site: Site, id: string, openid: object): Promise<Application> {
  const made = await api(site, '/clients', {
    id,
    name: `Application ${id}`,
    redirect_uris: openid === PROGRAM ? [] : [CALLBACK],
    allow: { authenticated: true },
    openid,
  })
  const basic = Buffer.from(`${id}:${String(made.client_secret)}`).toString('base64')
  return { id, headers: { Authorization: `Basic ${basic}` } }
}

/** The cookies of a browser that has signed in by password, on plain HTTP at loopback. */
export async function signedIn(port: number, { id }: Person): Promise<string> {
  const browser = new PlainBrowser(`http://127.0.0.1:${port}`)
  await browser.get('/sign-in/password')
  const { status } = await browser.submit('/sign-in/password', { login: id, password: PASSWORD })
  const token = browser.cookies.get(SESSION)
  if (token === undefined) throw new SpoiltRun(`a sign-in with the right password was answered ${status}`)
  return cookieOf(token)
}

const SESSION = 'octroi_session'

/** As the browser of that session sends it. */
export function cookieOf(token: string): string {
  return `${SESSION}=${token}`
}

/** The browser is sent to the provider, which knows it, and back with a code. */
export async function askCode(client: Client, { id }: Application, cookie: string): Promise<Timed & { code: string }> {
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: FOR_PEOPLE.scopes.join(' '),
    state: 's',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })
  const answer = await client.get(`/oidc/auth?${query}`, { Cookie: cookie })
  const code = URL.parse(answer.location ?? '')?.searchParams.get('code')
  if (!code) throw new SpoiltRun(`no code: ${answer.status} ${answer.location ?? answer.text.slice(0, 300)}`)
  return { ...answer, code }
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export function redeem(client: Client, application: Application, code: string): Promise<Timed & Tokens> {
  const fields = { grant_type: 'authorization_code', code, code_verifier: VERIFIER, redirect_uri: CALLBACK }
  return ask(client, application, fields)
}

export function refresh(client: Client, application: Application, token: string): Promise<Timed & Tokens> {
  return ask(client, application, { grant_type: 'refresh_token', refresh_token: token })
}

async function ask(client: Client, { headers }: Application, fields: Readonly<Record<string, string>>) {
  const answer = await client.send(TOKEN, headers, fields)
  if (answer.status !== 200) throw new SpoiltRun(`${fields.grant_type}: ${answer.status} ${answer.text}`)
  return { ...answer, ...(JSON.parse(answer.text) as Tokens) }
}
