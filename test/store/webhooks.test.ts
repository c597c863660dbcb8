import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { Webhook } from '../../src/core/types.ts'
import type { ClaimedDelivery } from '../../src/core/webhook_stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { event, fill } from './rows.ts'

/** Webhooks and the outbox, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

/** The time of every event of `rows.ts`, and seconds after it. */
const AT = '2026-01-01T00:00:00.000Z'
const plus = (seconds: number) => new Date(Date.parse(AT) + seconds * 1_000).toISOString()
const lease = (token: string, until = plus(60)) => ({ token, until })

function webhook(id: string, more: Partial<Webhook> = {}): Webhook {
  return {
    id,
    name: `Récepteur ${id}`,
    url: `https://${id}.example.org/hook`,
    types: ['*'],
    network: { allow_private: ['10.0.0.0/8'] },
    state: 'active',
    state_reason: null,
    state_since: AT,
    created_at: AT,
    updated_at: AT,
    created_by: 'k1',
    ...more,
  }
}

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
  }, 60_000)

  const ids = async (hook: string) => (await store.deliveries.list(hook, { limit: 99 })).map(({ id }) => id)
  const claimOne = async (token = 'a', now = AT) =>
    (await store.deliveries.claim('w1', now, lease(token), 1))[0] as ClaimedDelivery

  describe('webhooks', () => {
    it('come back as they were written, with their types in order', async () => {
      const one = webhook('w1', { types: ['key.created', 'connection.degraded'], created_by: null, network: {} })
      await store.webhooks.insert(one, 'sealed 1')
      const types = ['connection.degraded', 'key.created']
      expect(await store.webhooks.get('w1')).toEqual({ webhook: { ...one, types }, sealed: 'sealed 1' })
      expect(await store.webhooks.get('w2')).toBeUndefined()
    })
    it('refuse an id that is taken, and keep the first whole', async () => {
      await store.webhooks.insert(webhook('w1'), 'sealed 1')
      const second = store.webhooks.insert(webhook('w1', { types: ['key.created'] }), 'sealed 2')
      await expect(second).rejects.toMatchObject({ code: 'conflict' })
      expect(await store.webhooks.get('w1')).toEqual({ webhook: webhook('w1'), sealed: 'sealed 1' })
    })
    it('change by update, types and secret as well', async () => {
      await store.webhooks.insert(webhook('w1'), 'sealed 1')
      const changed = webhook('w1', { types: ['key.created'], state: 'disabled', state_reason: 'gone', network: {} })
      await store.webhooks.update(changed, 'sealed 2')
      expect(await store.webhooks.get('w1')).toEqual({ webhook: changed, sealed: 'sealed 2' })
    })
    it('are listed page by page and counted, and go with their deliveries', async () => {
      for (const id of ['w1', 'w2', 'w3']) await store.webhooks.insert(webhook(id), 'sealed')
      expect((await store.webhooks.list({ limit: 2 })).map(({ id }) => id)).toEqual(['w1', 'w2'])
      expect(await store.webhooks.list({ limit: 2, after: 'w2' })).toEqual([webhook('w3')])
      await store.events.insert(event('e1'))
      expect(await store.webhooks.delete('w1')).toBe(true)
      expect(await store.webhooks.delete('w1')).toBe(false)
      expect([await store.webhooks.count(), await ids('w1'), await ids('w2')]).toEqual([2, [], ['e1']])
    })
  })

  describe('the outbox', () => {
    it('has a delivery for each webhook that wants the event, from the same statement on', async () => {
      await store.webhooks.insert(webhook('all'), 's')
      await store.webhooks.insert(webhook('expiring', { types: ['key.expiring', 'key.created'] }), 's')
      await store.webhooks.insert(webhook('other', { types: ['connection.degraded'] }), 's')
      await store.webhooks.insert(webhook('off', { state: 'disabled' }), 's')
      await store.webhooks.insert(webhook('restored', { state: 'suspended' }), 's')
      await store.events.insert(event('e1'))
      expect(await store.deliveries.get('all', 'e1')).toEqual({
        webhook_id: 'all',
        id: 'e1',
        type: 'key.expiring',
        state: 'waiting',
        attempts: 0,
        due_at: AT,
        lease: null,
        last_at: null,
        last_status: null,
        last_error: null,
        created_at: AT,
        finished_at: null,
      })
      expect(await ids('expiring')).toEqual(['e1'])
      expect([await ids('other'), await ids('off')]).toEqual([[], []])
      expect(await store.deliveries.get('restored', 'e1')).toMatchObject({ state: 'suspended', due_at: null })
    })
    it('has nothing of a transaction that is rolled back', async () => {
      await store.webhooks.insert(webhook('w1'), 's')
      const failed = store.transaction(async (trx) => {
        await trx.events.insert(event('e1'))
        expect(await trx.deliveries.get('w1', 'e1')).toBeDefined()
        throw new Error('no')
      })
      await expect(failed).rejects.toThrow('no')
      expect([await ids('w1'), await store.events.list({ limit: 9 })]).toEqual([[], []])
      expect(await store.deliveries.nextDueAt()).toBeUndefined()
    })
    it('says when the next is due, and whose are due', async () => {
      for (const id of ['w1', 'w2']) await store.webhooks.insert(webhook(id), 'sealed')
      expect(await store.deliveries.nextDueAt()).toBeUndefined()
      await store.events.insert(event('e1', { at: plus(5) }))
      expect(await store.deliveries.nextDueAt()).toBe(plus(5))
      expect(await store.webhooks.due(plus(4))).toEqual([])
      expect(await store.webhooks.due(plus(5))).toEqual([
        { webhook: webhook('w1'), sealed: 'sealed' },
        { webhook: webhook('w2'), sealed: 'sealed' },
      ])
      await store.deliveries.claim('w1', plus(5), lease('a', plus(65)), 9)
      expect((await store.webhooks.due(plus(6))).map((due) => due.webhook.id)).toEqual(['w2'])
    })
    it('moves the version of the hot path on PostgreSQL not at all: no cache is lost by a delivery', async () => {
      if (engine === 'sqlite') return
      const version = async () => (await places.openAgain(open)).hot.version()
      const before = await version()
      await store.webhooks.insert(webhook('w1'), 's')
      await store.events.insert(event('e1'))
      await store.deliveries.finish(await claimOne(), {
        state: 'delivered',
        at: AT,
        due_at: null,
        status: 200,
        error: null,
      })
      expect(await version()).toBe(before)
      await fill(open)
      expect(await version()).not.toBe(before)
    })
  })

  describe('a claim', () => {
    beforeEach(async () => {
      await store.webhooks.insert(webhook('w1'), 's')
      await store.events.insert(event('e1', { data: { days: 7 } }))
      await store.events.insert(event('e2', { at: plus(1) }))
      await store.events.insert(event('e3', { at: plus(9) }))
    })
    const record = { state: 'waiting', at: plus(2), due_at: plus(20), status: 500, error: 'no' } as const

    it('takes what is due, the oldest first, with its event, and nobody else gets it', async () => {
      const first = await store.deliveries.claim('w1', plus(2), lease('a'), 1)
      expect(first).toEqual([{ webhook_id: 'w1', event: event('e1', { data: { days: 7 } }), attempts: 0, lease: 'a' }])
      const rest = await store.deliveries.claim('w1', plus(2), lease('b'), 9)
      expect(rest.map((claimed) => claimed.event.id)).toEqual(['e2'])
      expect(await store.deliveries.claim('w1', plus(2), lease('c'), 9)).toEqual([])
    })
    it('lapses at the end of its lease, and who comes late records nothing', async () => {
      const lost = await claimOne('a')
      expect((await store.deliveries.claim('w1', plus(59), lease('b', plus(200)), 9)).map((c) => c.event.id)).toEqual([
        'e2',
        'e3',
      ])
      const taken = await claimOne('c', plus(60))
      expect(taken.event.id).toBe('e1')
      expect(await store.deliveries.finish(lost, record)).toBe(false)
      await store.deliveries.release(lost, AT)
      expect(await store.deliveries.get('w1', 'e1')).toMatchObject({ lease: 'c', attempts: 0 })
    })
    it('ends with an outcome, which counts the attempt', async () => {
      expect(await store.deliveries.finish(await claimOne(), record)).toBe(true)
      expect(await store.deliveries.get('w1', 'e1')).toMatchObject({
        state: 'waiting',
        attempts: 1,
        due_at: plus(20),
        lease: null,
        last_at: plus(2),
        last_status: 500,
        last_error: 'no',
        finished_at: null,
      })
      const again = await claimOne('b', plus(20))
      expect([again.event.id, again.attempts]).toEqual(['e2', 0])
      await store.deliveries.release(again, plus(20))
      const all = await store.deliveries.claim('w1', plus(20), lease('c', plus(80)), 9)
      for (const claimed of all) {
        await store.deliveries.finish(claimed, {
          ...record,
          state: 'delivered',
          due_at: null,
          status: 204,
          error: null,
        })
      }
      expect(await store.deliveries.list('w1', { limit: 9 })).toMatchObject([
        { id: 'e3', state: 'delivered', attempts: 1 },
        { id: 'e2', state: 'delivered', attempts: 1 },
        { id: 'e1', state: 'delivered', attempts: 2, due_at: null, finished_at: plus(2), last_error: null },
      ])
    })
    it('is got by one of many who claim at once, in two handles', async () => {
      const other = await places.openAgain(open)
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? other : open).store.deliveries.claim('w1', plus(9), lease(`t${i}`, plus(99)), 2),
        ),
      )
      const rest = await store.deliveries.claim('w1', plus(9), lease('rest', plus(99)), 9)
      const got = [...claims.flat(), ...rest].map((claimed) => claimed.event.id)
      expect(got.sort()).toEqual(['e1', 'e2', 'e3'])
    })
    it('is ended by cancelling, and what was over stays as it was', async () => {
      await store.deliveries.finish(await claimOne(), { ...record, state: 'delivered', due_at: null })
      const held = await claimOne('b', plus(1))
      expect(await store.deliveries.cancel('w1', plus(3))).toBe(2)
      expect(await store.deliveries.finish(held, record)).toBe(false)
      const states = (await store.deliveries.list('w1', { limit: 9 })).map(({ state, finished_at }) => [
        state,
        finished_at,
      ])
      expect(states).toEqual([
        ['cancelled', plus(3)],
        ['cancelled', plus(3)],
        ['delivered', plus(2)],
      ])
      expect(await store.deliveries.nextDueAt()).toBeUndefined()
    })
    it('is begun anew by a replay, but not while it is held', async () => {
      const held = await claimOne()
      expect(await store.deliveries.replay('w1', 'e1', plus(3))).toBe(false)
      await store.deliveries.finish(held, record)
      expect(await store.deliveries.replay('w1', 'e1', plus(3))).toBe(true)
      expect(await store.deliveries.get('w1', 'e1')).toMatchObject({ attempts: 1, due_at: plus(3), state: 'waiting' })
      await store.deliveries.finish(await claimOne('b', plus(3)), { ...record, state: 'failed', due_at: null })
      await store.deliveries.finish(await claimOne('b', plus(3)), { ...record, state: 'failed', due_at: null })
      expect(await store.deliveries.replay('w1', 'e1', plus(4))).toBe(true)
      expect(await store.deliveries.get('w1', 'e1')).toMatchObject({ attempts: 0, state: 'waiting', finished_at: null })
      expect(await store.deliveries.replay('w1', 'nothing', plus(4))).toBe(false)
    })
    it('what was suspended comes back when it is resumed, and not by a replay', async () => {
      await store.webhooks.update(webhook('w1', { state: 'suspended' }), 's')
      await store.events.insert(event('e4'))
      expect(await store.deliveries.replay('w1', 'e4', AT)).toBe(false)
      expect(await store.deliveries.resume('w1', plus(5))).toBe(1)
      expect(await store.deliveries.get('w1', 'e4')).toMatchObject({ state: 'waiting', due_at: plus(5) })
    })
    it('what is over goes with time, what is not stays', async () => {
      await store.deliveries.finish(await claimOne(), { ...record, state: 'delivered', due_at: null })
      expect(await store.deliveries.prune(plus(2))).toBe(0)
      expect(await store.deliveries.prune(plus(3))).toBe(1)
      expect(await ids('w1')).toEqual(['e3', 'e2'])
    })
    it('deliveries are listed newest first, page by page and by state', async () => {
      await store.deliveries.finish(await claimOne(), { ...record, state: 'delivered', due_at: null })
      const page = async (limit: number, cursor?: string) =>
        (await store.deliveries.list('w1', { limit, after: cursor })).map(({ id }) => id)
      expect([await page(2), await page(2, 'e2')]).toEqual([['e3', 'e2'], ['e1']])
      expect((await store.deliveries.list('w1', { limit: 9 }, 'delivered')).map(({ id }) => id)).toEqual(['e1'])
    })
  })
})
