import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { OctroiError } from '../../src/core/errors.ts'
import type { TokenStore } from '../../src/core/token_stores.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { testClock } from '../support/vendors/calling.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { agreedTo, clientCredentials, withRefreshToken } from './connections.ts'
import { type Engine, type EngineOptions, type Making, startEngine } from './engine.ts'
import { until } from './scene.ts'
import { tokenOnDisk } from './tokens.ts'

/** Who waits for which renewal, and what becomes of it when the store, the service or another process does not keep to the plan. */

const clock = testClock()
let settings: Settings
let server: OAuth2Server
const engines: Engine[] = []

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  settings = await freshSettings('sqlite')
  await filledInstallation(settings, 0)
  server = await startOAuth2Server({ now: clock.now })
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  await server.stop()
  removeFolders()
})

async function start(options: EngineOptions = {}): Promise<Engine> {
  const engine = await startEngine(settings, { now: clock.now, ...options })
  engines.push(engine)
  return engine
}

/** With a token of an hour that was just obtained. */
async function connected(options: EngineOptions = {}): Promise<Engine> {
  const engine = await start(options)
  const body = withRefreshToken(server, await agreedTo(server))
  await engine.make({ ...body, scheme: 'oauth2' } as unknown as Making)
  await engine.ready()
  return engine
}

/** The store with another `save`. */
const saving = (save: TokenStore['save']): EngineOptions => ({
  store: (store) => ({
    ...store,
    tokens: new Proxy(store.tokens, {
      get: (tokens, name) => (name === 'save' ? save : (Reflect.get(tokens, name) as () => unknown).bind(tokens)),
    }),
  }),
})

const state = async (engine: Engine) => (await engine.open.store.connections.get('svc'))?.connection.state

describe('a renewal ahead of time that callers come to wait for', () => {
  it('is the one that they wait for', async () => {
    const engine = await connected()
    clock.advance(3_500)
    server.slowTokens(300)
    const before = server.tokenRequests()
    const early = await engine.ready()
    clock.advance(200)
    const late = await Promise.all([engine.ready(), engine.ready()])
    expect(early.token?.version).toBe(2)
    expect(late.map(({ token }) => token?.version)).toEqual([3, 3])
    expect(server.tokenRequests() - before).toBe(1)
  })

  it('counts as missed when it fails: degraded at the first time', async () => {
    const engine = await connected()
    clock.advance(3_500)
    server.slowTokens(300)
    server.failTokens(1, 500)
    await engine.ready()
    expect(await state(engine)).toBe('ready')
    clock.advance(200)
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_unreachable', retryAfter: expect.any(Number) })
    expect(await state(engine)).toBe('degraded')
  })

  it('is quiet when nobody waits, until it failed three times', async () => {
    const engine = await connected()
    clock.advance(2_700)
    server.failTokens(10, 500)
    const states = []
    for (let i = 0; i < 3; i++) {
      const [due] = await engine.open.store.tokens.due(new Date(clock.now()).toISOString(), 1)
      await engine.renewals.renewDue(due?.id ?? '', due?.due_at ?? '').catch(() => undefined)
      states.push(await state(engine))
      clock.advance(20)
    }
    expect(states).toEqual(['ready', 'ready', 'degraded'])
    expect((await engine.ready()).token?.version).toBe(2)
    expect((await tokenOnDisk(settings))?.failures).toBe(3)
  })
})

