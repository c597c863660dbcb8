import { afterEach, describe, expect, it } from 'vitest'
import { agreedTo, withRefreshToken } from './connections.ts'
import { type Scene, startClientOnly, startRotating, until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** Many callers, one renewal: in one process (`replicas.test.ts` has two). */

let scene: Scene
afterEach(() => scene.stop())

const expired = () => ageToken(scene.gate.settings, { ends: -1 })
const statuses = async (count: number) =>
  (await Promise.all(Array.from({ length: count }, () => scene.call()))).map(({ status }) => status)

describe('an expired token', () => {
  it('is renewed by exactly one request for 20 parallel calls, and all 20 succeed', async () => {
    scene = await startRotating()
    await expired()
    const before = scene.server.tokenRequests()
    expect(await statuses(20)).toEqual(Array(20).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(scene.server.familiesKilled()).toBe(0)
    expect(await statuses(5)).toEqual(Array(5).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('is waited for 8 seconds by all 20, with one request', async () => {
    scene = await startRotating()
    await expired()
    scene.server.slowTokens(8_000)
    const before = scene.server.tokenRequests()
    expect(await statuses(20)).toEqual(Array(20).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('504 upstream_timeout for whoever does not wait that long; the renewal goes on for the next one', async () => {
    scene = await startClientOnly()
    await scene.gate.api('PATCH', '/connections/svc', { timeouts: { first_byte_ms: 300 } })
    await expired()
    scene.server.slowTokens(1_200)
    const before = scene.server.tokenRequests()
    const early = await scene.call()
    expect([early.status, early.code]).toEqual([504, 'upstream_timeout'])
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0)
    await until(async () => expect((await tokenOnDisk(scene.gate.settings))?.due_at).not.toBeNull())
    expect((await scene.call()).status).toBe(200)
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('is on disk before it is used', async () => {
    scene = await startRotating()
    await expired()
    await scene.call()
    const sent = scene.server.requests.at(-1)?.header('authorization')
    expect(sent).toBe(`Bearer ${(await tokenOnDisk(scene.gate.settings))?.token?.values.access_token}`)
  })

  it('is renewed for each connection by itself', async () => {
    scene = await startRotating()
    const ids = ['one', 'two', 'three']
    for (const id of ids) {
      const body = withRefreshToken(scene.server, await agreedTo(scene.server), { id, verify: true })
      expect((await scene.gate.api('POST', '/connections', body)).status).toBe(201)
      await ageToken(scene.gate.settings, { id, ends: -1 })
    }
    const key = (
      await scene.gate.api('POST', '/keys', {
        name: 'three',
        grants: ids.map((id) => ({ connection: id, allow: ['* /**'] })),
      })
    ).body.key
    const before = scene.server.tokenRequests()
    const calls = Array.from({ length: 12 }, (_, i) =>
      fetch(`${scene.gate.url}/proxy/${ids[i % 3]}/resource/x`, { headers: { authorization: `Bearer ${key}` } }),
    )
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(3)
  })
})

describe('a token that will soon end', () => {
  it('is served while another one is fetched, by one request', async () => {
    scene = await startRotating()
    await ageToken(scene.gate.settings, { ends: 600, renew: -1 })
    scene.server.slowTokens(500)
    const before = scene.server.tokenRequests()
    const old = (await tokenOnDisk(scene.gate.settings))?.token?.values.access_token
    expect(await statuses(20)).toEqual(Array(20).fill(200))
    const used = scene.server.requests.filter(({ url }) => url === '/resource/x')
    expect(new Set(used.map((request) => request.header('authorization')))).toEqual(new Set([`Bearer ${old}`]))
    await until(async () => expect((await tokenOnDisk(scene.gate.settings))?.token?.values.access_token).not.toBe(old))
    await until(async () => {
      await scene.call()
      expect(scene.server.requests.at(-1)?.header('authorization')).not.toBe(`Bearer ${old}`)
    })
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('is renewed again and again by a refresh token that rotates, and its family lives', async () => {
    scene = await startRotating()
    for (let i = 0; i < 25; i++) {
      await ageToken(scene.gate.settings, { ends: i % 2 ? -1 : 600, renew: -1 })
      const seen = (await tokenOnDisk(scene.gate.settings))?.version
      expect((await scene.call()).status).toBe(200)
      await until(async () => expect((await tokenOnDisk(scene.gate.settings))?.version).not.toBe(seen))
    }
    expect(scene.server.granted('refresh_token')).toBe(26)
    expect(scene.server.familiesKilled()).toBe(0)
    expect((await scene.connection()).state).toBe('ready')
  })
})
