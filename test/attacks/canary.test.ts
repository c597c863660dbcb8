import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** Words that stand nowhere else: whatever leaves the gate with one of them in it is a leak. */
const CANARY = {
  username: 'canary-username-q8',
  password: 'canary-password-w7',
  nextPassword: 'canary-next-password-e6',
  apiKey: 'canary-upstream-token-r5',
  imported: 'canary-imported-key-t4',
  batch: 'canary-key-of-a-batch-p9',
  provided: 'canary-provided-key-a1',
  wrong: 'canary-wrong-credential-y3',
  body: 'canary-request-body-u2',
  query: 'canary-query-value-i1',
  cookie: 'canary-cookie-o0',
}

let gate: ChildGate
let upstream: Upstream
/** Every answer: head and body. */
const answers: { what: string; text: string }[] = []
/** Keys that were shown once, in the one answer where they belong. */
const keys: string[] = []

beforeAll(async () => {
  upstream = await startUpstream()
  gate = await startChildGate({
    OCTROI_LOG_LEVEL: 'trace',
    OCTROI_AUDIT: 'strict',
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_KEYS: `[api_key_provided]\nkey = ${CANARY.provided}\n`,
  })
  await scenario()
})
afterAll(async () => {
  await upstream.stop()
  await gate.remove()
})

async function call(what: string, path: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(`${gate.url}${path}`, { redirect: 'manual', ...init })
  const text = await answer.text()
  answers.push({ what, text: `${answer.status} ${JSON.stringify([...answer.headers])} ${text}` })
  return text
}

async function api(method: string, path: string, body?: unknown, key = gate.adminKey): Promise<string> {
  const init = { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } }
  return call(
    `${method} ${path}`,
    `/api/v1${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  )
}

async function makeKey(body: object): Promise<{ id: string; key: string }> {
  const made = JSON.parse(await api('POST', '/keys', body))
  keys.push(made.key)
  // The one place where it is shown.
  const last = answers.at(-1) as { text: string }
  last.text = last.text.replaceAll(made.key, '')
  return made
}

const proxy = (key: string, path: string, init: RequestInit = {}) =>
  call(`/proxy/svc${path}`, `/proxy/svc${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, cookie: `session=${CANARY.cookie}`, ...init.headers },
  })

