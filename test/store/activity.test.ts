import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityStore } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { batch, replay } from './rows.ts'

/** Every method of `ActivityStore`, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const conflict = expect.objectContaining({ code: 'conflict' })
const NOW = '2026-01-01T00:00:00.000Z'

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let activity: ActivityStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    activity = open.activity
  }, 60_000)

  const key = (value: string) => ({ kind: 'key' as const, value })
  const at = (value: string) => ({ kind: 'connection' as const, value })

  describe('audit batches', () => {
    it('come back in order of their chain, from a given place on', async () => {
      for (const seq of [1, 2, 3]) await activity.append(batch('w1', seq), [], [], [])
      await activity.append(batch('w2', 1), [], [], [])
      expect(await activity.chain('w1', 0, 2)).toEqual([batch('w1', 1), batch('w1', 2)])
      expect(await activity.chain('w1', 2, 9)).toEqual([batch('w1', 3)])
      expect(await activity.lastBatch('w1')).toEqual({ seq: 3, mac: 'mac w1 3' })
      expect(await activity.lastBatch('w9')).toBeUndefined()
      expect(await activity.writers()).toEqual(['w1', 'w2'])
    })

    it('refuse a second batch of the same writer and number, and keep nothing of it', async () => {
      await activity.append(batch('w1', 1), [key('k1')], [], [])
      const second = activity.append(batch('w1', 1, { lines: 'forged' }), [key('k2')], [{ key_id: 'k2', at: NOW }], [])
      await expect(second).rejects.toEqual(conflict)
      expect(await activity.chain('w1', 0, 9)).toEqual([batch('w1', 1)])
      expect(await activity.batches({ limit: 9, key: 'k2' })).toEqual([])
      expect((await activity.lastUses(['k2'])).size).toBe(0)
    })

    it('are found newest first by key, connection, time and place', async () => {
      await activity.append(batch('w1', 1), [key('k1'), at('c1')], [], [])
      await activity.append(batch('w1', 2), [key('k1'), at('c2')], [], [])
      await activity.append(batch('w1', 3), [key('k2'), at('c1'), at('c1')], [], [])
      const seqs = async (query: object) => (await activity.batches({ limit: 2, ...query })).map(({ seq }) => seq)
      expect(await seqs({})).toEqual([3, 2])
      expect(await seqs({ key: 'k1' })).toEqual([2, 1])
      expect(await seqs({ connection: 'c1' })).toEqual([3, 1])
      expect(await seqs({ key: 'k1', connection: 'c1' })).toEqual([1])
      expect(await seqs({ connection: 'k1' })).toEqual([])
      expect(await seqs({ since: batch('w1', 3).last_at })).toEqual([3])
      const [, oldest] = await activity.batches({ limit: 2 })
      expect(await seqs({ before: oldest?.row })).toEqual([1])
      expect(oldest).toEqual({ ...batch('w1', 2), row: expect.any(Number) })
    })

    it('speak of thousands of keys at once', async () => {
      const many = Array.from({ length: 2_500 }, (_, i) => `k${i}`)
      await activity.append(
        batch('w1', 1),
        many.map(key),
        many.map((key_id) => ({ key_id, at: NOW })),
        [],
      )
      expect((await activity.lastUses(many)).size).toBe(2_500)
      expect(await activity.batches({ limit: 9, key: 'k2499' })).toHaveLength(1)
    })

    it('give place to their checkpoint when they are pruned, in one step', async () => {
      for (const seq of [1, 2, 3]) await activity.append(batch('w1', seq), [key('k1')], [], [])
      await activity.append(batch('w2', 1), [key('k1')], [], [])
      const checkpoint = { writer: 'w1', seq: 2, batch_mac: 'mac w1 2', at: NOW, mac: 'm' }
      expect(await activity.prune(checkpoint)).toBe(2)
      expect(await activity.checkpoints()).toEqual([checkpoint])
      expect(await activity.chain('w1', 0, 9)).toEqual([batch('w1', 3)])
      expect((await activity.batches({ limit: 9, key: 'k1' })).map(({ writer, seq }) => [writer, seq])).toEqual([
        ['w2', 1],
        ['w1', 3],
      ])
      const later = { ...checkpoint, seq: 3, batch_mac: 'mac w1 3' }
      expect(await activity.prune(later)).toBe(1)
      expect(await activity.checkpoints()).toEqual([later])
    })
  })

  describe('last uses', () => {
    it('keep the latest time, also of several in one batch and of a batch that comes late', async () => {
      const use = (time: string) => ({ key_id: 'k1', at: time })
      await activity.append(undefined, [], [use('2026-01-02'), use('2026-01-03'), use('2026-01-01')], [])
      expect(await activity.lastUses(['k1', 'k2'])).toEqual(new Map([['k1', '2026-01-03']]))
      await activity.append(undefined, [], [use('2026-01-02')], [])
      expect((await activity.lastUses(['k1'])).get('k1')).toBe('2026-01-03')
      await activity.append(undefined, [], [use('2026-01-04')], [])
      expect((await activity.lastUses(['k1'])).get('k1')).toBe('2026-01-04')
      expect((await activity.lastUses([])).size).toBe(0)
    })

    it('are taken from two processes at once without losing either', async () => {
      const other = (await places.openAgain(open)).activity
      const uses = Array.from({ length: 50 }, (_, i) => ({ key_id: `k${i}`, at: NOW }))
      const rounds = Array.from({ length: 6 }, (_, i) =>
        (i % 2 ? other : activity).append(batch(`w${i % 2}`, i + 1), [], i % 2 ? uses : uses.toReversed(), []),
      )
      await Promise.all(rounds)
      expect((await activity.lastUses(uses.map(({ key_id }) => key_id))).size).toBe(50)
      expect((await activity.chain('w0', 0, 9)).length + (await activity.chain('w1', 0, 9)).length).toBe(6)
    })
  })

  describe('kept answers', () => {
    it('are claimed once; the second caller sees the claim', async () => {
      expect(await activity.claimReplay(replay('r1'), NOW)).toBeUndefined()
      expect(await activity.claimReplay(replay('r1', { body_hash: 'other' }), NOW)).toEqual(replay('r1'))
      expect(await activity.getReplay('r1')).toEqual(replay('r1'))
      expect(await activity.getReplay('r2')).toBeUndefined()
    })

    it('are claimed by one of many callers at once', async () => {
      const other = (await places.openAgain(open)).activity
      const claims = Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? other : activity).claimReplay(replay('r1', { body_hash: `caller ${i}` }), NOW),
      )
      const holders = await Promise.all(claims)
      expect(holders.filter((holder) => holder === undefined)).toHaveLength(1)
      const winner = `caller ${holders.indexOf(undefined)}`
      for (const holder of holders) if (holder) expect(holder.body_hash).toBe(winner)
    })

    it('are free again once they are over, or given back', async () => {
      await activity.claimReplay(replay('r1'), NOW)
      const next = replay('r1', { body_hash: 'next', expires_at: '2026-01-01T00:02:00.000Z' })
      expect(await activity.claimReplay(next, '2026-01-01T00:00:59.999Z')).toEqual(replay('r1'))
      expect(await activity.claimReplay(next, '2026-01-01T00:01:00.000Z')).toBeUndefined()
      await activity.releaseReplay('r1', next.fence)
      expect(await activity.claimReplay(replay('r1'), NOW)).toBeUndefined()
    })

    it('are not finished or given back by who came too late: the claim is another’s by then', async () => {
      const late = replay('r1', { fence: 'first' })
      await activity.claimReplay(late, NOW)
      const next = replay('r1', { fence: 'second', expires_at: '2026-01-01T00:02:00.000Z' })
      expect(await activity.claimReplay(next, late.expires_at)).toBeUndefined()
      await activity.releaseReplay('r1', late.fence)
      await activity.finishReplay({ ...late, state: 'done', answer: 'of the first' })
      expect(await activity.getReplay('r1')).toEqual(next)
      const done = { ...next, state: 'done', answer: 'of the second' } as const
      await activity.finishReplay(done)
      await activity.finishReplay({ ...late, state: 'too_large' })
      expect(await activity.getReplay('r1')).toEqual(done)
    })

    it('are still finished by a late owner whose claim nobody took; not once it was swept', async () => {
      const late = replay('r1')
      await activity.claimReplay(late, NOW)
      const done = { ...late, state: 'done', answer: 'late', expires_at: '2026-01-02T00:00:00.000Z' } as const
      await activity.finishReplay(done)
      expect(await activity.getReplay('r1')).toEqual(done)
      await activity.deleteExpiredReplays(done.expires_at)
      await activity.finishReplay(done)
      expect(await activity.getReplay('r1')).toBeUndefined()
    })

    it('stay when they are done, until they expire', async () => {
      await activity.claimReplay(replay('r1'), NOW)
      const done = replay('r1', { state: 'done', answer: 'sealed answer' })
      await activity.finishReplay(done)
      await activity.releaseReplay('r1', done.fence)
      expect(await activity.claimReplay(replay('r1'), NOW)).toEqual(done)
      await activity.deleteExpiredReplays('2026-01-01T00:00:59.999Z')
      expect(await activity.getReplay('r1')).toEqual(done)
      await activity.deleteExpiredReplays('2026-01-01T00:01:00.000Z')
      expect(await activity.getReplay('r1')).toBeUndefined()
    })

    it('are claimed while another process claims and gives back all the time', async () => {
      const other = (await places.openAgain(open)).activity
      const churn = async (store: ActivityStore, fence: string) => {
        for (let i = 0; i < 40; i++) {
          const holder = await store.claimReplay(replay('r1', { fence }), NOW)
          if (holder === undefined) await store.releaseReplay('r1', fence)
          else expect([holder.id, holder.fence]).not.toEqual(['r1', fence])
        }
      }
      await Promise.all([churn(activity, 'a'), churn(other, 'b'), churn(other, 'c')])
      expect(await activity.getReplay('r1')).toBeUndefined()
    })
  })
})
