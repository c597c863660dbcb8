import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Places } from '../../test/store/places.ts'
import type { AuditLine } from '../core/audit.ts'
import { OctroiError } from '../core/errors.ts'
import type { ActivityStore } from '../core/stores.ts'
import type { OpenStore } from '../store/open.ts'
import { newKey } from '../vault/seal.ts'
import { tidyActivity } from './maintenance.ts'
import { Trail } from './trail.ts'

/** What each key did in a day goes to the store with the lines that say so, once. */

const places = new Places()
const key = newKey()
let open: OpenStore
beforeEach(async () => {
  open = await places.openFresh('sqlite')
})
afterEach(() => places.cleanUp())

function line(keyId: string | null, more: Partial<AuditLine> = {}): AuditLine {
  return {
    ...{ at: '2026-01-01T12:00:00.000Z', request: 'r', action: 'proxy', phase: 'finished', account: 'a1', key: keyId },
    ...{ connection: 'c1', method: 'GET', path: '/x', status: 200, code: null, bytes_in: 0, bytes_out: 0, ms: 1 },
    ...{ correlation: null, address: null, target: null },
    ...more,
  }
}

/** A store that does not take anything while `control.fails`. */
function brittle(activity: ActivityStore) {
  const control = { fails: false }
  const store = new Proxy(activity, {
    get(object, name) {
      const member = Reflect.get(object, name)
      if (typeof member !== 'function') return member
      if (name !== 'append') return member.bind(object)
      return async (...args: Parameters<ActivityStore['append']>) => {
        if (control.fails) throw new OctroiError('store_unavailable', 'full')
        return object.append(...args)
      }
    },
  })
  return { store, control }
}

const trailOn = (activity: ActivityStore, capacity?: number) =>
  new Trail({ activity, key, writer: 'main', mode: 'batched', flushMs: 5, ...(capacity !== undefined && { capacity }) })

const days = (keyId: string) => open.activity.keyDays(keyId, '0000-00-00', '9999-99-99')

describe('the days of keys', () => {
  it('are in the store when the lines are, added up over batches', async () => {
    const trail = trailOn(open.activity)
    trail.record(line('k1'))
    trail.record(line('k1', { code: 'not_granted', status: 403 }))
    trail.record(line(null, { code: 'unauthenticated', status: 401 }))
    await trail.flushed()
    expect(await days('k1')).toEqual([{ key_id: 'k1', day: '2026-01-01', calls: 2, refused: 1 }])
    trail.record(line('k1', { phase: 'started' }))
    trail.record(line('k1'))
    trail.record(line('k1', { at: '2026-01-02T00:00:00.000Z' }))
    await trail.close()
    expect(await days('k1')).toEqual([
      { key_id: 'k1', day: '2026-01-01', calls: 3, refused: 1 },
      { key_id: 'k1', day: '2026-01-02', calls: 1, refused: 0 },
    ])
  })

  it('are kept while the store takes nothing, and counted once when it does', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store)
    for (let i = 0; i < 3; i++) {
      trail.record(line('k1'))
      await expect(trail.flushed()).rejects.toMatchObject({ code: 'store_unavailable' })
    }
    control.fails = false
    await trail.close()
    expect(await days('k1')).toEqual([{ key_id: 'k1', day: '2026-01-01', calls: 3, refused: 0 }])
  })

  it('count the refusals whose lines were left out because the queue was full', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store, 2)
    for (let i = 0; i < 2; i++) trail.record(line('k1'))
    for (let i = 0; i < 5; i++) trail.record(line('k1', { code: 'store_unavailable', status: 503 }))
    control.fails = false
    await trail.close()
    expect(await days('k1')).toEqual([{ key_id: 'k1', day: '2026-01-01', calls: 7, refused: 5 }])
  })
})

describe('the hourly round', () => {
  const now = new Date('2026-03-01T10:00:00.000Z')
  const fill = async () => {
    const one = (day: string) => ({ key_id: 'k1', day, calls: 1, refused: 0 })
    await open.activity.append(undefined, [], [], ['2026-01-29', '2026-01-30', '2026-03-01'].map(one))
    for (const [name, ago] of [
      ['old', 7_200_000],
      ['recent', 1_800_000],
    ] as const)
      await open.activity.takePlaces(name, 1, { limit: 1, window_s: 1 }, now.getTime() - ago)
  }

  it('forgets days as old as the audit lines that it prunes, and windows that ended long ago', async () => {
    await fill()
    await tidyActivity(open.activity, key, 30, now)
    expect((await days('k1')).map(({ day }) => day)).toEqual(['2026-01-30', '2026-03-01'])
    // A window that is still known gives nothing to a clock that is half an hour behind.
    const late = (name: string, ago: number) =>
      open.activity.takePlaces(name, 1, { limit: 1, window_s: 1 }, now.getTime() - ago)
    expect((await late('recent', 1_800_000)).given).toBe(0)
    expect((await late('old', 7_200_000)).given).toBe(1)
  })

  it('keeps days for ever where the audit is kept for ever', async () => {
    await fill()
    await tidyActivity(open.activity, key, 0, now)
    expect(await days('k1')).toHaveLength(3)
  })
})
