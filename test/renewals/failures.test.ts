import { afterEach, describe, expect, it } from 'vitest'
import { agreedTo, clientCredentials, withRefreshToken } from './connections.ts'
import { type Scene, startClientOnly, startRotating, until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** What a token endpoint in trouble, and one that has made up its mind, do to callers. */

let scene: Scene
afterEach(() => scene.stop())

const expired = () => ageToken(scene.gate.settings, { ends: -1 })
const calls = async (count: number) => {
  const answers = []
  for (let i = 0; i < count; i++) answers.push(await scene.call())
  return answers
}

/** A whole round of the background has gone by since: it renewed a connection that became due just now. */
async function afterARound(): Promise<void> {
  const id = `witness-${Math.random().toString(36).slice(2, 8)}`
  const body = clientCredentials(scene.server, { id })
  expect((await scene.gate.api('POST', '/connections', body)).status).toBe(201)
  await until(async () =>
    expect((await tokenOnDisk(scene.gate.settings, id))?.token?.values).toHaveProperty('access_token'),
  )
}

describe('a token endpoint in trouble', () => {
  it.each([500, 503, 'drop'] as const)(
    '%s: the token that is still good is served, and it is not asked at every call',
    async (how) => {
      scene = await startRotating()
      await ageToken(scene.gate.settings, { ends: 600, renew: -1 })
      scene.server.failTokens(100, how)
      const before = scene.server.tokenRequests()
      const answers = await calls(15)
      expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200))
      await until(async () => expect((await tokenOnDisk(scene.gate.settings))?.failures).toBe(1))
      expect(scene.server.tokenRequests() - before).toBe(1)
      expect(await scene.connection()).toMatchObject({ state: 'ready' })
    },
  )

  it('500 while callers miss the token: 502 with Retry-After, degraded, no request per call; recovered by itself', async () => {
    scene = await startRotating()
    await expired()
    scene.server.failTokens(1, 500)
    const before = scene.server.tokenRequests()
    const answers = await calls(10)
    for (const { status, code, headers } of answers) {
      expect([status, code]).toEqual([502, 'upstream_unreachable'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(await scene.connection()).toMatchObject({ state: 'degraded', state_reason: expect.stringContaining('500') })
    await until(async () => expect((await scene.call()).status).toBe(200))
    expect(await scene.connection()).toMatchObject({ state: 'ready', state_reason: null })
    expect((await scene.events()).slice(-2)).toEqual(['connection.degraded', 'connection.recovered'])
    expect(scene.server.familiesKilled()).toBe(0)
  })

  it('429: asked again when it said, and not before', async () => {
    scene = await startClientOnly()
    await expired()
    scene.server.failTokens(100, 429)
    const before = scene.server.tokenRequests()
    const answers = await calls(10)
    expect(answers.map(({ code }) => code)).toEqual(Array(10).fill('upstream_unreachable'))
    expect(answers.map(({ headers }) => Number(headers.get('retry-after'))).every((s) => s >= 5 && s <= 7)).toBe(true)
    expect(scene.server.tokenRequests() - before).toBe(1)
    const due = Date.parse((await tokenOnDisk(scene.gate.settings))?.due_at ?? '') - Date.now()
    expect(due).toBeGreaterThan(3_000)
  })

  it('later and later, while it lasts', async () => {
    scene = await startClientOnly()
    await expired()
    scene.server.failTokens(100, 500)
    await scene.call()
    const pauses = []
    for (let failures = 2; failures <= 4; failures++) {
      await scene.gate.api('POST', '/connections/svc/refresh')
      const row = await tokenOnDisk(scene.gate.settings)
      expect(row?.failures).toBeGreaterThanOrEqual(failures)
      pauses.push(Date.parse(row?.due_at ?? '') - Date.now())
    }
    expect(pauses[0]).toBeLessThan(pauses[1] as number)
    expect(pauses[1]).toBeLessThan(pauses[2] as number)
  })
})

describe('reconnect_required', () => {
  /** Neither calls nor the background ask the service again. */
  const expectOver = async () => {
    for (const { status, code, headers } of await calls(5)) {
      expect([status, code]).toEqual([502, 'reconnect_required'])
      expect(headers.get('octroi-connection-state')).toBe('reconnect_required')
    }
    expect(await scene.connection()).toMatchObject({ state: 'reconnect_required' })
    expect((await scene.events()).filter((type) => type === 'connection.reconnect_required')).toHaveLength(1)
    const asked = scene.server.requested('refresh_token')
    await afterARound()
    await calls(5)
    expect(scene.server.requested('refresh_token')).toBe(asked)
    expect((await tokenOnDisk(scene.gate.settings))?.due_at).toBeNull()
  }

  it('when the service answers invalid_grant: one event, and not one more token request', async () => {
    scene = await startRotating()
    await expired()
    scene.server.revokeAll()
    const asked = scene.server.requested('refresh_token')
    const { code, headers, body } = await scene.call()
    expect([code, headers.get('octroi-connection-state')]).toEqual(['reconnect_required', 'reconnect_required'])
    expect(body.detail).toBe('The connection svc needs a person: The service answered invalid_grant with status 400.')
    expect(scene.server.requested('refresh_token') - asked).toBe(1)
    await expectOver()
    expect(scene.server.requested('refresh_token') - asked).toBe(1)
  })

  it('when an answer was lost on its way and the service rotates: no loop', async () => {
    scene = await startRotating()
    await expired()
    scene.server.failTokens(1, 'lose')
    const asked = scene.server.requested('refresh_token')
    expect((await scene.call()).code).toBe('upstream_unreachable')
    await until(async () => expect((await scene.connection()).state).toBe('reconnect_required'))
    await expectOver()
    expect(scene.server.requested('refresh_token') - asked).toBe(2)
    expect(scene.server.familiesKilled()).toBe(1)
  })

  it('not before the token that still works has come to its end, but somebody learns of it in time', async () => {
    scene = await startRotating()
    scene.server.settings.tokenError = 'invalid_grant'
    await ageToken(scene.gate.settings, { ends: 8, renew: -1, due: -1 })
    await until(async () => expect((await scene.connection()).state).toBe('degraded'))
    expect((await scene.connection()).state_reason).toMatch(/invalid_grant.*works until it ends/)
    const asked = scene.server.tokenRequests()
    expect((await scene.call()).status).toBe(200)
    await until(async () => expect((await scene.call()).code).toBe('reconnect_required'))
    expect((await scene.connection()).state).toBe('reconnect_required')
    expect(scene.server.tokenRequests()).toBe(asked)
    expect(await scene.events()).toContain('connection.reconnect_required')
  })

  it('is over with new secrets', async () => {
    scene = await startRotating()
    await expired()
    scene.server.revokeAll()
    expect((await scene.call()).code).toBe('reconnect_required')
    const { secrets } = withRefreshToken(scene.server, await agreedTo(scene.server))
    expect((await scene.gate.api('PATCH', '/connections/svc', { secrets })).body).toMatchObject({ state: 'ready' })
    expect((await scene.call()).status).toBe(200)
  })

  it('not where the client can have another token by itself', async () => {
    scene = await startClientOnly()
    await expired()
    scene.server.revokeAll()
    expect((await scene.call()).status).toBe(200)
  })
})
