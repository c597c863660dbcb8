import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flowTo } from '../../src/sign_in/flow.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.method({ id: 'refuses', first_sign_in: 'refuse' })
  for (const id of ['ada', 'ben', 'invited'])
    await scene.account(id, { email: `${id}@example.org` }, id === 'invited' ? undefined : PASSWORD)
})
afterAll(() => scene.stop())

const identityOf = (subject: string) => scene.open.store.identities.find(ISSUER, subject)

async function signedIn(login: string) {
  const browser = scene.browser()
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login, password: PASSWORD })
  const token = browser.cookies.get('octroi_session') as string
  const [session] = await scene.sessionsOf(login)
  return { browser, token, session: session as NonNullable<typeof session> }
}

describe('B-39 the way out', () => {
  const out = async (query = '') => {
    const browser = scene.browser()
    await scene.byProvider(browser, { subject: 'leaver', idToken: 'the-id-token', claims: { name: 'Leaver' } })
    await browser.get(`/session/sign-out${query}`)
    const answer = await browser.submit('/session/sign-out')
    return { browser, answer, target: new URL(answer.location ?? '').searchParams }
  }

  it('ends the session here, and takes the browser to the provider with the id_token and a state', async () => {
    const { browser, answer, target } = await out()
    expect(await scene.sessionsOf('leaver')).toEqual([])
    expect(browser.cookies.has('octroi_session')).toBe(false)
    expect(answer.location).toMatch(/^https:\/\/idp\.example\/out\?/)
    expect(target.get('id_token_hint')).toBe('the-id-token')
    expect(target.get('post_logout_redirect_uri')).toBe(`${scene.url}/session/signed-out`)
    expect(target.get('state')).toMatch(/^[\w-]{43}$/)
    expect(scene.lines.at(-1)).toMatchObject({ action: 'sign-out', account: 'leaver' })
  })

  it('the state is good once, in this browser: only with it the way back is offered', async () => {
    const { browser, target } = await out('?return_to=/account/sessions')
    const back = `/session/signed-out?state=${target.get('state')}`
    const other = scene.browser()
    expect((await browser.get('/session/signed-out?state=wrong')).text).not.toContain('/account/sessions')
    expect((await browser.get(back)).text).toContain('/account/sessions')
    expect((await browser.get(back)).text).not.toContain('/account/sessions')
    const next = await out('?return_to=/account/sessions')
    const taken = await other.get(`/session/signed-out?state=${next.target.get('state')}`)
    expect([taken.status, taken.text.includes('/account/sessions')]).toEqual([200, false])
  })

  it('where nobody is signed in: a page, and nothing more', async () => {
    expect((await scene.browser().get('/session/sign-out')).status).toBe(200)
  })
})

describe('T28 an identity is linked by who is signed in, and proves it', () => {
  const linking = (account: string, session: string) => {
    const purpose = { kind: 'link', account, session } as const
    return `/sign-in/agency?flow=${scene.signIn.flows.seal({ ...flowTo('/account/identities'), purpose })}`
  }

  it('is his from then on, and he hears of it by mail; the session stays', async () => {
    const { browser, token, session } = await signedIn('ada')
    const done = await scene.byProvider(browser, { subject: 'ada-there' }, linking('ada', session.id))
    expect(done.location).toBe('/account/identities')
    expect(await identityOf('ada-there')).toMatchObject({ account: 'ada' })
    expect(browser.cookies.get('octroi_session')).toBe(token)
    expect(scene.lines.at(-1)).toMatchObject({ action: 'account.identities.link', account: 'ada', status: 200 })
    await scene.signIn.notices.settled()
    expect(scene.mails.map(({ to }) => to)).toEqual(['ada@example.org'])
    const again = await scene.byProvider(scene.browser(), { subject: 'ada-there' })
    expect(again.location).toBe('/account')
  })

  it('403 for one that another account has: it stays there', async () => {
    const { browser, session } = await signedIn('ben')
    const answer = await scene.byProvider(browser, { subject: 'ada-there' }, linking('ben', session.id))
    expect(answer.status).toBe(403)
    expect(await identityOf('ada-there')).toMatchObject({ account: 'ada' })
  })

  it('400 in a browser where somebody else, or nobody, is signed in', async () => {
    const ada = await signedIn('ada')
    const ben = await signedIn('ben')
    for (const browser of [ben.browser, scene.browser()]) {
      const answer = await scene.byProvider(browser, { subject: 'planted' }, linking('ada', ada.session.id))
      expect(answer.status).toBe(400)
    }
    expect(await identityOf('planted')).toBeUndefined()
  })

  it('400 where the session is no longer fresh', async () => {
    const { browser, session } = await signedIn('ben')
    const start = linking('ben', session.id)
    scene.clock.ahead += 11 * 60_000
    expect((await scene.byProvider(browser, { subject: 'late' }, start)).status).toBe(400)
    expect(await identityOf('late')).toBeUndefined()
    scene.clock.ahead = 0
  })

  it('sets out by a page and not by a redirect: a form of /account led there', async () => {
    const { browser, session } = await signedIn('ada')
    const answer = await browser.get(linking('ada', session.id))
    expect([answer.status, answer.location?.startsWith('https://idp.example/')]).toEqual([200, true])
    expect(scene.provider.asked.at(-1)?.fresh).toBe(true)
  })
})

describe('an invitation', () => {
  it('is accepted by another way than a password: the identity is linked with the invited account, once', async () => {
    const account = await scene.open.store.accounts.get('invited')
    const { url } = await scene.signIn.links.give('invitation', account as NonNullable<typeof account>, {
      deliver: 'link',
    })
    const browser = scene.browser()
    const page = await browser.get(url as string)
    expect(page.status).toBe(200)
    const way = /href="([^"]*\/sign-in\/refuses\?flow=[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') as string
    const done = await scene.byProvider(browser, { subject: 'the-invited' }, way)
    expect(done.location).toBe('/account')
    expect(await identityOf('the-invited')).toMatchObject({ account: 'invited' })
    const again = await scene.byProvider(scene.browser(), { subject: 'another' }, way)
    expect(again.status).toBe(400)
    expect(await identityOf('another')).toBeUndefined()
    expect((await scene.browser().get(url as string)).status).toBe(400)
  })
})
