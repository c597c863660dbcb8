import { rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { classify } from '../support/recyclique.ts'
import { startUpstream } from '../support/upstream.ts'
import { closing, keyFor, openShop, reached, type Shop, secretsOf } from './shop.ts'

/** Everything that Octroi says on its own account under /proxy, as RecyClique's outbox would take it. */

interface Said {
  readonly status: number
  readonly code: string | null
  readonly retryAfter: string | null
}

let shop: Shop
beforeEach(async () => {
  shop = await openShop({ connection: { replay_s: 60 } })
})
afterEach(() => shop.stop())

const POST = '/api/accounting/transaction'

async function said(answer: Response | Promise<Response>): Promise<Said> {
  const { status, headers } = await answer
  return { status, code: headers.get('octroi-error'), retryAfter: headers.get('retry-after') }
}

function post(headers: Record<string, string> = {}, body = JSON.stringify(closing().transaction)): Promise<Said> {
  const all = { Authorization: `Bearer ${shop.token}`, 'Content-Type': 'application/json', ...headers }
  return said(shop.call('POST', POST, { headers: all, body }))
}

async function raw(...lines: string[]): Promise<Said> {
  const answer = await rawRequest(shop.gate.port, rawLines(...lines, `API-KEY: ${shop.token}`, 'Host: gate', ''))
  return {
    status: answer.status,
    code: answer.header('octroi-error') ?? null,
    retryAfter: answer.header('retry-after') ?? null,
  }
}

const patch = (body: object) => shop.gate.api('PATCH', '/connections/paheko', body)
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })
const idOf = async (key: string) => (await shop.gate.api('GET', '/keys/self', undefined, { key })).body.id

async function revoked(): Promise<string> {
  await shop.gate.api('DELETE', `/keys/${await idOf(shop.token)}`)
  return shop.token
}

async function expired(): Promise<string> {
  const key = await keyFor(shop.gate, ['accounting-post'], { expires_at: new Date(Date.now() + 1_500).toISOString() })
  await wait(1_600)
  return key
}

/** A call that holds the only writer's place while another one comes. */
async function whileWriting(call: () => Promise<Said>): Promise<Said> {
  await shop.stop()
  shop = await openShop({ connection: { limits: { queue: 0 } }, paheko: { delayMs: 300 } })
  const first = post()
  await reached(shop.paheko, 1)
  const second = await call()
  await first
  return second
}

async function withoutConnector(): Promise<Said> {
  const folder = join(shop.gate.settings.data_dir, 'connectors')
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'gone.yaml')
  writeFileSync(file, `id: gone\nname: Gone\ndocs: https://example.org/\nscheme: basic\nbase_url: ${shop.paheko.url}\n`)
  await wait(1_500)
  const made = await shop.gate.api('POST', '/connections', {
    id: 'gone',
    connector: 'gone',
    secrets: secretsOf(PAHEKO_WRITER),
    network: { allow_private: true, allow_http: true },
  })
  expect(made.status).toBe(201)
  const grants = [{ connection: 'gone', allow: ['* /**'] }]
  const { key } = (await shop.gate.api('POST', '/keys', { name: 'gone', grants })).body
  rmSync(file)
  await wait(1_500)
  return said(fetch(`${shop.gate.url}/proxy/gone/x`, { headers: bearer(key) }))
}

const LATER = true
const FINAL = false

