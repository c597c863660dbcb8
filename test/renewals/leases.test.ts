import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Clocked, writing } from './clocked.ts'
import { until } from './scene.ts'

/** Several processes on one store: who holds the lease asks the service, and nobody else. */

const world = new Clocked()
beforeEach(() => world.begin())
afterEach(() => world.end())

describe('another process', () => {
  it('that holds the lease is waited for, and its token is taken', async () => {
    const [one, two] = [await world.connected(), await world.start()]
    world.clock.advance(3_590)
    world.server.slowTokens(400)
    const before = world.server.tokenRequests()
    const versions = (await Promise.all([one.ready(), two.ready(), one.ready()])).map(({ token }) => token?.version)
    expect(versions).toEqual([3, 3, 3])
    expect(world.server.tokenRequests() - before).toBe(1)
  })

  it('that holds the lease is not waited for when nobody misses the token', async () => {
    const [one, two] = [await world.connected(), await world.start()]
    world.clock.advance(2_700)
    world.server.slowTokens(400)
    const renewing = one.renewals.renew('svc', 'due', 2)
    await until(() => expect(world.server.tokenRequests()).toBe(3))
    expect(await two.renewals.renew('svc', 'due', 2)).toBeUndefined()
    expect((await renewing)?.token?.version).toBe(3)
  })

  it('that died with the lease is waited for until the lease is over', async () => {
    let tries = 0
    const engine = await world.connected(
      writing({
        lease: async (...args) => {
          tries++
          return world.onDisk.lease(...args)
        },
      }),
    )
    world.clock.advance(3_600)
    const now = world.clock.now()
    const fence = await world.onDisk.lease('svc', iso(now), iso(now + 60_000))
    let isReady = false
    const ready = engine.ready().then((target) => {
      isReady = true
      return target
    })
    world.clock.advance(59)
    tries = 0
    await until(() => expect(tries).toBe(3))
    expect(isReady).toBe(false)
    world.clock.advance(2)
    expect((await ready).token?.version).toBe(3)
    expect(await world.onDisk.save('svc', fence as number, 1, 'late', null)).toBeUndefined()
  })

  it('that was stopped until its lease was over sends nothing any more: its refresh token may be spent by now', async () => {
    let isStopped = false
    const engine = await world.connected(
      writing({
        lease: async (...args) => {
          const fence = await world.onDisk.lease(...args)
          if (isStopped) world.clock.advance(61)
          return fence
        },
      }),
    )
    world.clock.advance(3_600)
    isStopped = true
    const asked = world.server.tokenRequests()
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect(world.server.tokenRequests()).toBe(asked)
    isStopped = false
    world.clock.advance(15)
    expect((await engine.ready()).token?.version).toBe(3)
    expect(world.server.familiesKilled()).toBe(0)
  })

  it('503 busy for a change of secrets while it does not come to its end', async () => {
    const engine = await world.connected({ now: Date.now, times: { still: 300, poll: 20 } })
    const now = Date.now()
    await engine.open.store.tokens.lease('svc', iso(now), iso(now + 60_000))
    const change = engine.renewals.whileStill('svc', async () => 'changed')
    await expect(change).rejects.toMatchObject({ code: 'busy', retryAfter: 5 })
  })
})

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
