import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import { classify } from '../support/recyclique.ts'
import { closing, keyFor, LOOPBACK_NETWORK, openShop, type Shop, secretsOf, soon, stateOf } from './shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.stop())

const post = () =>
  shop.call('POST', '/api/accounting/transaction', {
    headers: { authorization: `Bearer ${shop.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(closing().transaction),
  })

describe('C-03: Paheko is stopped', () => {
  it('C-03: 502 upstream_unreachable with Retry-After, well before the 15 s after which RecyClique gives up', async () => {
    await shop.paheko.down()
    const began = performance.now()
    const answer = await post()
    expect(performance.now() - began).toBeLessThan(5_000)
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([502, 'upstream_unreachable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(classify(answer.status)).toBe('retry')
  })

  it('C-03: the posting stays in the outbox and is delivered when Paheko is back, as one transaction', async () => {
    await shop.paheko.down()
    let waits = 0
    const sleep = async () => {
      if (++waits === 3) await shop.paheko.up()
    }
    const delivery = await shop.outbox({ sleep }).deliver(closing())
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 4, lastStatus: 200 })
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-03: an address that accepts and never answers is a 504 within the time-out of the connection', async () => {
    const held: Socket[] = []
    const silent = createServer((socket) => void held.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    await shop.gate.api('PATCH', '/connections/paheko', {
      settings: { base_url: `http://127.0.0.1:${port}` },
      secrets: secretsOf(PAHEKO_WRITER),
      timeouts: { first_byte_ms: 500 },
    })
    const answer = await post()
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([504, 'upstream_timeout'])
    expect(classify(answer.status)).toBe('retry')
    silent.close()
    for (const socket of held) socket.destroy()
  })

  it('C-03: Octroi starts, and a connection is made, while Paheko is down', async () => {
    await shop.paheko.down()
    await shop.gate.restart()
    const made = await shop.gate.api('POST', '/connections', {
      id: 'second',
      connector: 'paheko',
      settings: { base_url: shop.paheko.url },
      secrets: secretsOf(PAHEKO_WRITER),
      network: LOOPBACK_NETWORK,
    })
    expect(made.status).toBe(201)
    await shop.paheko.up()
    expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered', attempts: 1 })
  })
})

const CHANGED = { ...PAHEKO_WRITER, password: 'changed without telling' }

describe('C-04: Paheko refuses the secret that Octroi holds', () => {
  beforeEach(() => shop.paheko.setCredentials([CHANGED]))

  it('C-04: its 403 becomes 502 upstream_rejected_credential: retried, not put in quarantine', async () => {
    const answer = await post()
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([502, 'upstream_rejected_credential'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.text()).not.toContain('Invalid username or password')
    expect(shop.paheko.requests[0]?.header('authorization')).toMatch(/^Basic /)
    expect(classify(answer.status)).toBe('retry')
  })

  it('C-04: the connection is marked degraded, and an event says so', async () => {
    await post()
    expect(await stateOf(shop.gate, 'degraded')).toBe('degraded')
    const { body } = await shop.gate.api('GET', '/events?type=connection.degraded')
    expect(body.items).toEqual([expect.objectContaining({ subject: 'connection:paheko' })])
  })

  it('C-04: with the new secret given, what waited in the outbox is delivered', async () => {
    let waits = 0
    const sleep = async () => {
      if (++waits === 2) await shop.gate.api('PATCH', '/connections/paheko', { secrets: secretsOf(CHANGED) })
    }
    const delivery = await shop.outbox({ sleep }).deliver(closing())
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 3 })
    expect(shop.paheko.transactionCount()).toBe(1)
    expect(await stateOf(shop.gate, 'ready')).toBe('ready')
  })

  it('C-04: a 403 that is about the level of the credential is Paheko’s answer, and passes', async () => {
    shop.paheko.setCredentials([{ ...PAHEKO_WRITER, level: 1 }])
    const answer = await post()
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([403, null])
    expect(await answer.json()).toEqual({ error: 'You do not have enough rights to make this request' })
  })
})

describe('what else Paheko answers', () => {
  it('400 for an unknown account passes with its body: the posting itself is wrong, and quarantine is right', async () => {
    const posting = { ...closing(), transaction: { ...closing().transaction, credit: '999999' } }
    const delivery = await shop.outbox().deliver(posting)
    expect(delivery).toMatchObject({ state: 'quarantined', attempts: 1, lastStatus: 400 })
    expect(JSON.parse(delivery.lastBody).error).toContain('999999')
  })

  it('twenty postings at once are delivered at the first attempt: one writer at a time', async () => {
    const deliveries = await Promise.all(Array.from({ length: 20 }, () => shop.outbox().deliver(closing())))
    expect(new Set(deliveries.map(({ state, attempts }) => `${state} ${attempts}`))).toEqual(new Set(['delivered 1']))
    expect(shop.paheko.transactionCount()).toBe(20)
  })

  it('reads go on while a write is under way', async () => {
    const key = await keyFor(shop.gate, ['accounting-read'])
    const reads = Array.from({ length: 20 }, () =>
      shop.call('GET', '/api/accounting/years', { headers: { 'API-KEY': key } }),
    )
    const [, ...answers] = await Promise.all([shop.outbox().deliver(closing()), ...reads])
    expect(answers.every((answer) => (answer as Response).status === 200)).toBe(true)
    await soon()
  })
})
