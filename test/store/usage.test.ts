import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeyDay } from '../../src/core/program_types.ts'
import type { ActivityStore } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { batch } from './rows.ts'

/** What keys did in a day, and how many places a window has left, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = Date.parse('2026-01-01T00:00:00.000Z')
const day = (key_id: string, on: string, calls: number, refused = 0): KeyDay => ({ key_id, day: on, calls, refused })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let activity: ActivityStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    activity = open.activity
  }, 60_000)

  const add = (...days: KeyDay[]) => activity.append(undefined, [], [], days)

  describe('days of keys', () => {
    it('add what is counted to what is there, also several of one day at once', async () => {
      await add(day('k1', '2026-01-02', 3, 1), day('k2', '2026-01-02', 5), day('k1', '2026-01-02', 4, 2))
      await add(day('k1', '2026-01-01', 1), day('k1', '2026-01-02', 2_000_000_000), day('k1', '2026-01-03', 9, 9))
      expect(await activity.keyDays('k1', '2026-01-01', '2026-01-02')).toEqual([
        day('k1', '2026-01-01', 1),
        day('k1', '2026-01-02', 2_000_000_007, 3),
      ])
      await add(day('k1', '2026-01-02', 2_000_000_000))
      expect(await activity.keyDays('k1', '2026-01-02', '2026-01-02')).toEqual([
        day('k1', '2026-01-02', 4_000_000_007, 3),
      ])
      expect(await activity.keyDays('k9', '2026-01-01', '2026-12-31')).toEqual([])
    })

    it('stay as they were when their batch is refused', async () => {
      await activity.append(batch('w1', 1), [], [], [day('k1', '2026-01-01', 1)])
      const again = activity.append(batch('w1', 1), [], [], [day('k1', '2026-01-01', 1)])
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
      expect(await activity.keyDays('k1', '2026-01-01', '2026-01-01')).toEqual([day('k1', '2026-01-01', 1)])
    })

    it('go when they are older than what is kept', async () => {
      await add(day('k1', '2026-01-01', 1), day('k1', '2026-01-02', 2), day('k2', '2025-12-31', 3))
      await activity.pruneKeyDays('2026-01-02')
      expect(await activity.keyDays('k1', '0000-00-00', '9999-99-99')).toEqual([day('k1', '2026-01-02', 2)])
      expect(await activity.keyDays('k2', '0000-00-00', '9999-99-99')).toEqual([])
    })

    it('are added to from two processes at once without losing any', async () => {
      const other = (await places.openAgain(open)).activity
      const days = Array.from({ length: 50 }, (_, i) => day(`k${i}`, '2026-01-01', 2, 1))
      await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          (i % 2 ? other : activity).append(undefined, [], [], i % 4 < 2 ? days : days.toReversed()),
        ),
      )
      for (const { key_id } of days)
        expect(await activity.keyDays(key_id, '2026-01-01', '2026-01-01')).toEqual([day(key_id, '2026-01-01', 16, 8)])
    })
  })

  describe('places in a window', () => {
    const LIMIT = { limit: 10, window_s: 60 }
    const take = (wanted: number, at = NOW, limit = LIMIT, key = 'k1') => activity.takePlaces(key, wanted, limit, at)

    it('are given up to the limit, each key its own, until the window ends', async () => {
      expect(await take(4)).toEqual({ given: 4, endsAt: NOW + 60_000 })
      expect(await take(4, NOW + 30_000)).toEqual({ given: 4, endsAt: NOW + 60_000 })
      expect(await take(4, NOW + 59_999)).toEqual({ given: 2, endsAt: NOW + 60_000 })
      expect(await take(4, NOW + 59_999)).toEqual({ given: 0, endsAt: NOW + 60_000 })
      expect(await take(1, NOW + 59_999, LIMIT, 'k2')).toEqual({ given: 1, endsAt: NOW + 119_999 })
      expect(await take(99, NOW + 60_000)).toEqual({ given: 10, endsAt: NOW + 120_000 })
      expect(await take(1, NOW + 60_000)).toEqual({ given: 0, endsAt: NOW + 120_000 })
    })

    it('are never more than the limit of the first one who asks, however many he wants', async () => {
      expect((await take(11)).given).toBe(10)
    })

    it('follow a limit that was changed at once', async () => {
      await take(8)
      expect((await take(1, NOW, { limit: 5, window_s: 60 })).given).toBe(0)
      expect((await take(9, NOW, { limit: 12, window_s: 60 })).given).toBe(4)
      expect(await take(9, NOW + 30_000, { limit: 12, window_s: 3_600 })).toEqual({ given: 0, endsAt: NOW + 3_600_000 })
      expect((await take(9, NOW + 30_000, { limit: 12, window_s: 10 })).given).toBe(9)
    })

    it('are not held longer than a window by a clock that was set back, nor given twice', async () => {
      await take(10)
      const back = NOW - 86_400_000
      expect(await take(1, back)).toEqual({ given: 0, endsAt: back + 60_000 })
      expect(await take(1, back + 59_999)).toEqual({ given: 0, endsAt: back + 60_000 })
      expect(await take(1, back + 60_000)).toEqual({ given: 1, endsAt: back + 120_000 })
    })

    it('are not given twice to replicas whose clocks differ by less than the window', async () => {
      const clocks = [0, -5_000, 3_000, -8_000, 0]
      const given = []
      for (const ahead of clocks) given.push((await take(4, NOW + ahead)).given)
      expect(given).toEqual([4, 4, 2, 0, 0])
    })

    it('are forgotten with windows that ended, and only with those', async () => {
      await take(10)
      await activity.deleteEndedWindows(NOW + 60_000)
      expect((await take(1)).given).toBe(0)
      await activity.deleteEndedWindows(NOW + 60_001)
      expect((await take(1)).given).toBe(1)
    })

    it('are given exactly once to a hundred who ask at the same time, in two processes', async () => {
      const other = (await places.openAgain(open)).activity
      const limit = { limit: 137, window_s: 60 }
      const asked = Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? other : activity).takePlaces('k1', 1 + (i % 3), limit, NOW + i),
      )
      const answers = await Promise.all(asked)
      expect(answers.reduce((sum, { given }) => sum + given, 0)).toBe(137)
      expect(answers.filter(({ given }, i) => given < 0 || given > 1 + (i % 3))).toEqual([])
      expect((await take(1, NOW + 100, limit)).given).toBe(0)
    }, 60_000)
  })
})
