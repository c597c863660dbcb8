import { afterEach, describe, expect, it } from 'vitest'
import { type Scene, startClientOnly, startRotating, until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** What a person does while a renewal is under way: nothing that the service gave is lost, and nothing late is written. */

let scene: Scene
afterEach(() => scene.stop())

const disk = async () => (await tokenOnDisk(scene.gate.settings))?.token?.values

/** A call that waits for a slow renewal, once the request for the token has arrived. */
async function renewing(ms = 600) {
  await ageToken(scene.gate.settings, { ends: -1 })
  scene.server.slowTokens(ms)
  const asked = scene.server.tokenRequests()
  const call = scene.call()
  await until(() => expect(scene.server.tokenRequests()).toBe(asked + 1))
  scene.server.slowTokens(0)
  return { call, asked }
}

const secrets = () => ({ client_id: scene.server.clientId, client_secret: scene.server.clientSecret })

describe('while a renewal is under way', () => {
  it.each([
    ['PATCH', '', () => ({ secrets: secrets() })],
    ['PATCH', '', () => ({ settings: { scope: '' }, name: 'renamed' })],
    ['PUT', '/next', () => ({ secrets: secrets() })],
  ] as const)('%s %s waits for it: the refresh token that was just given is kept', async (method, path, body) => {
    scene = await startRotating()
    const { call } = await renewing()
    expect((await scene.gate.api(method, `/connections/svc${path}`, body())).status).toBe(200)
    expect((await call).status).toBe(200)
    expect((await scene.call()).status).toBe(200)
    await ageToken(scene.gate.settings, { ends: -1 })
    expect((await scene.call()).status).toBe(200)
    expect(scene.server.familiesKilled()).toBe(0)
  })

  it('a switch waits for it, and the family lives', async () => {
    scene = await startRotating()
    await scene.gate.api('PUT', '/connections/svc/next', { secrets: secrets() })
    const { call } = await renewing()
    expect((await scene.gate.api('POST', '/connections/svc/switch')).status).toBe(200)
    expect((await call).status).toBe(200)
    expect((await scene.call()).status).toBe(200)
    expect(scene.server.familiesKilled()).toBe(0)
    expect(await scene.events()).toContain('connection.switched')
  })

  it('D20: what comes late is not written over what a person has given', async () => {
    scene = await startClientOnly()
    const { call } = await renewing()
    // As another process would, for which the lease had lapsed.
    await ageToken(scene.gate.settings, { ends: 3_600, renew: 1_800 })
    const given = await disk()
    expect((await call).status).toBe(200)
    expect(await disk()).toEqual(given)
    expect((await tokenOnDisk(scene.gate.settings))?.failures).toBe(0)
  })

  it('403 not_granted for who waits while it is deleted, and nothing is left', async () => {
    scene = await startRotating()
    const { call } = await renewing()
    expect((await scene.gate.api('DELETE', '/connections/svc')).status).toBe(204)
    const answer = await call
    expect([answer.status, answer.code]).toEqual([403, 'not_granted'])
    expect(await tokenOnDisk(scene.gate.settings)).toBeUndefined()
  })

  it('a stop waits for it: what the service gave reaches the disk', async () => {
    scene = await startRotating()
    const before = await disk()
    await ageToken(scene.gate.settings, { ends: 600, renew: -1 })
    scene.server.slowTokens(600)
    const asked = scene.server.tokenRequests()
    expect((await scene.call()).status).toBe(200)
    await until(() => expect(scene.server.tokenRequests()).toBe(asked + 1))
    await scene.gate.pause()
    expect((await disk())?.refresh_token).not.toBe(before?.refresh_token)
    await scene.gate.resume()
    await ageToken(scene.gate.settings, { ends: -1 })
    expect((await scene.call()).status).toBe(200)
    expect(scene.server.familiesKilled()).toBe(0)
  })
})

describe('new secrets', () => {
  it('are what the next token is asked for with, and the old token is not used any more', async () => {
    scene = await startClientOnly()
    const before = await disk()
    await scene.gate.api('PATCH', '/connections/svc', { secrets: { ...secrets(), client_secret: 'wrong' } })
    expect((await scene.call()).code).toBe('reconnect_required')
    expect(await disk()).not.toHaveProperty('access_token')
    await scene.gate.api('PATCH', '/connections/svc', { secrets: secrets() })
    expect((await scene.call()).status).toBe(200)
    expect((await disk())?.access_token).not.toBe(before?.access_token)
  })

  it('C-05: that were given as the next ones take over when the service is done with the current ones', async () => {
    scene = await startClientOnly()
    await scene.gate.api('PATCH', '/connections/svc', { secrets: { ...secrets(), client_secret: 'ended' } })
    await scene.gate.api('PUT', '/connections/svc/next', { secrets: secrets() })
    await scene.gate.api('POST', '/connections/svc/refresh')
    expect((await scene.call()).status).toBe(200)
    expect(await scene.events()).toContain('connection.switched')
    expect((await scene.connection()).state).toBe('ready')
  })
})
