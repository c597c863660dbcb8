import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import type { PlainBrowser } from '../sign_in/browser.ts'
import { type DeskScene, deskScene, ISSUER } from '../sign_in/desk_scene.ts'
import { organization } from '../store/people_rows.ts'

/** A sign-in that waits between its first proof and its end, while the world goes on: it must not bring back what has ended meanwhile. */

const PASSWORD = 'a long enough secret'
const OTHER = 'a wholly different secret'
const MINUTE = 60_000

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency', first_sign_in: 'ask', organizations: 'optional' })
  await scene.method({ id: 'strict', kind: 'password', second_factor: 'required' })
  for (const id of ['ada', 'ben', 'cid', 'dan', 'eva']) await scene.account(id, {}, PASSWORD)
  for (const id of ['north', 'south']) await scene.open.store.organizations.insert(organization(id, { siret: null }))
})
afterAll(() => scene.stop())

const now = () => Date.now() + scene.clock.ahead
const codeOf = (secret: string) => codeOfStep(secret, stepAt(now()))
const secretIn = (page = '') => (/<code class="code"[^>]*>([A-Z2-7 ]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '')

async function enrol(account: string): Promise<string> {
  const { secret, keep } = await scene.signIn.factors.beginEnrolment(account)
  const code = codeOf(secret)
  scene.clock.ahead += 31_000
  const confirmed = await scene.signIn.factors.confirmEnrolment({ keep, code, identity: account, address: '::1' })
  await scene.signIn.factors.storeEnrolment(scene.open.store, account, confirmed?.keep as string)
  return secret
}

/** At the step after the password. */
async function waiting(login: string, method = 'password'): Promise<PlainBrowser> {
  const browser = scene.browser()
  await browser.get(`/sign-in/${method}`)
  await browser.follow(await browser.submit(`/sign-in/${method}`, { login, password: PASSWORD }))
  return browser
}

const isIn = (browser: PlainBrowser) => browser.cookies.has('octroi_session')

describe('T37 a step that waits', () => {
  it('is over once the password is another one: who knew the old one does not get in', async () => {
    const secret = await enrol('ada')
    const thief = await waiting('ada')
    const account = await scene.open.store.accounts.get('ada')
    const { url } = await scene.signIn.links.give('password_reset', account as never, { deliver: 'link' })
    const owner = scene.browser()
    await owner.get(url as string)
    await owner.submit('/sign-in/link/', { password: OTHER, again: OTHER })
    scene.clock.ahead += 31_000
    expect((await thief.submit('/sign-in/step/', { code: codeOf(secret) })).status).toBe(400)
    expect(isIn(thief)).toBe(false)
  })

  it('is over after its time, however often it was answered wrongly', async () => {
    const secret = await enrol('ben')
    const browser = await waiting('ben')
    // Where the step is over there is no form any more.
    const answer = async (code: string) => browser.submit('/sign-in/step/', { code })
    for (let i = 0; i < 20; i++) {
      scene.clock.ahead += 14 * MINUTE
      await answer('000000').catch(() => undefined)
    }
    scene.clock.ahead += 14 * MINUTE
    await answer(codeOf(secret)).catch(() => undefined)
    expect(isIn(browser)).toBe(false)
  })

  it('brings no identity back that was taken away meanwhile', async () => {
    const { identities, organizations } = scene.open.store
    const at = new Date(now()).toISOString()
    await organizations.setMemberships('cid', 'manual', ['north', 'south'], at)
    const identity = { id: 'thief', account: 'cid', issuer: ISSUER, subject: 'thief', method: 'agency', label: '' }
    await identities.insert({ ...identity, created_at: at, last_used_at: null })
    const thief = scene.browser()
    await thief.follow(await scene.byProvider(thief, { subject: 'thief' }))
    await identities.delete('thief')
    await thief.submit('/sign-in/step/', { organization: 'north' })
    expect(await identities.of('cid')).toEqual([])
    expect(isIn(thief)).toBe(false)
  })
})

describe('a second factor that is set up on the way', () => {
  it('is not added beside one that the owner has set up meanwhile', async () => {
    const thief = await waiting('dan', 'strict')
    const secret = secretIn(thief.last?.text)
    await enrol('dan')
    await thief.submit('/sign-in/step/', { code: codeOf(secret) })
    const goOn = async () => thief.submit('/sign-in/step/')
    await goOn().catch(() => undefined)
    expect(await scene.open.store.factors.totps('dan')).toHaveLength(1)
    expect(isIn(thief)).toBe(false)
  })

  it('T29 is there afterwards, where an account is proved to be linked with', async () => {
    const browser = scene.browser()
    const said = { subject: 'eva-elsewhere', claims: { name: 'Eva' } }
    const page = await browser.follow(await scene.byProvider(browser, said, '/sign-in/agency?mfa=1'))
    const way = /href="([^"]*\/sign-in\/password\?flow=[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')
    await browser.get(way as string)
    const asked = await browser.follow(await browser.submit('/sign-in/password', { login: 'eva', password: PASSWORD }))
    await browser.submit('/sign-in/step/', { code: codeOf(secretIn(asked.text)) })
    expect((await browser.submit('/sign-in/step/')).location).toBe('/account')
    const [session] = await scene.sessionsOf('eva')
    expect(session?.amr).toContain('mfa')
    expect(await scene.open.store.factors.totps('eva')).toHaveLength(1)
    expect(await scene.open.store.factors.recoveryCodes('eva')).toBeGreaterThan(5)
  })
})
