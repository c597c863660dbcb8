import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LEASE_MS } from '../../src/outbound/webhooks/dispatcher.ts'
import { RETRY_DELAYS_MS } from '../../src/outbound/webhooks/schedule.ts'
import { rotateSecrets } from '../../src/outbound/webhooks/secrets.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { ENGINES, Places } from '../store/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { verified } from './asking.ts'
import { Outbox } from './outbox.ts'

/** The outbox is emptied: when, how often, by whom, and what a receiver can do about it. */

const places = new Places()
let open: OpenStore
let outbox: Outbox
let receiver: Upstream
const prepare = async (engine: (typeof ENGINES)[number]) => {
  open = await places.openFresh(engine)
  outbox = await Outbox.on(open)
  receiver = await startUpstream()
}
afterEach(async () => {
  await outbox.close()
  await receiver.stop()
  await places.cleanUp()
}, 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const received = () => receiver.requests.map((request) => request.header('webhook-id'))

describe('one process', () => {
  beforeEach(() => prepare('sqlite'), 60_000)

  it('delivers an event once, signed, with its id, subject and data', async () => {
    const secret = await outbox.webhook('w1', `${receiver.url}/hook?a=b`)
    const id = await outbox.event({ name: 'Caisse n° 1' })
    await outbox.round(outbox.dispatcher())
    await outbox.round(outbox.dispatcher())
    expect(received()).toEqual([id])
    const [sent] = receiver.requests
    expect([sent?.method, sent?.url, sent?.header('content-type')]).toEqual(['POST', '/hook?a=b', 'application/json'])
    expect(verified(sent, secret, outbox.now)).toEqual({
      type: 'key.created',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { id, subject: 'key:k1', data: { name: 'Caisse n° 1' } },
    })
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'delivered', attempts: 1, last_status: 200 })
  })
  it('signs with the old secret as well during an overlap', async () => {
    const old = await outbox.webhook('w1', `${receiver.url}/hook`)
    const stored = await open.store.webhooks.get('w1')
    if (stored === undefined) throw new Error('no webhook')
    const next = rotateSecrets(outbox.secrets.open(stored), 60, new Date(outbox.now))
    await open.store.webhooks.update(stored.webhook, outbox.secrets.seal(stored.webhook, next))
    for (const seconds of [59, 1]) {
      outbox.now += seconds * 1_000
      await outbox.event()
      await outbox.round(outbox.dispatcher())
    }
    const [during, later] = receiver.requests
    for (const key of [old, next[0]?.key as string]) expect(verified(during, key, outbox.now)).toBeDefined()
    expect(verified(later, next[0]?.key as string, outbox.now)).toBeDefined()
    expect(verified(later, old, outbox.now)).toBeUndefined()
  })
  it('tries ten times, each time later, under the same id and with a new signature; then it has failed', async () => {
    const secret = await outbox.webhook('w1', `${receiver.url}/status/500`)
    const id = await outbox.event()
    const dispatcher = outbox.dispatcher()
    await outbox.round(dispatcher)
    for (const [i, delay] of RETRY_DELAYS_MS.entries()) {
      expect(receiver.requests).toHaveLength(i + 1)
      expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'waiting', attempts: i + 1, last_status: 500 })
      outbox.now += delay - 1
      await outbox.round(dispatcher)
      expect(receiver.requests).toHaveLength(i + 1)
      outbox.now += 1
      await outbox.round(dispatcher)
      expect(verified(receiver.requests[i + 1], secret, outbox.now)).toBeDefined()
    }
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'failed', attempts: 10, due_at: null })
    expect(new Set(received())).toEqual(new Set([id]))
    expect(await open.store.deliveries.nextDueAt()).toBeUndefined()
  })
  it('waits as long as the receiver asks, and comes again', async () => {
    let busy = true
    receiver.on('/hook', ({ response }) => response.writeHead(busy ? 503 : 200, { 'Retry-After': '3600' }).end())
    await outbox.webhook('w1', `${receiver.url}/hook`)
    const id = await outbox.event()
    const dispatcher = outbox.dispatcher()
    await outbox.round(dispatcher)
    expect((await outbox.delivery('w1', id)).due_at).toBe('2026-01-01T01:00:00.000Z')
    busy = false
    outbox.now += 3_600_000
    await outbox.round(dispatcher)
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'delivered', attempts: 2, last_error: null })
  })
  it('410: the webhook is disabled, what was waiting is given up, an event tells the others', async () => {
    await outbox.webhook('w1', `${receiver.url}/status/410`)
    await outbox.webhook('w2', `${receiver.url}/hook`, { types: ['webhook.disabled'] })
    const ids = [await outbox.event(), await outbox.event()]
    const dispatcher = outbox.dispatcher()
    await outbox.round(dispatcher)
    outbox.now += 1
    await outbox.round(dispatcher)
    expect((await open.store.webhooks.get('w1'))?.webhook).toMatchObject({
      state: 'disabled',
      state_reason: 'The receiver answered 410 Gone.',
    })
    const states = await Promise.all(ids.map(async (id) => (await outbox.delivery('w1', id)).state))
    expect(states.sort()).toEqual(['cancelled', 'failed'])
    await outbox.event()
    await outbox.round(dispatcher)
    expect((await open.store.deliveries.list('w1', { limit: 9 })).length).toBe(2)
    const told = receiver.requests.filter(({ url }) => url === '/hook').map(({ body }) => JSON.parse(String(body)))
    expect(told).toMatchObject([{ type: 'webhook.disabled', data: { subject: 'webhook:w1' } }])
  })
  it('a slow receiver gets four at a time and holds up nobody else', async () => {
    const waiting: (() => void)[] = []
    receiver.on('/slow', ({ response }) => void waiting.push(() => response.writeHead(200).end()))
    await outbox.webhook('a-slow', `${receiver.url}/slow`)
    await outbox.webhook('b-quick', `${receiver.url}/hook`)
    for (let i = 0; i < 10; i++) await outbox.event()
    const dispatcher = outbox.dispatcher()
    const quick = () => receiver.requests.filter(({ url }) => url === '/hook').length
    while (quick() < 10) {
      await dispatcher.look()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await expect.poll(() => waiting.length).toBe(4)
    let answered = 0
    while (answered < 10) {
      for (const answer of waiting.splice(0)) {
        answer()
        answered++
      }
      await dispatcher.look()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await dispatcher.settled()
    const slow = await open.store.deliveries.list('a-slow', { limit: 20 }, 'delivered')
    expect(slow).toHaveLength(10)
  })
  it('a webhook that is suspended or disabled is not told; one whose secret does not open says so in the log', async () => {
    await outbox.webhook('w1', `${receiver.url}/hook`, { state: 'suspended' })
    await outbox.webhook('w2', `${receiver.url}/hook`, { state: 'disabled' })
    await outbox.webhook('w3', `${receiver.url}/hook`)
    const altered = await open.store.webhooks.get('w3')
    if (altered === undefined) throw new Error('no webhook')
    // As whoever can write to the database, but has no key of the vault.
    await open.store.webhooks.update({ ...altered.webhook, url: `${receiver.url}/elsewhere` }, altered.sealed)
    const id = await outbox.event()
    await outbox.round(outbox.dispatcher())
    expect(receiver.requests).toEqual([])
    expect(await outbox.delivery('w3', id)).toMatchObject({ state: 'waiting', attempts: 1, last_status: null })
    expect(outbox.logged).toEqual([expect.stringContaining('could not be made')])
  })
  it('stops by letting what is under way finish, and begins nothing more', async () => {
    const arrived = Promise.withResolvers<() => void>()
    receiver.on('/hook', ({ response }) => arrived.resolve(() => response.writeHead(200).end()))
    await outbox.webhook('w1', `${receiver.url}/hook`)
    const id = await outbox.event()
    const dispatcher = outbox.dispatcher()
    await dispatcher.look()
    const answer = await arrived.promise
    const stopped = dispatcher.stop()
    const late = await outbox.event()
    await dispatcher.look()
    answer()
    await stopped
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'delivered' })
    expect(await outbox.delivery('w1', late)).toMatchObject({ state: 'waiting', attempts: 0, lease: null })
  })
  it('stops in the end without an answer: what was cut off is due at once, not counted', async () => {
    await outbox.webhook('w1', `${receiver.url}/never`)
    const id = await outbox.event()
    const dispatcher = outbox.dispatcher()
    await dispatcher.look()
    await expect.poll(() => receiver.requests.length).toBe(1)
    await dispatcher.stop()
    const due_at = new Date(outbox.now).toISOString()
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'waiting', attempts: 0, lease: null, due_at })
  }, 20_000)
})

