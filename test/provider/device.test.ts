import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ConsentScene, signedIn, signIn, startConsentScene, textOf, visit } from './consent_scene.ts'
import { addDeviceApp, press, startDevice, type } from './device_scene.ts'

let scene: ConsentScene
beforeAll(async () => {
  scene = await startConsentScene()
  await scene.must('POST', '/groups', { id: 'shop', name: 'Shop' })
  for (const id of ['marie', 'paul']) await scene.addPerson(id, { groups: ['shop'] })
  await scene.addPerson('stranger')
})
afterEach(() => vi.useRealTimers())
afterAll(() => scene?.stop())

const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })

describe('a device that somebody lets in (RFC 8628)', () => {
  it('waits, and gets tokens of his account', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'till'))
    expect(device.userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect((await device.poll()).body.error).toBe('authorization_pending')
    const browser = await signedIn(scene, 'marie')
    const question = textOf(await type(browser, device.userCode))
    expect(question).toContain('<strong>App till</strong>')
    expect(question).toContain(device.userCode)
    expect(question).toContain('127.0.0.1')
    expect(question).toContain('<strong>marie Name</strong>')
    expect(question).toContain('see your name')
    expect(question).not.toContain('see your e-mail')
    expect((await device.poll()).body.error).toBe('authorization_pending')
    expect(textOf(await press(browser, 'allow'))).toContain('The device is connected')
    const { status, body } = await device.poll()
    expect([status, body.scope]).toEqual([200, 'openid profile'])
    expect((await device.app.userinfo(body.access_token)).body).toMatchObject({ preferred_username: 'marie' })
    expect((await device.poll()).body.error).toBe('invalid_grant')
  })

  it('is told access_denied where he does not', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'refused'))
    const browser = await signedIn(scene, 'marie')
    await type(browser, device.userCode)
    expect(textOf(await press(browser, 'deny'))).toContain('The device was not connected')
    expect(await device.poll()).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })

  it('without offline_access it ends with his session; with it, it goes on', async () => {
    const app = await addDeviceApp(scene, 'lasting', { scopes: ['openid', 'profile', 'offline_access'] })
    const [short, long] = [await startDevice(app), await startDevice(app, { scope: 'openid offline_access' })]
    const browser = await signedIn(scene, 'marie')
    for (const { userCode } of [short, long]) {
      await type(browser, userCode)
      await press(browser, 'allow')
    }
    const tokens = [(await short.poll()).body, (await long.poll()).body]
    const refreshed = () =>
      Promise.all(
        tokens.map(({ refresh_token }) => app.call('/oidc/token', { grant_type: 'refresh_token', refresh_token })),
      )
    expect(tokens.map(({ refresh_token }) => typeof refresh_token)).toEqual(['string', 'string'])
    await browser.get('/session/sign-out')
    await browser.submit('/session/sign-out')
    expect((await refreshed()).map(({ status }) => status)).toEqual([400, 200])
  })

  it('the code may be typed in any case, with and without its dash', async () => {
    const app = await addDeviceApp(scene, 'typed')
    const browser = await signedIn(scene, 'marie')
    for (const write of [
      (code: string) => code.toLowerCase(),
      (code: string) => code.replace('-', ''),
      (code: string) => ` ${code.replace('-', ' ')} `,
      (code: string) => code.replace('-', '–'),
    ]) {
      const { userCode } = await startDevice(app)
      expect(textOf(await type(browser, write(userCode)))).toContain(userCode)
    }
  })

  it('a link with the code fills it in, and decides nothing', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'linked'))
    const browser = scene.browser()
    await visit(scene, browser, device.complete)
    const page = await signIn(browser, scene.url, 'marie')
    expect(page.text).toContain(`value="${device.userCode}"`)
    expect(textOf(page)).toContain('Go on only if your device shows the same one')
    expect((await device.poll()).body.error).toBe('authorization_pending')
    await browser.submit('/oidc/device', { user_code: device.userCode })
    await press(browser, 'allow')
    expect((await device.poll()).status).toBe(200)
  })

  it('of the organisation’s own application he is asked all the same: somebody may have sent him the code', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'own-till', { first_party: true }))
    const browser = await signedIn(scene, 'marie')
    expect(textOf(await type(browser, device.userCode))).toContain('Is this your device?')
  })

  it('rights at an API go with it', async () => {
    const resources = [{ id: 'https://api.example/v1', scopes: ['read', 'write'] }]
    const app = await addDeviceApp(scene, 'api-till', { resources })
    const device = await startDevice(app, { scope: 'openid read', resource: 'https://api.example/v1' })
    const browser = await signedIn(scene, 'marie')
    expect(textOf(await type(browser, device.userCode))).toContain('<code>read</code>')
    await press(browser, 'allow')
    const { body } = await device.poll({ resource: 'https://api.example/v1' })
    expect(body.scope.split(' ')).toContain('read')
    const { aud, scope } = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
    expect([aud, scope]).toEqual(['https://api.example/v1', 'read'])
  })
})