/** code, how to bring it about, and whether RecyClique tries again. */
const ANSWERS: readonly (readonly [keyof typeof ERROR_CODES, string, boolean, () => Promise<Said>])[] = [
  ['unauthenticated', 'no credential', FINAL, () => said(shop.call('POST', POST, { headers: {} }))],
  ['unauthenticated', 'a wrong key', FINAL, () => post(bearer('nothing'))],
  ['key_revoked', 'a revoked key', FINAL, async () => post(bearer(await revoked()))],
  ['key_expired', 'an expired key', FINAL, async () => post(bearer(await expired()))],
  ['ambiguous_credentials', 'two credentials', FINAL, () => post({ 'API-KEY': 'another' })],
  ['not_granted', 'a path beyond the grant', FINAL, () => said(shop.call('GET', '/api/download'))],
  [
    'not_granted',
    'no such connection',
    FINAL,
    () => said(fetch(`${shop.gate.url}/proxy/none/x`, { headers: bearer(shop.token) })),
  ],
  [
    'never_allowed',
    'a path that the connector never lets through',
    FINAL,
    async () => said(shop.call('GET', '/api/sql', { headers: bearer(await keyFor(shop.gate, ['* /**'])) })),
  ],
  ['unsafe_path', 'a path with two readings', FINAL, () => raw('GET /proxy/paheko/api/../x HTTP/1.1')],
  ['method_not_allowed', 'TRACE', FINAL, () => raw('TRACE /proxy/paheko/api/ HTTP/1.1')],
  [
    'csrf_rejected',
    'a page that is opened',
    FINAL,
    () => raw('GET /proxy/paheko/api/ HTTP/1.1', 'Sec-Fetch-Mode: navigate'),
  ],
  ['invalid_request', 'a key in the URL', FINAL, () => raw(`GET /proxy/paheko/api/?k=${shop.token} HTTP/1.1`)],
  [
    'payload_too_large',
    'a body over the limit',
    FINAL,
    async () => {
      await patch({ limits: { request_bytes: 100 } })
      return post({}, 'x'.repeat(200))
    },
  ],
  [
    'idempotency_mismatch',
    'another body under the same key',
    FINAL,
    async () => {
      await post({ 'Idempotency-Key': 'one' })
      return post({ 'Idempotency-Key': 'one' }, '{}')
    },
  ],
  [
    'unsupported',
    'an upgrade',
    LATER,
    () => raw('GET /proxy/paheko/api/ HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'),
  ],
  [
    'rate_limited',
    'more than the key may',
    LATER,
    async () => {
      const key = await keyFor(shop.gate, ['accounting-post'], { rate_limit: { limit: 1, window_s: 60 } })
      await post(bearer(key))
      return post(bearer(key))
    },
  ],
  [
    'upstream_unreachable',
    'Paheko is down',
    LATER,
    async () => {
      await shop.paheko.down()
      return post()
    },
  ],
  [
    'upstream_rejected_credential',
    'Paheko refuses our secret',
    LATER,
    async () => {
      shop.paheko.setCredentials([])
      return post()
    },
  ],
  [
    'upstream_timeout',
    'Paheko does not answer',
    LATER,
    async () => {
      await shop.stop()
      shop = await openShop({ paheko: { delayMs: 1_000 }, connection: { timeouts: { first_byte_ms: 200 } } })
      return post()
    },
  ],
  ['busy', 'no place in the queue', LATER, () => whileWriting(() => post())],
  ['reconnect_required', 'the connector file is gone', LATER, withoutConnector],
]

describe('every answer of Octroi’s own under /proxy', () => {
  it.each(ANSWERS)('%s (%s): tried again: %s', async (code, _, isRetried, provoke) => {
    const answer = await provoke()
    expect(answer).toMatchObject({ code, status: ERROR_CODES[code].status })
    expect(classify(answer.status)).toBe(isRetried ? 'retry' : 'quarantined')
    const waits = isRetried && !['unsupported', 'reconnect_required'].includes(code)
    if (waits) expect(Number(answer.retryAfter)).toBeGreaterThan(0)
  })

  it('no code that /proxy can answer is a 3xx or a 409, and each 5xx is tried again', () => {
    const outside = ['conflict', 'identity_changed'] // Of the management API.
    for (const [code, { status }] of Object.entries(ERROR_CODES)) {
      if (outside.includes(code)) continue
      expect([code, status]).not.toEqual([code, 409])
      expect(status).toBeGreaterThanOrEqual(400)
      if (status >= 500) expect(classify(status)).toBe('retry')
    }
  })

  it('an answer of Paheko’s own carries no Octroi-Error, so that the two can be told apart', async () => {
    const key = await keyFor(shop.gate, ['GET /api/accounting/**'])
    const answer = await said(shop.call('GET', '/api/accounting/transaction/999', { headers: bearer(key) }))
    expect(answer).toMatchObject({ status: 404, code: null })
  })

  it('a redirect of Paheko’s is returned, not followed', async () => {
    const elsewhere = await startUpstream()
    await patch({ settings: { base_url: elsewhere.url }, secrets: secretsOf(PAHEKO_WRITER) })
    const key = await keyFor(shop.gate, ['GET /redirect'])
    const answer = await shop.call('GET', '/redirect?to=/elsewhere', { headers: bearer(key) })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/elsewhere'])
    expect(answer.headers.get('octroi-error')).toBeNull()
    expect(elsewhere.requests).toHaveLength(1)
    await elsewhere.stop()
  })
})
