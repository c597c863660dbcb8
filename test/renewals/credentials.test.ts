import { afterEach, describe, expect, it } from 'vitest'
import { type Scene, startClientOnly, startRotating } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** What programs that sign for themselves are handed: a token that is good, and until when. */

let scene: Scene
afterEach(() => scene.stop())

const credentials = () => scene.gate.api('GET', '/connections/svc/credentials')
const works = async (token: string) => {
  const answer = await fetch(`${scene.server.url}/resource`, { headers: { authorization: `Bearer ${token}` } })
  return answer.status
}

describe('GET /connections/{id}/credentials', () => {
  it('gives the token that calls are signed with, under its exact names, and its end', async () => {
    scene = await startRotating()
    const { status, body } = await credentials()
    const disk = await tokenOnDisk(scene.gate.settings)
    expect(status).toBe(200)
    expect(body).toEqual({
      secrets: {
        oauth_access_token: disk?.token?.values.access_token,
        oauth_refresh_token: disk?.token?.values.refresh_token,
        oauth_client_id: scene.server.clientId,
        oauth_client_secret: scene.server.clientSecret,
      },
      expires_at: disk?.token?.expires_at,
    })
    expect(await works(body.secrets.oauth_access_token)).toBe(200)
  })

  it('renews an expired one first, by one request for many readers', async () => {
    scene = await startRotating()
    await ageToken(scene.gate.settings, { ends: -1 })
    const before = scene.server.tokenRequests()
    const read = await Promise.all(Array.from({ length: 8 }, credentials))
    expect(new Set(read.map(({ body }) => body.secrets.oauth_access_token)).size).toBe(1)
    expect(await works(read[0]?.body.secrets.oauth_access_token)).toBe(200)
    expect(Date.parse(read[0]?.body.expires_at)).toBeGreaterThan(Date.now())
    expect(scene.server.tokenRequests() - before).toBe(1)
  })

  it('502 reconnect_required when there is none and a person is needed', async () => {
    scene = await startRotating()
    await ageToken(scene.gate.settings, { ends: -1 })
    scene.server.revokeAll()
    for (let i = 0; i < 2; i++)
      expect((await credentials()).body).toMatchObject({ status: 502, code: 'reconnect_required' })
  })
})

describe('GET /connections/{id}/credentials of a service in trouble', () => {
  it('502 upstream_unreachable when there is no token now, and the old one while it is good', async () => {
    scene = await startRotating()
    scene.server.failTokens(20, 500)
    await ageToken(scene.gate.settings, { ends: 600, renew: -1 })
    expect((await credentials()).status).toBe(200)
    await ageToken(scene.gate.settings, { ends: -1 })
    const { body, headers } = await credentials()
    expect(body).toMatchObject({ status: 502, code: 'upstream_unreachable' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('POST /connections/{id}/refresh', () => {
  it('gives another token at once, whether the old one was good or not', async () => {
    scene = await startClientOnly()
    const before = (await credentials()).body.secrets.oauth_access_token
    const { status, body } = await scene.gate.api('POST', '/connections/svc/refresh')
    expect([status, body.state]).toEqual([200, 'ready'])
    expect(body.token.expires_at).toBe((await credentials()).body.expires_at)
    const after = (await credentials()).body.secrets.oauth_access_token
    expect(after).not.toBe(before)
    expect(await works(after)).toBe(200)
  })

  it('asked by several at once makes one request', async () => {
    scene = await startRotating()
    scene.server.slowTokens(1_500)
    const before = scene.server.tokenRequests()
    const asked = await Promise.all(Array.from({ length: 5 }, () => scene.gate.api('POST', '/connections/svc/refresh')))
    expect(asked.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(scene.server.tokenRequests() - before).toBe(1)
    expect(scene.server.familiesKilled()).toBe(0)
  })
})
