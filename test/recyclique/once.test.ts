import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import { classify, type Posting } from '../support/recyclique.ts'
import { closing, delivered, openShop, reached, type Shop, secretsOf, written } from './shop.ts'

let shop: Shop
afterEach(() => shop.stop())

const DAY = 86_400

function post(posting: Posting, token = shop.token): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    'Idempotency-Key': posting.idempotencyKey,
  }
  return shop.call('POST', '/api/accounting/transaction', { headers, body: JSON.stringify(posting.transaction) })
}

describe('C-08: the replay store, opted in with replay_s', () => {
  it('C-08: the same Idempotency-Key and body → one transaction, and the same answer', async () => {
    shop = await openShop({ connection: { replay_s: DAY } })
    const posting = closing()
    const first = await post(posting)
    const again = await post(posting)
    expect([first.status, again.status]).toEqual([200, 200])
    expect(await again.text()).toBe(await first.text())
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: ten at the same time → one transaction, ten answers alike', async () => {
    shop = await openShop({ connection: { replay_s: DAY }, paheko: { delayMs: 50 } })
    const posting = closing()
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(posting)))
    const bodies = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(bodies).size).toBe(1)
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: another body under the same key → 422 idempotency_mismatch, never 409, which RecyClique counts as delivered', async () => {
    shop = await openShop({ connection: { replay_s: DAY } })
    const posting = closing()
    await post(posting)
    const other = await post({ ...posting, transaction: { ...posting.transaction, amount: 99 } })
    expect([other.status, other.headers.get('octroi-error')]).toEqual([422, 'idempotency_mismatch'])
    expect(classify(other.status)).toBe('quarantined')
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: an answer that is not final (Paheko down, secret refused) is not kept: the next attempt delivers', async () => {
    shop = await openShop({ connection: { replay_s: DAY } })
    const posting = closing()
    await shop.paheko.down()
    expect((await post(posting)).status).toBe(502)
    await shop.paheko.up()
    shop.paheko.setCredentials([{ ...PAHEKO_WRITER, password: 'other' }])
    expect((await post(posting)).status).toBe(502)
    shop.paheko.setCredentials([PAHEKO_WRITER])
    await shop.gate.api('PATCH', '/connections/paheko', { secrets: secretsOf(PAHEKO_WRITER) })
    expect((await post(posting)).status).toBe(200)
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: RecyClique that gave up waiting finds the answer at its next attempt: one transaction', async () => {
    shop = await openShop({ connection: { replay_s: DAY }, paheko: { delayMs: 400 } })
    const delivery = await shop.outbox({ timeoutMs: 100, sleep: () => wait(200) }).deliver(closing())
    expect(delivery).toMatchObject({ state: 'delivered', lastStatus: 200 })
    expect(delivery.attempts).toBeGreaterThan(1)
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: kept answers outlive a restart', async () => {
    shop = await openShop({ connection: { replay_s: DAY } })
    const posting = closing()
    await post(posting)
    await shop.gate.restart()
    expect((await post(posting)).headers.get('idempotent-replayed')).toBe('true')
    expect(shop.paheko.transactionCount()).toBe(1)
  })

  it('C-08: without replay_s the key passes through, and two requests are two transactions', async () => {
    shop = await openShop()
    const posting = closing()
    await post(posting)
    await post(posting)
    expect(shop.paheko.transactionCount()).toBe(2)
  })
})

describe('Octroi is restarted in the middle of an outbox run', () => {
  it('nothing is lost and nothing doubled with the replay store on', async () => {
    shop = await openShop({ connection: { replay_s: DAY }, paheko: { writeMs: 15 } })
    const names = Array.from({ length: 60 }, (_, i) => `run-${i}`)
    const run = names.map(async (name, i) => {
      await wait(Math.floor(i / 6) * 60)
      return shop.outbox({ sleep: () => wait(250) }).deliver(closing(name))
    })
    await written(shop.paheko, 5)
    const before = shop.paheko.transactionCount()
    await shop.gate.restart()
    const deliveries = await Promise.all(run)
    expect(before).toBeLessThan(names.length)
    expect(deliveries.filter(({ state }) => state !== 'delivered')).toEqual([])
    expect(delivered(shop.paheko).sort()).toEqual([...names].sort())
    expect(shop.paheko.transactionCount()).toBe(names.length)
  })

  it('a posting that is under way when the stop is asked for is answered first', async () => {
    shop = await openShop({ paheko: { delayMs: 300 } })
    const delivery = shop.outbox().deliver(closing())
    await reached(shop.paheko, 1)
    await shop.gate.restart()
    expect(await delivery).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(shop.paheko.transactionCount()).toBe(1)
  })
})