describe('T22', () => {
  it('the account is that of who decides, and the first decision stands', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'first'))
    const [marie, paul] = [await signedIn(scene, 'marie'), await signedIn(scene, 'paul')]
    await type(marie, device.userCode)
    await type(paul, device.userCode)
    expect(textOf(await press(paul, 'allow'))).toContain('The device is connected')
    expect((await press(marie, 'allow')).status).toBe(422)
    expect((await type(marie, device.userCode)).status).toBe(422)
    const { body } = await device.poll()
    expect((await device.app.userinfo(body.access_token)).body.preferred_username).toBe('paul')
  })

  it('of two decisions at once, one', async () => {
    const app = await addDeviceApp(scene, 'race')
    const browsers = [await signedIn(scene, 'marie'), await signedIn(scene, 'paul')]
    for (let round = 0; round < 3; round++) {
      const device = await startDevice(app)
      for (const browser of browsers) await type(browser, device.userCode)
      const answers = await Promise.all(browsers.map((browser, i) => press(browser, i === 0 ? 'allow' : 'deny')))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
      const isAllowed = answers[0]?.status === 200
      expect((await device.poll()).body.error).toBe(isAllowed ? undefined : 'access_denied')
    }
  })

  it('the question of one is not answered by another who has signed in meanwhile', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'swapped-till'))
    const browser = await signedIn(scene, 'marie')
    await type(browser, device.userCode)
    const paul = await signedIn(scene, 'paul')
    for (const [name, value] of paul.cookies) if (name.includes('session')) browser.cookies.set(name, value)
    const page = textOf(await press(browser, 'allow'))
    expect(page).toContain('<strong>paul Name</strong>')
    expect((await device.poll()).body.error).toBe('authorization_pending')
  })

  it('422 for a code that is unknown, too old or decided, in the same words', async () => {
    const app = await addDeviceApp(scene, 'gone')
    const browser = await signedIn(scene, 'marie')
    const [decided, expired] = [await startDevice(app), await startDevice(app)]
    await type(browser, decided.userCode)
    await press(browser, 'deny')
    const said = async (code: string) => {
      const page = await type(browser, code)
      expect(page.status).toBe(422)
      return /<li>.*?<\/li>/s.exec(page.text)?.[0]
    }
    const words = [await said('BBBB-BBBB'), await said(decided.userCode), await said('not a code'), await said('')]
    later(700)
    const late = await signedIn(scene, 'paul')
    words.push(/<li>.*?<\/li>/s.exec((await type(late, expired.userCode)).text)?.[0])
    expect(new Set(words).size).toBe(1)
    expect(words[0]).toContain('is not known, is too old, or was used already')
  })

  it('429 after ten wrong codes of one account, whatever its sessions; a right one is none', async () => {
    await scene.addPerson('guesser', { groups: ['shop'] })
    const device = await startDevice(await addDeviceApp(scene, 'guessed'))
    const browser = await signedIn(scene, 'guesser')
    for (let i = 0; i < 3; i++) expect((await type(browser, device.userCode)).status).toBe(200)
    for (let i = 0; i < 10; i++) expect((await type(browser, 'BCDF-GHJK')).status).toBe(422)
    const other = await signedIn(scene, 'guesser')
    const page = await type(other, device.userCode)
    expect(page.status).toBe(429)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(60)
    const codes = (await scene.audit('oidc.device'))
      .filter(({ account }) => account === 'guesser')
      .map(({ code }) => code)
    expect(codes).toEqual(['rate_limited', ...Array.from({ length: 10 }, () => 'wrong')])
  })
})

describe('who may let a device in', () => {
  it('403 for who may not use the application; the code stays open for another', async () => {
    const app = await addDeviceApp(scene, 'shop-till', {}, { allow: { groups: ['shop'] } })
    const device = await startDevice(app)
    const stranger = await signedIn(scene, 'stranger')
    const page = await type(stranger, device.userCode)
    expect(page.status).toBe(403)
    expect(textOf(page)).toContain('App shop-till is not open to you')
    const marie = await signedIn(scene, 'marie')
    await type(marie, device.userCode)
    await press(marie, 'allow')
    expect((await device.poll()).status).toBe(200)
  })

  it('signs in first, and as the application wants', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'aged', { max_age_s: 60 }))
    expect((await scene.browser().get('/oidc/device')).location).toContain('/sign-in?flow=')
    const browser = await signedIn(scene, 'marie')
    later(400)
    const answer = await type(browser, device.userCode)
    expect(answer.location).toContain('/sign-in?flow=')
    await visit(scene, browser, answer.location ?? '')
    const page = await signIn(browser, scene.url, 'marie')
    expect(page.text).toContain(`value="${device.userCode}"`)
    expect(textOf(await type(browser, device.userCode))).toContain('Is this your device?')
  })

  it('T38 403 without the token of the page', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'forged-till'))
    const browser = await signedIn(scene, 'marie')
    await type(browser, device.userCode)
    const { hidden } = browser.form('/oidc/device')
    const { csrf: _, ...bare } = hidden
    expect((await browser.post('/oidc/device', { ...bare, do: 'allow' })).status).toBe(403)
    expect(
      (await browser.post('/oidc/device', { ...hidden, do: 'allow' }, { headers: { origin: 'https://evil.example' } }))
        .status,
    ).toBe(403)
    expect((await browser.post('/oidc/device', { ...hidden, do: 'perhaps' })).status).toBe(400)
    expect((await device.poll()).body.error).toBe('authorization_pending')
  })

  it('is written down, with its event', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'noted-till'))
    const browser = await signedIn(scene, 'marie')
    await type(browser, device.userCode)
    await press(browser, 'allow')
    const [line] = (await scene.audit('oidc.device')).filter(({ target }) => target === 'client:noted-till')
    expect(line).toMatchObject({ account: 'marie', status: 200, code: null })
    const given = (await scene.events('consent.given')).filter(({ data }) => data.client === 'noted-till')
    expect(given).toMatchObject([{ subject: 'account:marie', data: { scopes: ['openid', 'profile'] } }])
  })
})