describe('another process', () => {
  it('that holds the lease is waited for, and its token is taken', async () => {
    const [one, two] = [await connected(), await start()]
    clock.advance(3_590)
    server.slowTokens(400)
    const before = server.tokenRequests()
    const versions = (await Promise.all([one.ready(), two.ready(), one.ready()])).map(({ token }) => token?.version)
    expect(versions).toEqual([3, 3, 3])
    expect(server.tokenRequests() - before).toBe(1)
  })

  it('that holds the lease is not waited for when nobody misses the token', async () => {
    const [one, two] = [await connected(), await start()]
    clock.advance(2_700)
    server.slowTokens(400)
    const renewing = one.renewals.renew('svc', 'due', 2)
    await until(() => expect(server.tokenRequests()).toBe(3))
    expect(await two.renewals.renew('svc', 'due', 2)).toBeUndefined()
    expect((await renewing)?.token?.version).toBe(3)
  })

  it('that died with the lease is waited for until the lease is over', async () => {
    const engine = await connected()
    clock.advance(3_600)
    const now = clock.now()
    const fence = await engine.open.store.tokens.lease('svc', iso(now), iso(now + 60_000))
    let isReady = false
    const ready = engine.ready().then((target) => {
      isReady = true
      return target
    })
    clock.advance(59)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(isReady).toBe(false)
    clock.advance(2)
    expect((await ready).token?.version).toBe(3)
    expect(await engine.open.store.tokens.save('svc', fence as number, 1, 'late', null)).toBeUndefined()
  })

  it('503 busy for a change of secrets while it does not come to its end', async () => {
    const engine = await connected({ now: Date.now, times: { still: 300, poll: 20 } })
    const now = Date.now()
    await engine.open.store.tokens.lease('svc', iso(now), iso(now + 60_000))
    const change = engine.renewals.whileStill('svc', async () => 'changed')
    await expect(change).rejects.toMatchObject({ code: 'busy', retryAfter: 5 })
  })
})

describe('what the service gave', () => {
  it('waits for a store that is busy: the family lives', async () => {
    let failures = 0
    const failing = saving((...args) => {
      if (failures++ < 2) return Promise.reject(new OctroiError('store_unavailable', 'busy'))
      return (engines[0] as Engine).open.store.tokens.save(...args)
    })
    const engine = await connected(failing)
    failures = 0
    clock.advance(3_600)
    expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
    expect(failures).toBe(3)
    clock.advance(3_600)
    await engine.ready()
    expect(server.familiesKilled()).toBe(0)
  })

  it('is used by nobody before it is on disk', async () => {
    const seen: unknown[] = []
    const engine = await connected(
      saving(async (...args) => {
        seen.push(
          (await tokenOnDisk(settings))?.version,
          server.requests.filter(({ url }) => url === '/resource/x').length,
        )
        return (engines[0] as Engine).open.store.tokens.save(...args)
      }),
    )
    seen.length = 0
    clock.advance(3_600)
    await engine.ask(await engine.ready(), '/resource/x')
    expect(seen).toEqual([2, 0])
  })

  it('is saved when the process is told to stop, and a service that hangs does not keep it', async () => {
    const engine = await connected()
    clock.advance(3_600)
    server.slowTokens(300)
    const asked = server.tokenRequests()
    const ready = engine.ready()
    await until(() => expect(server.tokenRequests()).toBe(asked + 1))
    await engine.renewals.close()
    expect((await ready).token?.version).toBe(3)

    const other = await start()
    clock.advance(3_600)
    server.slowTokens(30_000)
    const hanging = other.ready().catch((error: OctroiError) => error.code)
    await until(() => expect(server.tokenRequests()).toBe(asked + 2))
    await other.renewals.close(50)
    expect(await hanging).toMatch(/^upstream_/)
  })
})

describe('a token that is refused', () => {
  it('D19: costs one renewal a minute, for all processes together', async () => {
    const [one, two] = [await connected(), await start()]
    const before = server.tokenRequests()
    expect((await one.renewals.refused(await one.ready()))?.token?.version).toBe(3)
    expect(await two.renewals.refused(await two.ready())).toBeUndefined()
    clock.advance(61)
    expect((await two.renewals.refused(await two.ready()))?.token?.version).toBe(4)
    expect(server.tokenRequests() - before).toBe(2)
  })

  it('by the version that was sent: one that was renewed since is simply taken', async () => {
    const engine = await connected()
    const old = await engine.ready()
    await engine.renewals.renew('svc', 'asked', 2)
    const before = server.tokenRequests()
    expect((await engine.renewals.refused(old))?.token?.version).toBe(3)
    expect(server.tokenRequests()).toBe(before)
  })

  it('costs one attempt a minute where the renewal fails, too', async () => {
    const engine = await start()
    await engine.make({ ...clientCredentials(server), scheme: 'oauth2' } as unknown as Making)
    const target = await engine.ready()
    server.failTokens(100, 500)
    const before = server.tokenRequests()
    for (let i = 0; i < 12; i++) {
      await engine.renewals.refused(target).catch(() => undefined)
      clock.advance(5)
    }
    expect(server.tokenRequests() - before).toBe(1)
  })
})

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
