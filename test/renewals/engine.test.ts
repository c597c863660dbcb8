import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OctroiError } from '../../src/core/errors.ts'
import type { StoredConnection } from '../../src/core/stores.ts'
import { openCatalogue } from '../../src/installation/open.ts'
import { changeSecrets } from '../../src/outbound/connections/secrets_change.ts'
import { Clocked, writing } from './clocked.ts'
import { clientCredentials } from './connections.ts'
import type { Engine, Making } from './engine.ts'
import { until } from './scene.ts'
import { tokenOnDisk } from './tokens.ts'

/** Who waits for which renewal, and what becomes of it when the store or the service does not keep to the plan. */

const world = new Clocked()
beforeEach(() => world.begin())
afterEach(() => world.end())

const state = async (engine: Engine) => (await engine.open.store.connections.get('svc'))?.connection.state

describe('a renewal ahead of time that callers come to wait for', () => {
  it('is the one that they wait for', async () => {
    const engine = await world.connected()
    world.clock.advance(3_500)
    world.server.slowTokens(300)
    const before = world.server.tokenRequests()
    const early = await engine.ready()
    world.clock.advance(200)
    const late = await Promise.all([engine.ready(), engine.ready()])
    expect(early.token?.version).toBe(2)
    expect(late.map(({ token }) => token?.version)).toEqual([3, 3])
    expect(world.server.tokenRequests() - before).toBe(1)
  })

  it('counts as missed when it fails: degraded at the first time', async () => {
    const engine = await world.connected()
    world.clock.advance(3_500)
    world.server.slowTokens(300)
    world.server.failTokens(1, 500)
    await engine.ready()
    expect(await state(engine)).toBe('ready')
    world.clock.advance(200)
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_unreachable', retryAfter: expect.any(Number) })
    expect(await state(engine)).toBe('degraded')
  })

  it('is quiet when nobody waits, until it failed three times', async () => {
    const engine = await world.connected()
    world.clock.advance(3_100)
    world.server.failTokens(10, 500)
    const states = []
    for (let i = 0; i < 3; i++) {
      const [due] = await engine.open.store.tokens.due(new Date(world.clock.now()).toISOString(), 1)
      await engine.renewals.renewDue(due?.id ?? '', due?.due_at ?? '').catch(() => undefined)
      states.push(await state(engine))
      world.clock.advance(20)
    }
    expect(states).toEqual(['ready', 'ready', 'degraded'])
    expect((await engine.ready()).token?.version).toBe(2)
    expect((await tokenOnDisk(world.settings))?.failures).toBe(3)
  })
})

describe('a service that gives no token', () => {
  it('504 upstream_timeout when it does not answer', async () => {
    const engine = await world.connected({ times: { exchange: 300 } })
    world.server.slowTokens(5_000)
    const renewal = engine.renewals.renew('svc', 'asked', 2)
    await expect(renewal).rejects.toMatchObject({ code: 'upstream_timeout', retryAfter: expect.any(Number) })
    expect(await state(engine)).toBe('degraded')
  })

  it('502 upstream_refused_address when it is where the connection may not go', async () => {
    const engine = await world.connected()
    const stored = (await engine.open.store.connections.get('svc')) as StoredConnection
    const { current } = await engine.ring.openSecrets(stored.dataKey, stored.connection, stored.sealed)
    const parts = { store: engine.open.store, vault: engine.ring, catalogue: openCatalogue(world.settings), ...engine }
    await changeSecrets(parts, stored, {
      after: { ...stored.connection, network: { allow_http: true } },
      ...{ sets: { current, next: null }, keep: 'durable', record: async () => undefined },
    })
    const asked = world.server.tokenRequests()
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_refused_address' })
    expect(world.server.tokenRequests()).toBe(asked)
  })
})

describe('what the service gave', () => {
  it('waits for a store that is busy: the family lives', async () => {
    let failures = 0
    const engine = await world.connected(
      writing({
        save: async (...args) => {
          if (failures++ < 2) throw new OctroiError('store_unavailable', 'busy')
          return world.onDisk.save(...args)
        },
      }),
    )
    failures = 0
    world.clock.advance(3_600)
    expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
    expect(failures).toBe(3)
    world.clock.advance(3_600)
    await engine.ready()
    expect(world.server.familiesKilled()).toBe(0)
  })

  it('is used by nobody before it is on disk', async () => {
    const seen: unknown[] = []
    const used = () => world.server.requests.filter(({ url }) => url === '/resource/x').length
    const engine = await world.connected(
      writing({
        save: async (...args) => {
          seen.push((await tokenOnDisk(world.settings))?.version, used())
          return world.onDisk.save(...args)
        },
      }),
    )
    seen.length = 0
    world.clock.advance(3_600)
    await engine.ask(await engine.ready(), '/resource/x')
    expect(seen).toEqual([2, 0])
  })

  it('is saved when the process is told to stop, and a service that hangs does not keep it', async () => {
    const engine = await world.connected()
    world.clock.advance(3_600)
    world.server.slowTokens(300)
    const asked = world.server.tokenRequests()
    const ready = engine.ready()
    await until(() => expect(world.server.tokenRequests()).toBe(asked + 1))
    await engine.renewals.close()
    expect((await ready).token?.version).toBe(3)

    const other = await world.start()
    world.clock.advance(3_600)
    world.server.slowTokens(30_000)
    const hanging = other.ready().catch((error: OctroiError) => error.code)
    await until(() => expect(world.server.tokenRequests()).toBe(asked + 2))
    await other.renewals.close(50)
    expect(await hanging).toMatch(/^upstream_/)
  })
})

describe('a token that is refused', () => {
  it('D19: costs one renewal a minute, for all processes together', async () => {
    const [one, two] = [await world.connected(), await world.start()]
    const before = world.server.tokenRequests()
    expect((await one.renewals.refused(await one.ready()))?.token?.version).toBe(3)
    expect(await two.renewals.refused(await two.ready())).toBeUndefined()
    world.clock.advance(61)
    expect((await two.renewals.refused(await two.ready()))?.token?.version).toBe(4)
    expect(world.server.tokenRequests() - before).toBe(2)
  })

  it('by the version that was sent: one that was renewed since is simply taken', async () => {
    const engine = await world.connected()
    const old = await engine.ready()
    await engine.renewals.renew('svc', 'asked', 2)
    const before = world.server.tokenRequests()
    expect((await engine.renewals.refused(old))?.token?.version).toBe(3)
    expect(world.server.tokenRequests()).toBe(before)
  })

  it('costs one attempt a minute where the renewal fails, too', async () => {
    const engine = await world.start()
    await engine.make({ ...clientCredentials(world.server), scheme: 'oauth2' } as unknown as Making)
    const target = await engine.ready()
    world.server.failTokens(100, 500)
    const before = world.server.tokenRequests()
    for (let i = 0; i < 12; i++) {
      await engine.renewals.refused(target).catch(() => undefined)
      world.clock.advance(5)
    }
    expect(world.server.tokenRequests() - before).toBe(1)
  })
})
