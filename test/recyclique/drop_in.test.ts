import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import { basic } from '../support/paheko_call.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { classify } from '../support/recyclique.ts'
import { closing, keyFor, openShop, type Shop } from './shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.stop())

const basicKey = (user: string, key: string) => `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`

describe('C-01: an Octroi key in, Basic out', () => {
  it('C-01: with only a token set, RecyClique sends Bearer and Paheko gets its own Basic', async () => {
    const delivery = await shop.outbox().deliver(closing())
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 200 })
    expect(shop.paheko.transactionCount()).toBe(1)
    const [sent] = shop.paheko.requests
    expect(sent?.url).toBe('/api/accounting/transaction')
    expect(sent?.header('authorization')).toBe(basic(PAHEKO_WRITER))
  })

  it.each([
    ['Authorization: Bearer', (key: string) => ({ Authorization: `Bearer ${key}` })],
    ['API-KEY', (key: string) => ({ 'API-KEY': key })],
    ['X-API-Key', (key: string) => ({ 'X-API-Key': key })],
    ['Basic with the key as the password', (key: string) => ({ Authorization: basicKey('recyclique', key) })],
  ])('C-01: %s is taken, and never forwarded', async (_, credential) => {
    const headers = { 'Content-Type': 'application/json', ...credential(shop.token) }
    const body = JSON.stringify(closing().transaction)
    const answer = await shop.call('POST', '/api/accounting/transaction', { headers, body })
    expect(answer.status).toBe(200)
    const [sent] = shop.paheko.requests
    expect(sent?.header('authorization')).toBe(basic(PAHEKO_WRITER))
    expect(sent?.rawHeaders.filter((name) => /^(authorization|x-api-key|api-key)$/i.test(name))).toHaveLength(1)
    const wire = JSON.stringify(sent?.rawHeaders) + sent?.url + sent?.body
    expect(wire).not.toContain(shop.token)
    expect(wire).not.toContain(Buffer.from(`recyclique:${shop.token}`).toString('base64'))
  })

  it('C-01: the body and both ids of RecyClique arrive as they were sent', async () => {
    const posting = closing()
    await shop.outbox().deliver(posting)
    const [sent] = shop.paheko.requests
    expect(String(sent?.body)).toBe(JSON.stringify(posting.transaction))
    expect(sent?.header('idempotency-key')).toBe(posting.idempotencyKey)
    expect(sent?.header('x-correlation-id')).toBe(posting.correlationId)
  })

  it('C-01: with a user and a password set too, RecyClique sends Basic: the key as the password works the same', async () => {
    const outbox = shop.outbox({ user: 'recyclique', password: shop.token })
    expect(await outbox.deliver(closing())).toMatchObject({ state: 'delivered', attempts: 1 })
  })
})

const DENIED = [
  ['GET', '/api/download'],
  ['GET', '/api/download/files'],
  ['GET', '/api/download/'],
  ['GET', '/api/sql?sql=SELECT%201'],
  ['POST', '/api/sql'],
  ['GET', '/api/sql.csv'],
  ['GET', '/api/sqlx'],
  ['DELETE', '/api/accounting/transaction/1'],
  ['DELETE', '/api/user/1'],
  ['GET', '/api/user/1'],
  ['GET', '/api/user/new?nom=Mallory'],
  ['POST', '/api/user/new'],
  ['PUT', '/api/user/import'],
  ['GET', '/api/accounting/years'],
  ['GET', '/api/accounting/transaction'],
  ['POST', '/api/accounting/transaction/1'],
  ['POST', '/api/Accounting/transaction'],
  ['GET', '/admin/'],
] as const

describe('C-02: a key that posts closings can do nothing else', () => {
  it.each(DENIED)('C-02: %s %s → 403 not_granted, and nothing is sent to Paheko', async (method, path) => {
    const answer = await shop.call(method, path)
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([403, 'not_granted'])
    expect(shop.paheko.requests).toEqual([])
  })

  it.each([
    ['GET', '/api/accounting/../download'],
    ['GET', '/api/accounting/%2e%2e/download'],
    ['POST', '/api/accounting//transaction'],
    ['POST', '/api/accounting%2ftransaction'],
  ])('C-02: a path with two readings (%s %s) reaches Paheko in neither of them', async (method, path) => {
    // Over a raw socket: `fetch` would tidy the path before anybody could decide on it.
    const head = [
      `${method} /proxy/paheko${path} HTTP/1.1`,
      'Host: gate',
      `API-KEY: ${shop.token}`,
      'Content-Length: 0',
      '',
    ]
    const answer = await rawRequest(shop.gate.port, rawLines(...head))
    expect([answer.status, answer.header('octroi-error')]).toEqual([400, 'unsafe_path'])
    expect(shop.paheko.requests).toEqual([])
  })

  it('C-02: /api/download and /api/sql stay closed to a key that was granted everything', async () => {
    const key = await keyFor(shop.gate, ['* /**'])
    for (const path of ['/api/download', '/api/sql?sql=SELECT%201', '/api/sql.csv']) {
      const answer = await shop.call('GET', path, { headers: { 'API-KEY': key } })
      expect([path, answer.status, answer.headers.get('octroi-error')]).toEqual([path, 403, 'never_allowed'])
    }
    expect(shop.paheko.requests).toEqual([])
  })

  it('C-02: a denial goes to quarantine at once: trying again would not help', () => {
    expect(classify(403)).toBe('quarantined')
  })
})
