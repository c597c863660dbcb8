import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { Browser, NEAR, onwardOf, sendForm } from '../requirements/person.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

/** The life of a token with everything that goes wrong in it, at the most talkative log level; then its traces are searched. */

let gate: ChildGate
let server: OAuth2Server
let application: Upstream
/** Every answer of the management API and of the proxy, but for the one that makes a key or a link. */
const answers: { what: string; text: string }[] = []
const secrets: Record<string, string> = {}

beforeAll(async () => {
  const OCTROI_LISTEN = `127.0.0.1:${await freePort(0)}`
  gate = await startChildGate({ OCTROI_LOG_LEVEL: 'trace', OCTROI_AUDIT: 'strict', OCTROI_LISTEN })
  server = await startOAuth2Server({ settings: { redirectUris: [`${gate.url}/connect/callback/generic-oauth2`] } })
  application = await startUpstream()
  await scenario()
  await gate.stop()
}, 60_000)
afterAll(async () => {
  await Promise.all([server.stop(), application.stop()])
  await gate.remove()
})

// biome-ignore lint/suspicious/noExplicitAny: what is read of an answer is one field
async function ask(method: string, path: string, body?: unknown, kept = true, key = gate.adminKey): Promise<any> {
  const headers = { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) }
  const answer = await fetch(`${gate.url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
  const text = await answer.text()
  if (kept) answers.push({ what: `${method} ${path} ${answer.status}`, text: `${[...answer.headers]} ${text}` })
  return text.startsWith('{') ? JSON.parse(text) : text
}
const api = (method: string, path: string, body?: unknown, kept = true) => ask(method, `/api/v1${path}`, body, kept)

async function scenario(): Promise<void> {
  const settings = {
    base_url: server.url,
    authorization_url: `${server.url}/authorize`,
    token_url: `${server.url}/token`,
    revocation_url: `${server.url}/revoke`,
    scope: 'offline_access',
    test_path: '/whoami',
  }
  const app = { settings, secrets: { client_id: server.clientId, client_secret: server.clientSecret }, network: NEAR }
  await api('PUT', '/connectors/generic-oauth2/app', app)
  await connect()
  const grants = [{ connection: 'crm', allow: ['* /**'] }]
  secrets['the key of the caller'] = (await api('POST', '/keys', { name: 'x', grants }, false)).key
  await troubles()
  for (const path of ['/connections', '/connections/crm', '/connectors/generic-oauth2/app', '/keys', '/status'])
    await api('GET', path)
  for (const path of ['/audit?limit=200', '/events?limit=200']) await api('GET', path)
  await api('DELETE', '/connections/crm')
}

/** A person opens the link, agrees, and the application redeems what comes back. */
async function connect(): Promise<void> {
  const session = { connector: 'generic-oauth2', connection_id: 'crm', return_url: `${application.url}/back` }
  const { id, url } = await api('POST', '/connect-sessions', session, false)
  const browser = new Browser()
  const onward = onwardOf(await sendForm(browser, url, await browser.visit(url), {})) as string
  const callback = (await browser.ask(onward)).location as string
  const back = new URL(onwardOf(await browser.visit(callback)) as string)
  await browser.visit(callback)
  const code = back.searchParams.get('code') as string
  await api('POST', `/connect-sessions/${id}/redeem`, { code: `${code}x` })
  await api('POST', `/connect-sessions/${id}/redeem`, { code })
  Object.assign(secrets, {
    'the link': url.slice(url.lastIndexOf('/') + 1),
    'the state': new URL(onward).searchParams.get('state'),
    'the code of the service': new URL(callback).searchParams.get('code'),
    'the code of the application': code,
    'the client secret': server.clientSecret,
    'the administrator’s key': gate.adminKey,
  })
}

async function troubles(): Promise<void> {
  const key = secrets['the key of the caller']
  const call = () => ask('GET', '/proxy/crm/resource', undefined, true, key)
  await call()
  server.revokeAccess()
  await call()
  await api('POST', '/connections/crm/refresh')
  server.failTokens(1, 500)
  await api('POST', '/connections/crm/refresh')
  server.failTokens(1, 'drop')
  await api('POST', '/connections/crm/refresh')
  await api('POST', '/connections/crm/refresh')
  server.settings.tokenError = 'invalid_grant'
  await api('POST', '/connections/crm/refresh')
  await call()
  learn()
}

/** What went between Octroi and the service: the other side saw it. */
function learn(): void {
  const forms = server.requests.map(({ body }) => new URLSearchParams(body.toString()))
  for (const [i, form] of forms.entries()) {
    for (const name of ['code_verifier', 'refresh_token']) {
      const value = form.get(name)
      if (value !== null) secrets[`${name} of request ${i}`] = value
    }
  }
  for (const [i, request] of server.requests.entries()) {
    const token = /^Bearer (.+)$/.exec(request.header('authorization') ?? '')?.[1]
    if (token !== undefined) secrets[`access token of request ${i}`] = token
  }
}

function found(text: string | Buffer): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const basic = Buffer.from(`${encodeURIComponent(server.clientId)}:${encodeURIComponent(secret)}`).toString('base64')
    return [secret, encodeURIComponent(secret), basic].some((form) => text.includes(form)) ? [name] : []
  })
}

describe('what a token is made of leaves by no door', () => {
  it('the scenario went through all of it', () => {
    expect(Object.keys(secrets).join()).toMatch(/code_verifier.*refresh_token.*access token/)
    expect(Object.values(secrets).every((secret) => secret.length > 15)).toBe(true)
    const statuses = answers.map(({ what }) => what.split(' ').at(-1))
    expect(new Set(statuses)).toEqual(new Set(['200', '204', '400', '502']))
    expect([server.granted('refresh_token'), gate.output().length > 100]).toEqual([3, true])
  })

  it('not in an answer, of the API or of a call', () => {
    for (const { what, text } of answers) expect([what, found(text)]).toEqual([what, []])
  })

  it('not in the log, at the level of everything', () => {
    expect(found(gate.output())).toEqual([])
  })

  it('not in the data folder', () => {
    const names = readdirSync(gate.folder, { recursive: true, encoding: 'utf8' })
    const files = names.map((name) => join(gate.folder, name)).filter((path) => statSync(path).isFile())
    expect(files.length).toBeGreaterThan(2)
    for (const path of files) expect([path, found(readFileSync(path))]).toEqual([path, []])
  })

  it('not in an address at the service, but for what the way over the browser has to carry', () => {
    const carried = ['the state']
    for (const { url } of server.requests) expect(found(url).filter((name) => !carried.includes(name))).toEqual([])
  })
})