async function scenario(): Promise<void> {
  keys.push(gate.adminKey)
  upstream.on('/echo', ({ response }) => response.end('fine'))
  upstream.on('/refuses', ({ response }) => response.writeHead(401).end('refused'))
  const network = { allow_private: true, allow_http: true }
  const connection = {
    id: 'svc',
    connector: 'generic-basic',
    settings: { base_url: upstream.url, test_path: '/refuses' },
    secrets: { username: CANARY.username, password: CANARY.password },
    network,
    replay_s: 60,
  }
  await api('POST', '/connections', { ...connection, secrets: { ...connection.secrets, passwort: CANARY.password } })
  await api('POST', '/connections', {
    ...connection,
    secrets: { username: `a:${CANARY.username}`, password: CANARY.password },
  })
  await api('POST', '/connections', { ...connection, verify: true })
  await api('POST', '/connections', { ...connection, settings: { base_url: `https://u:${CANARY.password}@h` } })
  await api('POST', '/connections', connection, CANARY.wrong)
  await api('POST', '/connections', connection)
  await api('POST', '/connections', connection)
  await api('POST', '/connections', {
    id: 'token',
    connector: 'generic-api-key',
    settings: { base_url: upstream.url },
    secrets: { api_key: CANARY.apiKey },
    network,
  })
  await api('PUT', '/connections/svc/next', { secrets: { username: CANARY.username, password: CANARY.nextPassword } })
  await api('POST', '/connections/svc/switch', {})
  await api('POST', '/connections/svc/test', { which: 'next' })
  await api('PATCH', '/connections/svc', { settings: { base_url: 'http://127.0.0.1:1' } })

  const grants = [{ connection: 'svc', allow: ['* /**'] }]
  const made = await makeKey({ name: 'till', grants })
  await api('POST', '/keys/import', { name: 'old', grants, secret: CANARY.imported })
  await api('POST', '/keys/import', { name: 'old', grants, secret: CANARY.imported })
  await proxy(made.key, `/echo?token=${CANARY.query}`, { headers: { 'idempotency-key': 'k' } })
  await proxy(CANARY.imported, '/echo')
  for (let i = 0; i < 2; i++)
    await proxy(made.key, '/echo', { method: 'POST', body: CANARY.body, headers: { 'idempotency-key': 'same' } })
  await proxy(made.key, '/echo', {
    method: 'POST',
    body: `${CANARY.body} another`,
    headers: { 'idempotency-key': 'same' },
  })
  await proxy(made.key, '/refuses')
  await proxy(made.key, '/reset')
  await proxy(made.key, '/../echo')
  await proxy(CANARY.wrong, '/echo')
  await programs(made.key, grants)
  await proxy(`${made.key.slice(0, -1)}!`, '/echo')
  await call('api-key twice', '/proxy/svc/echo', { headers: { 'api-key': made.key, 'x-api-key': CANARY.wrong } })
  // A key that strayed into an address: refused, and neither kept nor sent on.
  await call('key in the query', `/proxy/svc/echo?key=${made.key}`, { headers: { 'api-key': made.key } })
  await call('key in the path', `/proxy/svc/${made.key}`, { headers: { 'api-key': made.key } })
  await call('key as the connection', `/proxy/${made.key}/echo`, { headers: { 'api-key': made.key } })
  await api('GET', `/keys/${made.key}`)
  await api('GET', `/audit?key=${made.key}`)
  await api('DELETE', `/connections/${made.key}`)
  await api('GET', '/connections/nowhere')
  await call('key at no door', `/nowhere/${made.id}`)
  await call('key below no door', `/metrics?key=${made.key}`)
  await upstream.down()
  await proxy(made.key, '/echo')
  await api('POST', '/connections/svc/test', {})
  await upstream.up()
  const rotated = JSON.parse(await api('POST', `/keys/${made.id}/rotate`, { overlap_s: 0 }))
  keys.push(rotated.key)
  const last = answers.at(-1) as { text: string }
  last.text = last.text.replaceAll(rotated.key, '')
  await api('DELETE', `/keys/${made.id}`)
  await proxy(rotated.key, '/echo')
  await proxy(made.key, '/echo')
  await walk()
  await gate.stop()
}

/** Keys that came in many at once or from the environment, and checks for somebody else's proxy. */
async function programs(key: string, grants: unknown): Promise<void> {
  const row = { name: 'in a batch', grants, secret: CANARY.batch }
  await api('POST', '/keys/import/batch', { keys: [row], dry_run: true })
  await api('POST', '/keys/import/batch', { keys: [row, { ...row, account: 'nobody' }] })
  await api('POST', '/keys/import/batch', { keys: [row] })
  await api('POST', '/keys/import/batch', { keys: [{ ...row, secret: CANARY.provided }] })
  await api('POST', '/keys', { name: 'provided', grants, tech_name: 'provided' })
  keys.push(JSON.parse(answers.at(-1)?.text.replace(/^\d+ \[.*?\]\] /, '') ?? '').key)
  const last = answers.at(-1) as { text: string }
  last.text = last.text.replaceAll(keys.at(-1) as string, '')
  await api('POST', '/routes', {
    host: 'app.example.org',
    path: '/**',
    accept: { any: ['api_key'] },
    allow: { authenticated: true },
  })
  for (const secret of [key, CANARY.batch, CANARY.provided, CANARY.wrong]) {
    await proxy(secret, '/echo')
    await check(secret, { 'api-key': secret })
    await check(secret, { authorization: `Bearer ${secret}` })
    await check(secret, { authorization: `Basic ${Buffer.from(`${CANARY.username}:${secret}`).toString('base64')}` })
    await check(secret, { 'api-key': secret, 'x-api-key': CANARY.wrong })
  }
  await check(key, { 'api-key': key }, `/echo?key=${key}`)
  await check(key, { 'api-key': key }, `/${key}`)
}

