import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { PlainBrowser } from '../sign_in/browser.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'

/** Words that stand nowhere else: what people type, hold and are handed. */
const CANARY = {
  login: 'canary-typed-login-q1@example.org',
  wrongPassword: 'canary-wrong-password-w2',
  password: 'canary-right-password-e3',
  nextPassword: 'canary-next-password-r4',
  code: 'canary-typed-code-t5',
  clientSecret: 'canary-provider-secret-y6',
  bindPassword: 'canary-bind-password-u7',
  smtpPassword: 'canary-smtp-password-i8',
  verifier: `canary-verifier-o9${'v'.repeat(40)}`,
}
/** Handed out on the way; each in the one place where it belongs. */
const handed: { what: string; word: string }[] = []
const CALLBACK = 'https://app.example.org/callback'

let gate: ChildGate
let smtp: SmtpServer
/** What `/metrics`, the trail, the events and refusals say. */
const told: { what: string; text: string }[] = []

beforeAll(async () => {
  smtp = await startSmtp({ login: `octroi:${CANARY.smtpPassword}` })
  const port = await freePort(0)
  gate = await startChildGate({
    OCTROI_LISTEN: `127.0.0.1:${port}`,
    OCTROI_PUBLIC_URL: `http://127.0.0.1:${port}`,
    OCTROI_LOG_LEVEL: 'trace',
    OCTROI_AUDIT: 'strict',
    OCTROI_SMTP_URL: `smtp://octroi:${CANARY.smtpPassword}@127.0.0.1:${smtp.port}`,
    OCTROI_MAIL_FROM: 'octroi@example.org',
  })
  await scenario()
})
afterAll(async () => {
  await gate.remove()
  await smtp.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
async function api(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await fetch(`${gate.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${gate.adminKey}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  expect(answer.status, text).toBeLessThan(300)
  return text === '' ? undefined : JSON.parse(text)
}

const hand = (what: string, word: string | undefined) => {
  expect(word, what).toMatch(/^[\w-]{16,}$/)
  handed.push({ what, word: word as string })
  return word as string
}

async function scenario(): Promise<void> {
  for (const [id, password] of [
    ['ada', CANARY.password],
    ['ben', undefined],
  ] as const)
    await api('POST', '/accounts', { id, kind: 'person', name: id, email: `${id}@example.org`, password })
  const near = { allow_private: true, allow_http: true }
  await api('POST', '/sign-in-methods', {
    id: 'down',
    kind: 'oidc',
    name: 'Down',
    network: near,
    settings: { issuer: 'http://127.0.0.1:1', client_id: 'octroi' },
    secrets: { client_secret: CANARY.clientSecret },
  })
  await api('POST', '/sign-in-methods', {
    id: 'dir',
    kind: 'ldap',
    name: 'Directory',
    network: near,
    settings: { preset: 'openldap', urls: ['ldap://127.0.0.1:1'], base_dn: 'dc=a', bind_dn: 'cn=b,dc=a' },
    secrets: { bind_password: CANARY.bindPassword },
  })
  const client = await api('POST', '/clients', {
    id: 'app',
    name: 'App',
    redirect_uris: [CALLBACK],
    allow: { authenticated: true },
    token: { enabled: true, grants: [], ttl_s: 3_600 },
  })
  const secret = hand('client secret', client.client_secret)
  const browser = new PlainBrowser(gate.url)
  const page = await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login: CANARY.login, password: CANARY.wrongPassword })
  browser.last = page
  await browser.submit('/sign-in/password', { login: 'ada', password: CANARY.wrongPassword })
  await browser.get('/sign-in/down')
  await browser.get('/sign-in/dir')
  await browser.submit('/sign-in/dir', { login: CANARY.login, password: CANARY.wrongPassword })
  await application(browser, secret)
  await ownAccount(browser)
  await links()
  await browser.get('/session/sign-out')
  await browser.submit('/session/sign-out')
  for (const path of [
    '/audit?limit=200',
    '/events?limit=200',
    '/sessions',
    '/accounts',
    '/clients',
    '/sign-in-methods',
  ])
    told.push({ what: path, text: JSON.stringify(await api('GET', path)) })
  const metrics = await fetch(`${gate.url}/metrics`, { headers: { authorization: `Bearer ${gate.adminKey}` } })
  told.push({ what: 'metrics', text: await metrics.text() })
}

async function application(browser: PlainBrowser, secret: string): Promise<void> {
  const challenge = createHash('sha256').update(CANARY.verifier).digest('base64url')
  await browser.get(
    `/sign-in/password?app=app&state=canary-state&code_challenge=${challenge}&code_challenge_method=S256`,
  )
  const done = await browser.submit('/sign-in/password', { login: 'ada@example.org', password: CANARY.password })
  hand('session', browser.cookies.get('octroi_session'))
  hand('browser', browser.cookies.get('octroi_browser'))
  const code = hand('application code', new URL(done.location ?? '').searchParams.get('code') ?? '')
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(`${gate.url}/session/exchange`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`app:${secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ code, code_verifier: CANARY.verifier }),
    })
    const body = (await answer.json()) as { api_token?: string }
    if (i === 0) hand('api token', body.api_token)
    else told.push({ what: 'second use', text: JSON.stringify(body) })
  }
}