describe.each(ENGINES)('several processes on %s', (engine) => {
  beforeEach(() => prepare(engine), 60_000)

  it('deliver each event once', async () => {
    await outbox.webhook('w1', `${receiver.url}/hook`)
    await outbox.webhook('w2', `${receiver.url}/hook`, { types: ['key.created'] })
    const other = await places.openAgain(open)
    const dispatchers = [outbox.dispatcher(), outbox.dispatcher(other), outbox.dispatcher(other)]
    const ids: string[] = []
    for (let i = 0; i < 15; i++) ids.push(await outbox.event())
    while ((await open.store.deliveries.nextDueAt()) !== undefined) {
      await Promise.all(dispatchers.map((dispatcher) => outbox.round(dispatcher)))
    }
    expect(received().sort()).toEqual([...ids, ...ids].sort())
    expect(outbox.logged).toEqual([])
  }, 30_000)

  it('one that was killed between claim and finish: another delivers again, under the same id, once the lease has lapsed', async () => {
    receiver.on('/hook', ({ response }) => receiver.requests.length > 1 && response.writeHead(200).end())
    await outbox.webhook('w1', `${receiver.url}/hook`)
    const id = await outbox.event()
    // What the dead process leaves: the claim, and a receiver that was told already.
    await outbox.dispatcher().look()
    await expect.poll(() => receiver.requests.length).toBe(1)
    const other = outbox.dispatcher(await places.openAgain(open))
    outbox.now += LEASE_MS - 1
    await outbox.round(other)
    expect(receiver.requests).toHaveLength(1)
    outbox.now += 1
    await outbox.round(other)
    expect(received()).toEqual([id, id])
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'delivered', attempts: 1 })
  }, 30_000)
})
