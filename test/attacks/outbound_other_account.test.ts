import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, connectionTo, keyFor, type Scene } from '../gateway/scene.ts'
import { startTestGate } from '../support/gate.ts'
import { headerOf } from '../support/loopback.ts'
import { startUpstream } from '../support/upstream.ts'

/** Other credentials are another account: nothing that the old ones brought may speak for the old account any more. */

let scene: Scene
beforeEach(async () => {
  const upstream = await startUpstream()
  const gate = await startTestGate()
  const tokens = (user: string) => ({
    data: { access_token: `a-${user}`, refresh_token: `r-${user}`, expires: 900_000 },
  })
  upstream.on('/auth/login', ({ recorded, response }) =>
    response.end(JSON.stringify(tokens(JSON.parse(recorded.body.toString()).email))),
  )
  upstream.on('/auth/refresh', ({ recorded, response }) =>
    response.end(JSON.stringify(tokens(JSON.parse(recorded.body.toString()).refresh_token.slice(2)))),
  )
  await connectionTo(gate, upstream.url, {
    connector: 'directus',
    secrets: { email: 'ann@example.org', password: 'p' },
  })
  const key = await keyFor(gate, [{ connection: 'svc', allow: ['* /**'] }])
  scene = {
    gate,
    upstream,
    key,
    async stop() {
      await upstream.stop()
      await gate.stop()
    },
  }
})
afterEach(() => scene.stop())

async function speaksFor(): Promise<string | undefined> {
  expect((await ask(scene, '/echo')).status).toBe(200)
  return headerOf(scene.upstream.requests.at(-1)?.rawHeaders ?? [], 'authorization')
}

describe('a login with a refresh token', () => {
  const BOB = { email: 'bob@example.org', password: 'q' }

  it('speaks for the account whose credentials were given last', async () => {
    expect(await speaksFor()).toBe('Bearer a-ann@example.org')
    expect((await scene.gate.api('PATCH', '/connections/svc', { secrets: BOB })).status).toBe(200)
    expect(await speaksFor()).toBe('Bearer a-bob@example.org')
  })

  it('speaks for the account that it was changed over to, and back', async () => {
    expect(await speaksFor()).toBe('Bearer a-ann@example.org')
    expect((await scene.gate.api('PUT', '/connections/svc/next', { secrets: BOB })).status).toBe(200)
    expect((await scene.gate.api('POST', '/connections/svc/switch', { verify: false })).status).toBe(200)
    expect(await speaksFor()).toBe('Bearer a-bob@example.org')
    expect((await scene.gate.api('POST', '/connections/svc/switch', { verify: false })).status).toBe(200)
    expect(await speaksFor()).toBe('Bearer a-ann@example.org')
  })
})

describe('a token that was asked for with settings', () => {
  it('ends with them: fewer rights are fewer rights from the next call on', async () => {
    scene.upstream.on('/token', ({ recorded, response }) => {
      const scope = new URLSearchParams(recorded.body.toString()).get('scope')
      response.end(JSON.stringify({ access_token: `a-${scope}`, expires_in: 3600 }))
    })
    const { url } = scene.upstream
    await connectionTo(scene.gate, url, {
      id: 'scoped',
      connector: 'generic-oauth2-cc',
      settings: { token_url: `${url}/token`, scope: 'admin' },
      secrets: { client_id: 'c', client_secret: 's' },
    })
    const key = await keyFor(scene.gate, [{ connection: 'scoped', allow: ['* /**'] }])
    const speaks = async () => {
      expect((await ask({ ...scene, key }, '/proxy/scoped/echo')).status).toBe(200)
      return headerOf(scene.upstream.requests.at(-1)?.rawHeaders ?? [], 'authorization')
    }
    expect(await speaks()).toBe('Bearer a-admin')
    const patched = await scene.gate.api('PATCH', '/connections/scoped', { settings: { scope: 'read' } })
    expect(patched.status).toBe(200)
    expect(await speaks()).toBe('Bearer a-read')
    const before = scene.upstream.requests.length
    expect((await scene.gate.api('PATCH', '/connections/scoped', { name: 'Other' })).status).toBe(200)
    expect(await speaks()).toBe('Bearer a-read')
    expect(scene.upstream.requests.slice(before).map(({ url }) => url)).toEqual(['/echo'])
  })
})
