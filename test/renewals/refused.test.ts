import { afterEach, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { clientCredentials } from './connections.ts'
import { type Scene, startClientOnly, startRenewalScene, startRotating } from './scene.ts'
import { tokenOnDisk } from './tokens.ts'

/** A token that the service refuses before its time: one renewal, one replay, and no more than that. */

let scene: Scene
let upstream: Upstream | undefined
afterEach(async () => {
  await scene.stop()
  await upstream?.stop()
  upstream = undefined
})

const post = (bytes: number, path = '/resource/x') =>
  scene.call(path, { method: 'POST', body: 'b'.repeat(bytes), headers: { 'content-type': 'text/plain' } })
const resourceCalls = () => scene.server.requests.filter(({ url }) => url.startsWith('/resource'))

describe('a token that was revoked', () => {
  it('200: renewed once and the call made once more', async () => {
    scene = await startRotating()
    scene.server.revokeAccess()
    const before = scene.server.tokenRequests()
    expect((await scene.call()).status).toBe(200)
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(resourceCalls()).toHaveLength(2)
    expect(await scene.connection()).toMatchObject({ state: 'ready' })
  })

  it('200 for all of 20 parallel calls, with one token request', async () => {
    scene = await startRotating()
    scene.server.revokeAccess()
    const before = scene.server.tokenRequests()
    const answers = await Promise.all(Array.from({ length: 20 }, () => scene.call()))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(scene.server.familiesKilled()).toBe(0)
  })

  it.each([1, 64 * 1024])('200 for a body of %i bytes, which arrives whole the second time', async (bytes) => {
    scene = await startClientOnly()
    scene.server.revokeAccess()
    const answer = await post(bytes)
    expect([answer.status, answer.body.body]).toEqual([200, 'b'.repeat(bytes)])
    expect(resourceCalls().map(({ bytes: sent }) => sent)).toEqual([bytes, bytes])
  })

  it('502 upstream_rejected_credential for a body that is too large to be kept; the token is renewed for the next call', async () => {
    scene = await startClientOnly()
    scene.server.revokeAccess()
    const before = scene.server.tokenRequests()
    const answer = await post(64 * 1024 + 1)
    expect([answer.status, answer.code]).toEqual([502, 'upstream_rejected_credential'])
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(resourceCalls()).toHaveLength(1)
    expect((await post(64 * 1024 + 1)).status).toBe(200)
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(await scene.connection()).toMatchObject({ state: 'ready' })
  })

  it('502 reconnect_required when its renewal is refused for good', async () => {
    scene = await startRotating()
    scene.server.revokeAll()
    const before = scene.server.tokenRequests()
    expect((await scene.call()).code).toBe('reconnect_required')
    expect((await scene.call()).code).toBe('reconnect_required')
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('502 with what is wrong when its renewal fails, and one token request', async () => {
    scene = await startRotating()
    scene.server.revokeAccess()
    scene.server.failTokens(1, 429)
    const before = scene.server.tokenRequests()
    const first = await scene.call()
    expect([first.status, first.code]).toEqual([502, 'upstream_unreachable'])
    for (let i = 0; i < 5; i++) expect((await scene.call()).status).toBe(502)
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect((await scene.connection()).state).toBe('degraded')
  })
})

describe('D19: refusals cause at most one renewal a minute', () => {
  it('502 upstream_rejected_credential the second time, with no token request', async () => {
    scene = await startClientOnly()
    scene.server.revokeAccess()
    expect((await scene.call()).status).toBe(200)
    scene.server.revokeAccess()
    const before = scene.server.tokenRequests()
    for (let i = 0; i < 5; i++) {
      const { status, code, headers } = await scene.call()
      expect([status, code, headers.get('retry-after')]).toEqual([502, 'upstream_rejected_credential', '60'])
    }
    expect(scene.server.tokenRequests()).toBe(before)
    expect((await tokenOnDisk(scene.gate.settings))?.token?.refused_at).not.toBeNull()
  })

  it('a path that always refuses costs one renewal, and the token stays good for the others', async () => {
    upstream = await startUpstream()
    const base = upstream.url
    scene = await startRenewalScene((server) =>
      clientCredentials(server, {
        settings: { base_url: base, token_url: `${server.url}/token`, test_path: '/status/200' },
      }),
    )
    const before = scene.server.tokenRequests()
    for (let i = 0; i < 10; i++) {
      const { status, code } = await scene.call('/status/401')
      expect([status, code]).toEqual([502, 'upstream_rejected_credential'])
      expect((await scene.call('/status/200')).status).toBe(200)
    }
    expect(scene.server.tokenRequests() - before).toBe(1)
    // The first was made twice; the others once.
    expect(upstream.requests.filter(({ url }) => url === '/status/401')).toHaveLength(11)
    expect((await scene.connection()).state).toBe('ready')
  })

  it('over a restart as well', async () => {
    scene = await startClientOnly()
    scene.server.revokeAccess()
    expect((await scene.call()).status).toBe(200)
    await scene.gate.restart()
    scene.server.revokeAccess()
    const before = scene.server.tokenRequests()
    expect((await scene.call()).code).toBe('upstream_rejected_credential')
    expect(scene.server.tokenRequests()).toBe(before)
  })
})
