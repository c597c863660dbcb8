import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConsentScene, decide, signIn, startConsentScene, textOf, visit } from './consent_scene.ts'
import { addDeviceApp, press, startDevice } from './device_scene.ts'

/** The installation has a path of its own in front. */

let scene: ConsentScene
beforeAll(async () => {
  scene = await startConsentScene('/gate')
  await scene.addPerson('marie')
})
afterAll(() => scene?.stop())

it('consent: every address and every cookie is below the path', async () => {
  const app = await scene.addApp('below')
  const browser = scene.browser()
  const asked = await browser.get(app.asks())
  expect(asked.location).toMatch(/^\/gate\/oidc\/interaction\//)
  const paths = asked.headers.getSetCookie().map((line) => /path=([^;]*)/i.exec(line)?.[1])
  expect(paths).toEqual([asked.location, asked.location?.replace('interaction', 'auth')])
  await visit(scene, browser, app.asks())
  const page = await signIn(browser, scene.url, 'marie')
  expect(browser.form('/oidc/interaction/').action).toMatch(/^\/gate\/oidc\/interaction\//)
  expect(textOf(page)).toContain('Allow App below?')
  const { code, url } = app.back(await decide(scene, browser, 'allow'))
  expect(url.searchParams.get('iss')).toBe(`${scene.url}/oidc`)
  expect((await app.redeem(code)).status).toBe(200)
})

it('devices too', async () => {
  const device = await startDevice(await addDeviceApp(scene, 'below-till'))
  expect(device.complete).toBe(`${scene.url}/oidc/device?user_code=${device.userCode}`)
  const browser = scene.browser()
  await visit(scene, browser, device.complete)
  await signIn(browser, scene.url, 'marie')
  await browser.submit('/gate/oidc/device', { user_code: device.userCode })
  expect(textOf(await press(browser, 'allow'))).toContain('The device is connected')
  expect((await device.poll()).status).toBe(200)
})
