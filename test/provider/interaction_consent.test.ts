import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsentScene, decide, signedIn, signIn, startConsentScene, textOf, visit } from './consent_scene.ts'

let scene: ConsentScene
beforeAll(async () => {
  scene = await startConsentScene()
  await scene.addPerson('marie')
})
afterAll(() => scene?.stop())

describe('an application that is not the organisation’s own', () => {
  it('asks its person, and gets what was allowed', async () => {
    const app = await scene.addApp('allowed')
    const browser = scene.browser()
    await visit(scene, browser, app.asks())
    const page = await signIn(browser, scene.url, 'marie')
    expect(page.status).toBe(200)
    expect(textOf(page)).toContain('<strong>App allowed</strong> would like to know who you are')
    expect(textOf(page)).toContain('<strong>allowed.example</strong>')
    expect(textOf(page)).toContain('<strong>marie Name</strong>')
    const { code, error, url } = app.back(await decide(scene, browser, 'allow'))
    expect([error, url.searchParams.get('state'), url.searchParams.get('iss')]).toEqual([
      null,
      'st',
      `${scene.url}/oidc`,
    ])
    const { status, body } = await app.redeem(code)
    expect(status).toBe(200)
    expect((await app.userinfo(body.access_token)).body).toMatchObject({
      name: 'marie Name',
      email: 'marie@example.org',
    })
  })

  it('is remembered: the second time nobody is asked, in another browser neither', async () => {
    const app = await scene.addApp('remembered')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    app.back(await decide(scene, browser, 'allow'))
    expect(app.back(await visit(scene, browser, app.asks())).code).toMatch(/./)
    const other = await signedIn(scene, 'marie')
    expect(app.back(await visit(scene, other, app.asks({ prompt: 'none' }))).code).toMatch(/./)
  })

  it('asks for what is new, and for that alone', async () => {
    const app = await scene.addApp('more', { scopes: ['openid', 'profile', 'email', 'groups'] })
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks({ scope: 'openid profile' }))
    app.back(await decide(scene, browser, 'allow'))
    const page = textOf(await visit(scene, browser, app.asks({ scope: 'openid profile groups' })))
    expect(page).toContain('may use your account already')
    expect(page).toContain('see the groups that you are in')
    expect(page).not.toContain('see your name')
    const { code } = app.back(await decide(scene, browser, 'allow'))
    expect((await app.redeem(code)).body.scope.split(' ').sort()).toEqual(['groups', 'openid', 'profile'])
  })

  it('is told access_denied where he does not allow it, and nothing is kept', async () => {
    const app = await scene.addApp('denied')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { code, error } = app.back(await decide(scene, browser, 'deny'))
    expect([code, error]).toEqual([null, 'access_denied'])
    expect(textOf(await visit(scene, browser, app.asks()))).toContain('Allow App denied?')
    expect(app.back(await visit(scene, browser, app.asks({ prompt: 'none' }))).error).toBe('consent_required')
  })

  it('names the rights at its API that it asks for', async () => {
    const resources = [{ id: 'https://api.example/v1', scopes: ['read', 'write'] }]
    const app = await scene.addApp('api', { resources })
    const browser = await signedIn(scene, 'marie')
    const asked = { scope: 'openid read', resource: 'https://api.example/v1' }
    const page = textOf(await visit(scene, browser, app.asks(asked)))
    expect(page).toContain('act for you at <code>https://api.example/v1</code>, with these rights: <code>read</code>')
    const { code } = app.back(await decide(scene, browser, 'allow'))
    const { body } = await app.redeem(code, { resource: 'https://api.example/v1' })
    expect(body.scope.split(' ')).toContain('read')
    expect(textOf(await visit(scene, browser, app.asks({ ...asked, scope: 'openid read write' })))).toContain(
      'with these rights: <code>write</code>',
    )
  })

  it('with prompt=consent he is asked again, all of it', async () => {
    const app = await scene.addApp('again')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    app.back(await decide(scene, browser, 'allow'))
    const page = textOf(await visit(scene, browser, app.asks({ prompt: 'consent' })))
    expect(page).toContain('see your name')
    expect(app.back(await decide(scene, browser, 'allow')).code).toMatch(/./)
  })

  it('the organisation’s own asks nobody', async () => {
    const app = await scene.addApp('own', { first_party: true })
    const browser = await signedIn(scene, 'marie')
    expect(app.back(await visit(scene, browser, app.asks())).code).toMatch(/./)
  })
})

