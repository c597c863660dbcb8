import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flowTo } from '../../src/sign_in/flow.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const [PARIS, LYON, UNKNOWN] = ['21750001600019', '21690123100011', '99999999900018'] as const

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  const at = '2026-11-22T00:00:00.000Z'
  for (const [id, siret, label] of [
    ['paris', PARIS, 'Ville de Paris'],
    ['lyon', LYON, 'Ville de Lyon'],
    ['friends', null, 'Friends'],
  ] as const)
    await scene.open.store.organizations.insert({ id, siret, label, groups: [], created_at: at, updated_at: at })
  await scene.method({ id: 'agency', organizations: 'required' })
  await scene.method({ id: 'optional', organizations: 'optional' })
  await scene.method({ id: 'ignores', organizations: 'ignore' })
})
afterAll(() => scene.stop())

const store = () => scene.open.store
const acting = (...sirets: string[]) => sirets.map((siret) => ({ siret, label: null }))
const said = (subject: string, ...sirets: string[]) => ({
  subject,
  claims: { name: subject, organizations: acting(...sirets) },
})
const membershipsOf = async (account: string) =>
  (await store().organizations.membershipsOf(account)).map(({ organization }) => organization).sort()

describe('B-35 the organization that he acts for', () => {
  it('403 with the help page where none of his is known: nothing is created', async () => {
    const answer = await scene.byProvider(scene.browser(), said('nobody', UNKNOWN))
    expect(answer.status).toBe(403)
    expect(await store().identities.find(ISSUER, 'nobody')).toBeUndefined()
    expect(await store().accounts.get('nobody')).toBeUndefined()
    expect(scene.lines.at(-1)).toMatchObject({ code: 'no_organization', status: 403 })
  })

  it('one that is known is taken', async () => {
    const done = await scene.byProvider(scene.browser(), said('one', PARIS, UNKNOWN))
    expect(done.location).toBe('/account')
    expect(await scene.sessionsOf('one')).toMatchObject([{ organization: 'paris' }])
    expect(await membershipsOf('one')).toEqual(['paris'])
  })

  it('several: a picker of those that are known; what is picked is what the session is for', async () => {
    const browser = scene.browser()
    const page = await browser.follow(await scene.byProvider(browser, said('several', PARIS, LYON, UNKNOWN)))
    expect(page.text).toContain('Ville de Paris')
    expect(page.text).toContain('Ville de Lyon')
    expect(page.text).not.toContain(UNKNOWN)
    expect(await store().accounts.get('several')).toBeUndefined()
    const done = await browser.submit('/sign-in/step/', { organization: 'lyon' })
    expect(done.location).toBe('/account')
    expect(await scene.sessionsOf('several')).toMatchObject([{ organization: 'lyon' }])
    expect(await membershipsOf('several')).toEqual(['lyon', 'paris'])
  })

  it('B-20 403 for one that was not offered: nothing is created, and the step is spent', async () => {
    const browser = scene.browser()
    const step = await scene.byProvider(browser, said('greedy', PARIS, LYON))
    await browser.follow(step)
    const { action, hidden } = browser.form('/sign-in/step/')
    expect((await browser.post(action, { ...hidden, organization: 'friends' })).status).toBe(403)
    expect(await store().accounts.get('greedy')).toBeUndefined()
    expect((await browser.post(action, { ...hidden, organization: 'paris' })).status).toBe(400)
    expect(await store().accounts.get('greedy')).toBeUndefined()
  })

  it('B-20 another browser cannot pick, and takes nothing from the one that can', async () => {
    const browser = scene.browser()
    const step = await scene.byProvider(browser, said('bound', PARIS, LYON))
    await browser.follow(step)
    const thief = scene.browser()
    await thief.get('/sign-in')
    const { hidden } = thief.form('/sign-in/password')
    expect((await thief.get(step.location as string)).status).toBe(400)
    expect((await thief.post(step.location as string, { ...hidden, organization: 'paris' })).status).toBe(403)
    expect((await browser.submit('/sign-in/step/', { organization: 'paris' })).location).toBe('/account')
  })

  it('nothing picked: it is asked again', async () => {
    const browser = scene.browser()
    await browser.follow(await scene.byProvider(browser, said('slow', PARIS, LYON)))
    expect((await browser.submit('/sign-in/step/')).text).toContain('Ville de Lyon')
    expect((await browser.submit('/sign-in/step/', { organization: 'paris' })).location).toBe('/account')
  })

  it('a hint takes one of his without asking, and no other', async () => {
    const hinted = (siret: string) =>
      `/sign-in/agency?flow=${scene.signIn.flows.seal({ ...flowTo('/account'), organizationHint: siret })}`
    const browser = scene.browser()
    const done = await scene.byProvider(browser, said('hinted', PARIS, LYON), hinted(LYON))
    expect(done.location).toBe('/account')
    expect(await scene.sessionsOf('hinted')).toMatchObject([{ organization: 'lyon' }])
    const asked = await scene.byProvider(scene.browser(), said('unhinted', PARIS, LYON), hinted(UNKNOWN))
    expect(asked.location).toContain('/sign-in/step/')
  })

  it('optional: in without one; ignored: nothing is stored of it', async () => {
    await scene.byProvider(scene.browser(), said('free', UNKNOWN), '/sign-in/optional')
    expect(await scene.sessionsOf('free')).toMatchObject([{ organization: null }])
    await scene.byProvider(scene.browser(), said('ignored', PARIS), '/sign-in/ignores')
    expect(await scene.sessionsOf('ignored')).toMatchObject([{ organization: null }])
    expect(await membershipsOf('ignored')).toEqual([])
  })

  it('those that an administrator has set count too', async () => {
    await scene.byProvider(scene.browser(), said('manual', PARIS))
    await store().organizations.setMemberships('manual', 'manual', ['friends'], new Date().toISOString())
    const browser = scene.browser()
    const page = await browser.follow(await scene.byProvider(browser, said('manual', PARIS)))
    expect(page.text).toContain('Friends')
  })
})

