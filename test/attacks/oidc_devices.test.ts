import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEVICE_GRANT } from '../provider/device_scene.ts'
import { type ProviderScene, type SceneClient, startProviderScene } from '../provider/scene.ts'

/** Devices that ask too often, and codes that two people, or two devices, want at once (T22). */

let scene: ProviderScene
let device: SceneClient

beforeAll(async () => {
  scene = await startProviderScene()
  await scene.person('eve')
  const openid = { auth_method: 'none', grant_types: ['device_code', 'refresh_token'] }
  device = await scene.makeClient('tv', openid, { redirect_uris: [], post_logout_redirect_uris: [] })
})
afterAll(() => scene.stop())

const begin = async () => (await scene.post('/device/auth', device, { scope: 'openid profile' })).body
const poll = (device_code: string) => scene.post('/token', device, { grant_type: DEVICE_GRANT, device_code })

describe('a device that asks too often', () => {
  it('slow_down, each code for itself; and at once what was decided', async () => {
    const [hasty, other] = [await begin(), await begin()]
    expect(hasty.interval).toBe(5)
    const said = []
    for (let i = 0; i < 7; i++) said.push((await poll(hasty.device_code)).body.error)
    expect(said).toEqual([...Array(5).fill('authorization_pending'), 'slow_down', 'slow_down'])
    expect((await poll(other.device_code)).body.error).toBe('authorization_pending')
    const ada = await scene.signIn()
    await ada.get('/oidc/device')
    await ada.submit('/oidc/device', { user_code: hasty.user_code })
    await ada.submit('/oidc/device', { do: 'allow' })
    expect((await poll(hasty.device_code)).status).toBe(200)
  })
})

describe('T22 one code', () => {
  it('is let in by one of two who do so at once, and redeemed by one of two who ask at once', async () => {
    const code = await begin()
    const both = [await scene.signIn(), await scene.signIn('eve')]
    for (const browser of both) {
      await browser.get('/oidc/device')
      await browser.submit('/oidc/device', { user_code: code.user_code })
    }
    await Promise.all(both.map((browser) => browser.submit('/oidc/device', { do: 'allow' })))
    const answers = await Promise.all([poll(code.device_code), poll(code.device_code)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  it('is not let in for whom another answers who is signed in by now', async () => {
    const code = await begin()
    const [ada, eve] = [await scene.signIn(), await scene.signIn('eve')]
    await ada.get('/oidc/device')
    await ada.submit('/oidc/device', { user_code: code.user_code })
    ada.cookies.set('octroi_session', eve.cookies.get('octroi_session') as string)
    await ada.submit('/oidc/device', { do: 'allow' })
    expect((await poll(code.device_code)).body.error).toBe('authorization_pending')
  })
})
