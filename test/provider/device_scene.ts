import type { Answer, PlainBrowser } from '../sign_in/browser.ts'
import type { App, ConsentScene, Made } from './consent_scene.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** An application on a device that has no browser. */
export interface Device {
  readonly app: App
  /** What it shows. */
  readonly userCode: string
  readonly complete: string
  /** At the token endpoint. */
  poll(more?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: Made }>
}

export function addDeviceApp(scene: ConsentScene, id: string, openid = {}, fields = {}): Promise<App> {
  return scene.addApp(id, { grant_types: ['authorization_code', 'refresh_token', 'device_code'], ...openid }, fields)
}

export async function startDevice(app: App, asked: Readonly<Record<string, string>> = {}): Promise<Device> {
  const { status, body } = await app.call('/oidc/device/auth', { scope: 'openid profile', ...asked })
  if (status !== 200) throw new Error(`no device code: ${status} ${JSON.stringify(body)}`)
  return {
    app,
    userCode: body.user_code,
    complete: body.verification_uri_complete,
    poll: (more = {}) => app.call('/oidc/token', { grant_type: DEVICE_GRANT, device_code: body.device_code, ...more }),
  }
}

/** Types the code at the page. */
export async function type(browser: PlainBrowser, userCode: string): Promise<Answer> {
  await browser.get('/oidc/device')
  return browser.submit('/oidc/device', { user_code: userCode })
}

/** Presses a button of the question that stands there. */
export function press(browser: PlainBrowser, decision: 'allow' | 'deny'): Promise<Answer> {
  return browser.submit('/oidc/device', { do: decision })
}