async function ownAccount(browser: PlainBrowser): Promise<void> {
  await browser.get('/account/authenticators')
  const page = await browser.submit('/account/authenticators', { do: 'start' })
  const secret = (/<code class="code"[^>]*>([A-Z2-7 ]+)</.exec(page.text)?.[1] ?? '').replaceAll(' ', '')
  hand('TOTP secret', secret)
  await browser.submit('/account/authenticators', { do: 'add', name: 'Phone', code: CANARY.code })
  const code = codeOfStep(secret, stepAt(Date.now()))
  expect((await browser.submit('/account/authenticators', { do: 'add', name: 'Phone', code })).status).toBe(303)
  hand('session after', browser.cookies.get('octroi_session'))
  await browser.get('/account/recovery?confirm=make')
  const codes = await browser.submit('/account/recovery', { do: 'make' })
  for (const [, word] of codes.text.matchAll(/<code>([\w-]{8,})<\/code>/g))
    handed.push({ what: 'recovery', word: word as string })
  await browser.get('/account/password')
  const given = { current: CANARY.wrongPassword, password: CANARY.nextPassword, again: CANARY.nextPassword }
  expect((await browser.submit('/account/password', { do: 'change', ...given })).status).toBe(422)
  const right = { ...given, current: CANARY.password }
  expect((await browser.submit('/account/password', { do: 'change', ...right })).status).toBe(303)
}

async function links(): Promise<void> {
  const { url } = await api('POST', '/accounts/ben/invite', { deliver: 'link' })
  hand('invitation', String(url).split('/').at(-1))
  await api('POST', '/accounts/ben/invite', {})
  // Beside it come the notices of what was changed.
  const link = () => smtp.mails.map(({ text }) => /sign-in\/link\/([\w-]{43})/.exec(text)?.[1]).find(Boolean)
  await vi.waitUntil(link, { timeout: 10_000, interval: 20 })
  hand('invitation by mail', link())
  const browser = new PlainBrowser(gate.url)
  await browser.get(`/sign-in/link/${handed.at(-1)?.word}`)
  const typed = { password: CANARY.nextPassword, again: CANARY.nextPassword }
  expect((await browser.submit('/sign-in/link/', typed)).status).toBe(303)
  await browser.get('/sign-in/reset')
  await browser.submit('/sign-in/reset', { login: CANARY.login })
  await browser.get('/sign-in/reset')
  await browser.submit('/sign-in/reset', { login: 'ben' })
}

function stored(): { name: string; bytes: Buffer }[] {
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? files(path) : [path]
    })
  return files(gate.folder).map((name) => ({ name: name.slice(gate.folder.length), bytes: readFileSync(name) }))
}

function forms(word: string): string[] {
  const buffer = Buffer.from(word)
  return [
    word,
    buffer.toString('base64').replace(/=+$/, '').slice(0, -1),
    buffer.toString('hex'),
    encodeURIComponent(word),
  ]
}

const words = () => [...Object.entries(CANARY).map(([what, word]) => ({ what, word })), ...handed]

function leaks(text: string | Buffer): string[] {
  return words().flatMap(({ what, word }) => (forms(word).some((form) => text.includes(form)) ? [what] : []))
}

it('went through all of it', async () => {
  await gate.stop()
  expect(new Set(handed.map(({ what }) => what)).size).toBeGreaterThanOrEqual(9)
  expect(told.map(({ what }) => what)).toContain('second use')
  expect(gate.output().length).toBeGreaterThan(100)
})

it('T26 not in the log, at the level of everything', () => {
  expect(leaks(gate.output())).toEqual([])
})

it('T26 not in the trail, events, metrics, lists or refusals', () => {
  for (const { what, text } of told) expect([what, leaks(text)]).toEqual([what, []])
})

it('not in the data folder, write-ahead logs and all: what is kept is sealed, or a hash', () => {
  for (const { name, bytes } of stored()) expect([name, leaks(bytes)]).toEqual([name, []])
})
