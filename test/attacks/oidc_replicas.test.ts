import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { endProcesses, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { gateAt, type ProviderScene, sceneAt, startProviderScene } from '../provider/scene.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** Gates as processes of their own: two on one PostgreSQL, and one that is killed. */

afterAll(async () => {
  await endProcesses()
  removeFolders()
  await stopSharedPostgres()
})

describe('T19 at two gates on one PostgreSQL', () => {
  let one: ProviderScene
  let two: ProviderScene

  beforeAll(async () => {
    const settings = await freshSettings('postgres')
    const admin = await filledInstallation(settings, 0)
    const ports = [await freePort(0), await freePort(0)]
    const urls = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string]
    const shared = { OCTROI_PUBLIC_URL: urls[0] }
    await Promise.all(ports.map((port) => serve(settings, { ...shared, OCTROI_LISTEN: `127.0.0.1:${port}` })))
    one = await startProviderScene({}, gateAt(urls[0], admin))
    two = sceneAt(one, urls[1])
  })

  it('of two who redeem one code at once, one gets tokens', async () => {
    const browser = await one.signIn()
    for (let round = 0; round < 5; round++) {
      const code = await one.code(browser)
      const answers = await Promise.all([one.redeem(code), two.redeem(code)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    }
  })

  it('of two who use one refresh token at once, one gets tokens', async () => {
    const browser = await one.signIn()
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await one.authorize(browser)
      const use = (scene: ProviderScene) => scene.refresh(one.client, refresh_token as string)
      const answers = await Promise.all([use(one), use(two)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    }
  })

  it('401 at once at the other gate, when the family died at this one', async () => {
    const tokens = await one.authorize(await one.signIn())
    expect((await two.userinfo(tokens.access_token)).status).toBe(200)
    await one.refresh(one.client, tokens.refresh_token as string)
    expect((await two.refresh(one.client, tokens.refresh_token as string)).status).toBe(400)
    expect((await one.userinfo(tokens.access_token)).status).toBe(401)
  })
})

describe('T20 a gate that is killed', () => {
  it.each(['sqlite', 'postgres'] as const)(
    '400 for the old refresh token after kill -9 and a restart (%s)',
    async (engine) => {
      const settings = await freshSettings(engine)
      const admin = await filledInstallation(settings, 0)
      const listen = `127.0.0.1:${await freePort(0)}`
      const env = { OCTROI_LISTEN: listen, OCTROI_PUBLIC_URL: `http://${listen}` }
      const first = await serve(settings, env)
      const scene = await startProviderScene({}, gateAt(`http://${listen}`, admin))
      const { refresh_token: old } = await scene.authorize(await scene.signIn())
      const rotated = await scene.refresh(scene.client, old as string)
      expect(rotated.status).toBe(200)
      await first.kill()
      await serve(settings, env)
      const replayed = await scene.refresh(scene.client, old as string)
      expect([replayed.status, replayed.body.error]).toEqual([400, 'invalid_grant'])
      // It was a replay: what it had become is dead, too.
      expect((await scene.refresh(scene.client, rotated.body.refresh_token)).body.error).toBe('invalid_grant')
      expect((await scene.userinfo(rotated.body.access_token)).status).toBe(401)
    },
  )
})
