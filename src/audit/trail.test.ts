import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Places } from '../../test/store/places.ts'
import type { AuditLine } from '../core/audit.ts'
import { OctroiError } from '../core/errors.ts'
import type { ActivityStore } from '../core/stores.ts'
import type { OpenStore } from '../store/open.ts'
import { newKey } from '../vault/seal.ts'
import { verifyAudit } from './chain.ts'
import { readLine } from './line.ts'
import { Trail, type TrailOptions } from './trail.ts'

const places = new Places()
const key = newKey()
let open: OpenStore
beforeEach(async () => {
  open = await places.openFresh('sqlite')
})
afterEach(() => places.cleanUp())

function line(request: string, more: Partial<AuditLine> = {}): AuditLine {
  return {
    at: new Date().toISOString(),
    request,
    action: 'proxy',
    phase: 'finished',
    account: 'a',
    key: 'k1',
    connection: 'c1',
    method: 'GET',
    path: '/x',
    status: 200,
    code: null,
    bytes_in: 0,
    bytes_out: 0,
    ms: 1,
    correlation: null,
    address: '127.0.0.1',
    target: null,
    ...more,
  }
}

/** The store with an `append` that can be made to fail, or to take its time. */
function brittle(activity: ActivityStore) {
  const control = { fails: false, afterWriting: false, ms: 0, appends: 0 }
  const store = new Proxy(activity, {
    get(object, name) {
      const member = Reflect.get(object, name)
      if (name !== 'append') return typeof member === 'function' ? member.bind(object) : member
      return async (...args: Parameters<ActivityStore['append']>) => {
        control.appends++
        if (control.ms > 0) await wait(control.ms)
        if (control.fails) throw new OctroiError('store_unavailable', 'full')
        return object.append(...args)
      }
    },
  })
  return { store, control }
}

function trailOn(activity: ActivityStore, more: Partial<TrailOptions> = {}) {
  return new Trail({ activity, key, writer: 'main', mode: 'batched', flushMs: 5, ...more })
}

async function written(): Promise<string[]> {
  const batches = await open.activity.chain('main', 0, 1_000)
  return batches.flatMap((batch) => batch.lines.split('\n').map((text) => readLine(text).request))
}

describe('group commit', () => {
  it('writes the lines of all who wait in one batch, in order', async () => {
    const { store, control } = brittle(open.activity)
    control.ms = 20
    const trail = trailOn(store, { mode: 'strict' })
    const ids = Array.from({ length: 200 }, (_, i) => `r${i}`)
    await Promise.all(
      ids.map(async (id) => {
        trail.record(line(id))
        await trail.flushed()
        expect(await written()).toContain(id)
      }),
    )
    expect(await written()).toEqual(ids)
    expect(control.appends).toBeLessThanOrEqual(3)
    await trail.close()
  })

  it('503 store_unavailable to whoever waits while the store does not take it; nothing is lost and the order is kept', async () => {
    const { store, control } = brittle(open.activity)
    const told: string[] = []
    const trail = trailOn(store, { onTrouble: () => told.push('trouble'), onRecovery: () => told.push('recovery') })
    trail.record(line('r1'))
    await trail.flushed()
    control.fails = true
    for (const id of ['r2', 'r3']) {
      trail.record(line(id))
      await expect(trail.flushed()).rejects.toMatchObject({ code: 'store_unavailable' })
    }
    expect(trail.failing).toBe(true)
    control.fails = false
    trail.record(line('r4'))
    await trail.flushed()
    expect(await written()).toEqual(['r1', 'r2', 'r3', 'r4'])
    expect(told).toEqual(['trouble', 'recovery'])
    expect((await verifyAudit(open.activity, key)).ok).toBe(true)
    await trail.close()
  })

  it('takes up again by itself, and says so, when nobody asks', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store)
    trail.record(line('r1'))
    await expect(trail.flushed()).rejects.toThrow()
    control.fails = false
    await expect.poll(() => written(), { timeout: 3_000 }).toEqual(['r1'])
    await expect.poll(() => trail.failing).toBe(false)
    await trail.close()
  })

  it('keeps lines that come during a write for the next one', async () => {
    const { store, control } = brittle(open.activity)
    control.ms = 30
    const trail = trailOn(store)
    trail.record(line('r1'))
    const first = trail.flushed()
    await wait(5)
    trail.record(line('r2'))
    await Promise.all([first, trail.flushed()])
    expect(await written()).toEqual(['r1', 'r2'])
    await trail.close()
  })

  it('writes what waits when it is closed', async () => {
    const trail = trailOn(open.activity, { flushMs: 60_000 })
    for (let i = 0; i < 12_000; i++) trail.record(line(`r${i}`))
    await trail.close()
    expect(await written()).toHaveLength(12_000)
  })

  it('two writers of one chain (a server and a command) both get their lines in', async () => {
    const again = await places.openAgain(open)
    const trails = [trailOn(open.activity), trailOn(again.activity)]
    for (let round = 0; round < 20; round++) {
      for (const [i, trail] of trails.entries()) trail.record(line(`t${i}-${round}`))
      await Promise.all(trails.map((trail) => trail.flushed()))
    }
    expect(await written()).toHaveLength(40)
    expect((await verifyAudit(open.activity, key)).ok).toBe(true)
    for (const trail of trails) await trail.close()
  })
})