describe('what is written down', () => {
  it('an event and a line of the trail for what was allowed, and for what was not', async () => {
    const app = await scene.addApp('noted')
    const browser = await signedIn(scene, 'marie')
    for (const decision of ['deny', 'allow'] as const) {
      await visit(scene, browser, app.asks())
      app.back(await decide(scene, browser, decision))
    }
    const data = { client: 'noted', scopes: ['openid', 'profile', 'email'], resources: [] }
    const isNoted = (event: { data: { client: string } }) => event.data.client === 'noted'
    expect((await scene.events('consent.given')).filter(isNoted)).toMatchObject([{ subject: 'account:marie', data }])
    expect((await scene.events('consent.refused')).filter(isNoted)).toMatchObject([{ subject: 'account:marie', data }])
    const lines = (await scene.audit('oidc.consent')).filter(({ target }) => target === 'client:noted')
    expect(lines.map(({ account, status, code }) => [account, status, code])).toEqual([
      ['marie', 200, null],
      ['marie', 403, 'access_denied'],
    ])
  })
})

describe('the form', () => {
  it('T38 403 without the token of its page, and for another site', async () => {
    const app = await scene.addApp('forged')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    const { csrf: _, ...bare } = hidden
    expect((await browser.post(action, { ...bare, do: 'allow' })).status).toBe(403)
    const elsewhere = { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }
    expect((await browser.post(action, { ...hidden, do: 'allow' }, elsewhere)).status).toBe(403)
    const foreign = await signedIn(scene, 'marie')
    foreign.cookies.set('octroi_oidc_interaction', browser.cookies.get('octroi_oidc_interaction') ?? '')
    expect((await foreign.post(action, { ...hidden, do: 'allow' })).status).toBe(403)
    expect(await scene.events('consent.given').then((all) => all.some(({ data }) => data.client === 'forged'))).toBe(
      false,
    )
  })

  it('400 for a decision that is none; the question stays', async () => {
    const app = await scene.addApp('neither')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    expect((await browser.submit('/oidc/interaction/', { do: 'maybe' })).status).toBe(400)
  })

  it('T36 sent twice it leads on twice, and is one decision', async () => {
    const app = await scene.addApp('twice')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    const first = await browser.post(action, { ...hidden, do: 'allow' })
    const second = await browser.post(action, { ...hidden, do: 'deny' })
    expect(second.location).toBe(first.location)
    expect(app.back(await browser.get(second.location ?? '')).code).toMatch(/./)
    expect((await browser.post(action, { ...hidden, do: 'allow' })).status).toBe(400)
  })

  it('T36 of somebody else who has signed in meanwhile it is no answer: he is asked himself', async () => {
    await scene.addPerson('paul')
    const app = await scene.addApp('swapped')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    const paul = await signedIn(scene, 'paul')
    for (const [name, value] of paul.cookies) if (name.includes('session')) browser.cookies.set(name, value)
    const page = await browser.post(action, { ...hidden, do: 'allow' })
    expect(page.status).toBe(200)
    expect(textOf(page)).toContain('<strong>paul Name</strong>')
    expect((await scene.events('consent.given')).some(({ data }) => data.client === 'swapped')).toBe(false)
  })

  it('nothing is allowed by GET', async () => {
    const app = await scene.addApp('got')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    const query = new URLSearchParams({ ...hidden, do: 'allow' })
    expect(textOf(await browser.get(`${action}?${query}`))).toContain('Allow App got?')
  })
})