describe('B-36 who has left his organization', () => {
  it('is sent away, and his membership and the session that acts for it are gone', async () => {
    await scene.byProvider(scene.browser(), said('leaver', PARIS))
    expect(await scene.sessionsOf('leaver')).toHaveLength(1)
    const answer = await scene.byProvider(scene.browser(), said('leaver', UNKNOWN))
    expect(answer.status).toBe(403)
    expect(await membershipsOf('leaver')).toEqual([])
    expect(await scene.sessionsOf('leaver')).toEqual([])
  })

  it('chooses anew where another one of his is known', async () => {
    await scene.byProvider(scene.browser(), said('mover', PARIS))
    await scene.byProvider(scene.browser(), said('mover', LYON))
    expect(await scene.sessionsOf('mover')).toMatchObject([{ organization: 'lyon' }])
    expect(await membershipsOf('mover')).toEqual(['lyon'])
  })

  it('what one method says, another one does not take away; and by a method that says nothing it stays', async () => {
    await scene.byProvider(scene.browser(), said('both', PARIS))
    await scene.byProvider(scene.browser(), said('both', LYON), '/sign-in/optional')
    expect(await membershipsOf('both')).toEqual(['lyon', 'paris'])
    const silent = { subject: 'both', claims: { organizations: null } }
    const done = await scene.byProvider(scene.browser(), silent)
    expect(done.location).toBe('/account')
    expect(await membershipsOf('both')).toEqual(['lyon', 'paris'])
  })
})

describe('signed in already, for one organization', () => {
  const hinted = (siret: string) => `/sign-in?organization_hint=${siret}`

  it('for the one that is wanted, or for none that is his: led on at once', async () => {
    const browser = scene.browser()
    await scene.byProvider(browser, said('acting', PARIS))
    expect((await browser.get(hinted(PARIS))).location).toBe('/account')
    expect((await browser.get(hinted(LYON))).location).toBe('/account')
    expect((await browser.get(hinted(UNKNOWN))).location).toBe('/account')
  })

  it('another one of his is wanted: asked again, and another session is for that one', async () => {
    const browser = scene.browser()
    await browser.follow(await scene.byProvider(browser, said('switching', PARIS, LYON)))
    await browser.submit('/sign-in/step/', { organization: 'paris' })
    const page = await browser.get(hinted(LYON))
    expect(page.status).toBe(200)
    const way = /href="([^"]*\/sign-in\/agency\?flow=[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')
    const done = await scene.byProvider(browser, said('switching', PARIS, LYON), way)
    expect(done.location).toBe('/account')
    expect(await scene.sessionsOf('switching')).toMatchObject([{ organization: 'lyon' }])
  })

  it('400 for a hint that is no SIRET', async () => {
    expect((await scene.browser().get(hinted('123'))).status).toBe(400)
  })
})