describe('back-pressure', () => {
  it('is full at its capacity, and not any more once the store takes lines again', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store, { capacity: 10 })
    for (let i = 0; i < 10; i++) trail.record(line(`r${i}`))
    expect(trail.full).toBe(true)
    await expect(trail.flushed()).rejects.toMatchObject({ code: 'store_unavailable' })
    control.fails = false
    await expect.poll(() => trail.full, { timeout: 3_000 }).toBe(false)
    expect(await written()).toHaveLength(10)
    await trail.close()
  })

  it('keeps the line of every call that went out, and counts refusals instead of keeping them', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store, { capacity: 10 })
    for (let i = 0; i < 10; i++) trail.record(line(`r${i}`))
    for (let i = 0; i < 1_000; i++) trail.record(line('refused', { status: 401, code: 'unauthenticated' }))
    trail.record(line('under way 1'))
    trail.record(line('under way 2', { status: 504, code: 'upstream_timeout' }))
    control.fails = false
    await expect.poll(() => trail.full, { timeout: 3_000 }).toBe(false)
    await trail.close()
    const batches = await open.activity.chain('main', 0, 100)
    const lines = batches.flatMap((batch) => batch.lines.split('\n').map(readLine))
    expect(lines).toHaveLength(13)
    expect(lines.map(({ request }) => request)).toEqual(expect.arrayContaining(['under way 1', 'under way 2']))
    expect(lines.find(({ action }) => action === 'audit.omitted')?.target).toBe('lines:1000')
  })

  it('goes out without pauses when much has piled up', async () => {
    const { store, control } = brittle(open.activity)
    control.fails = true
    const trail = trailOn(store, { flushMs: 500 })
    for (let i = 0; i < 30_000; i++) trail.record(line(`r${i}`))
    await expect(trail.flushed()).rejects.toThrow()
    control.fails = false
    const began = performance.now()
    await trail.flushed()
    await expect.poll(async () => (await written()).length, { timeout: 3_000 }).toBe(30_000)
    expect(performance.now() - began).toBeLessThan(2_500)
    await trail.close()
  })
})

it('reads back every character of a line as it was', async () => {
  const trail = trailOn(open.activity)
  const nasty = line('r1', { path: '/a"b\\c\u0001\n\u2028é漢😀', correlation: '","status":200,"x":"' })
  trail.record(nasty)
  await trail.close()
  const [batch] = await open.activity.chain('main', 0, 1)
  expect(readLine(batch!.lines)).toEqual(nasty)
})