function check(what: string, headers: Record<string, string>, uri = '/echo'): Promise<string> {
  return call(`forward-auth with ${what.slice(0, 12)}`, '/forward-auth', {
    headers: {
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.org',
      'x-forwarded-uri': uri,
      cookie: `session=${CANARY.cookie}`,
      ...headers,
    },
  })
}

/** Everything that can be read, as the administrator. */
async function walk(): Promise<void> {
  for (const path of [
    '/status',
    '/keys',
    '/connections',
    '/connections/svc',
    '/connectors',
    '/accounts',
    '/groups',
    '/routes',
    '/keys/self/usage',
    '/events',
    '/audit',
  ])
    await api(
      'GET',
      `${path}${/s$|t$/.test(path) && path !== '/status' && !/svc|usage/.test(path) ? '?limit=200' : ''}`,
    )
  for (const path of ['/metrics', '/openapi.json', '/health', '/ready', '/errors/not_granted'])
    await call(path, path, { headers: { authorization: `Bearer ${gate.adminKey}` } })
}

function stored(): { name: string; bytes: Buffer }[] {
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? files(path) : [path]
    })
  return files(gate.folder).map((name) => ({ name: name.slice(gate.folder.length), bytes: readFileSync(name) }))
}

/** The text itself, and what it becomes in Basic, base64, hex and a URL. */
function forms(word: string): string[] {
  const buffer = Buffer.from(word)
  const basic = Buffer.from(`${CANARY.username}:${word}`)
  return [
    word,
    buffer.toString('base64').replace(/=+$/, '').slice(0, -1),
    buffer.toString('hex'),
    basic.toString('base64').replace(/=+$/, '').slice(0, -1),
    encodeURIComponent(word),
  ]
}

const secretWords = () => [...Object.values(CANARY), ...keys]

describe('T26: secrets and keys leave by no door', () => {
  it('T26: the scenario went through all of it', () => {
    const statuses = new Set(answers.map(({ text }) => text.slice(0, 3)))
    for (const status of ['200', '201', '400', '401', '403', '404', '409', '422', '502'])
      expect(statuses).toContain(status)
    expect(keys).toHaveLength(4)
    expect(upstream.requests.length).toBeGreaterThan(5)
    expect(gate.output().length).toBeGreaterThan(100)
    expect(stored().some(({ name }) => /wal|db|sqlite/.test(name))).toBe(true)
  })

  it('T26: not in an answer', () => {
    for (const { what, text } of answers) {
      for (const word of secretWords()) {
        for (const form of forms(word)) expect([what, word, text.includes(form)]).toEqual([what, word, false])
      }
    }
  })

  it('T26: not in the log, at the level of everything', () => {
    const output = gate.output().toString()
    for (const word of secretWords()) {
      for (const form of forms(word)) expect([word, output.includes(form)]).toEqual([word, false])
    }
  })

  it('T26: not in the data folder, write-ahead logs and all', () => {
    for (const { name, bytes } of stored()) {
      for (const word of secretWords()) {
        for (const form of forms(word)) expect([name, word, bytes.includes(form)]).toEqual([name, word, false])
      }
    }
  })

  it('T26: no key of ours and no cookie reached the service, in header, path, query or body', () => {
    const seen = JSON.stringify(upstream.requests.map(({ url, rawHeaders, body }) => [url, rawHeaders, String(body)]))
    for (const word of [...keys, CANARY.cookie, CANARY.wrong, CANARY.imported, CANARY.batch, CANARY.provided]) {
      for (const form of forms(word)) expect([word, seen.includes(form)]).toEqual([word, false])
    }
    expect(seen).toContain(Buffer.from(`${CANARY.username}:${CANARY.password}`).toString('base64'))
  })
})
