import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { flowTo } from '../../src/sign_in/flow.ts'
import type { PlainBrowser } from './browser.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'
const MINUTE = 60_000

let scene: DeskScene
let secret = ''
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.method({ id: 'strict', second_factor: 'required' })
  await scene.account('ada', {}, PASSWORD)
  await scene.account('plain', {}, PASSWORD)
  const enrolled = await scene.signIn.factors.beginEnrolment('ada')
  secret = enrolled.secret
  const code = codeOf(secret, -1)
  const confirmed = await scene.signIn.factors.confirmEnrolment({ ...enrolled, code, identity: 'ada', address: '::1' })
  await scene.signIn.factors.storeEnrolment(scene.open.store, 'ada', confirmed?.keep as string)
})
afterAll(() => scene.stop())

/** A code that was not used yet: each use takes the clock on. */
function codeOf(key: string, later = 0): string {
  return codeOfStep(key, stepAt(Date.now() + scene.clock.ahead) + later)
}

/** As a person would type it: in groups of four. */
function secretIn(page = ''): string {
  return (/<code class="code"[^>]*>([A-Z2-7 ]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '')
}

function freshCode(): string {
  scene.clock.ahead += 31_000
  return codeOf(secret)
}

async function password(login: string, browser: PlainBrowser = scene.browser(), start = '/sign-in') {
  await browser.get(start)
  const step = await browser.submit('/sign-in/password', { login, password: PASSWORD })
  return { browser, step }
}

describe('a second factor', () => {
  it('T34 no session before it, another one with it; the session says which factors', async () => {
    const { browser, step } = await password('ada')
    expect([step.status, step.location]).toEqual([303, expect.stringMatching(/^\/sign-in\/step\/[\w-]{43}$/)])
    expect(browser.cookies.has('octroi_session')).toBe(false)
    await browser.follow(step)
    const done = await browser.submit('/sign-in/step/', { code: freshCode() })
    expect(done.location).toBe('/account')
    const [session] = await scene.sessionsOf('ada')
    expect([...(session?.amr ?? [])].sort()).toEqual(['mfa', 'otp', 'pwd'])
  })

  it('422 for a wrong code; the right one goes on; the trail has the account of the wrong one', async () => {
    const { browser, step } = await password('ada')
    await browser.follow(step)
    expect((await browser.submit('/sign-in/step/', { code: '000000' })).status).toBe(422)
    expect(scene.lines.at(-1)).toMatchObject({ account: 'ada', code: 'wrong_factor', status: 422 })
    expect((await browser.submit('/sign-in/step/', { code: freshCode() })).location).toBe('/account')
  })

  it('T42 a code that was used is not taken again', async () => {
    const code = freshCode()
    const first = await password('ada')
    await first.browser.follow(first.step)
    expect((await first.browser.submit('/sign-in/step/', { code })).location).toBe('/account')
    const second = await password('ada')
    await second.browser.follow(second.step)
    expect((await second.browser.submit('/sign-in/step/', { code })).status).toBe(422)
  })

  it('429 when codes are guessed; the step waits', async () => {
    scene.clock.ahead += 60 * MINUTE
    const { browser, step } = await password('ada')
    await browser.follow(step)
    const statuses: number[] = []
    for (let i = 0; i < 12 && statuses.at(-1) !== 429; i++)
      statuses.push((await browser.submit('/sign-in/step/', { code: '000000' })).status)
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.slice(0, -1).every((status) => status === 422)).toBe(true)
    scene.clock.ahead += 14 * MINUTE
  })

  it('T36 422 with nothing, or with two things at once', async () => {
    scene.clock.ahead += 60 * MINUTE
    const { browser, step } = await password('ada')
    await browser.follow(step)
    expect((await browser.submit('/sign-in/step/')).status).toBe(422)
    const both = { code: freshCode(), recovery_code: 'aaaa-bbbb' }
    expect((await browser.submit('/sign-in/step/', both)).status).toBe(422)
    expect(browser.cookies.has('octroi_session')).toBe(false)
  })

  it('required, and none there: set up with the account, which is made only then; codes are shown once', async () => {
    const browser = scene.browser()
    const said = { subject: 'new-strict', claims: { name: 'New Strict' } }
    const page = await browser.follow(await scene.byProvider(browser, said, '/sign-in/strict'))
    const key = secretIn(page.text)
    expect((await browser.submit('/sign-in/step/', { code: '000000' })).status).toBe(422)
    const codes = await browser.submit('/sign-in/step/', { code: codeOf(key) })
    expect(codes.status).toBe(200)
    expect(await scene.open.store.accounts.get('new-strict')).toBeUndefined()
    const { action } = browser.form('/sign-in/step/')
    expect((await browser.get(action)).status).toBe(400)
    browser.last = codes
    expect((await browser.submit('/sign-in/step/')).location).toBe('/account')
    expect(await scene.open.store.factors.recoveryCodes('new-strict')).toBeGreaterThan(5)
    expect(await scene.open.store.factors.totps('new-strict')).toHaveLength(1)
    const [session] = await scene.sessionsOf('new-strict')
    expect(session?.amr).toContain('mfa')
  })

  it('the provider’s own two factors are enough', async () => {
    const said = { subject: 'strong', amr: ['fed', 'mfa'] as const, claims: { name: 'Strong' } }
    expect((await scene.byProvider(scene.browser(), said, '/sign-in/strict')).location).toBe('/account')
  })
})

describe('T36 steps', () => {
  it('twice: the second time is too late, and signs nobody in', async () => {
    const { browser, step } = await password('ada')
    await browser.follow(step)
    const { action, hidden } = browser.form('/sign-in/step/')
    expect((await browser.post(action, { ...hidden, code: freshCode() })).status).toBe(303)
    const token = browser.cookies.get('octroi_session')
    expect((await browser.post(action, { ...hidden, code: freshCode() })).status).toBe(400)
    expect(browser.cookies.get('octroi_session')).toBe(token)
  })

  it('twice at once: one of the two', async () => {
    const { browser, step } = await password('ada')
    await browser.follow(step)
    const { action, hidden } = browser.form('/sign-in/step/')
    const code = freshCode()
    const both = await Promise.all([0, 1].map(() => browser.post(action, { ...hidden, code })))
    expect(both.map(({ status }) => status).sort()).toEqual([303, 400])
  })

  it('in another browser: nothing, and the right one goes on', async () => {
    const { browser, step } = await password('ada')
    const thief = scene.browser()
    await thief.get('/sign-in')
    expect((await thief.get(step.location as string)).status).toBe(400)
    await browser.follow(step)
    expect((await browser.submit('/sign-in/step/', { code: freshCode() })).location).toBe('/account')
  })

  it('after a quarter of an hour: too late', async () => {
    const { browser, step } = await password('ada')
    await browser.follow(step)
    scene.clock.ahead += 16 * MINUTE
    expect((await browser.submit('/sign-in/step/', { code: freshCode() })).status).toBe(400)
  })

  it('of an account that was disabled meanwhile: 403', async () => {
    await scene.account('fired', {}, PASSWORD)
    const flow = scene.signIn.flows.seal({ ...flowTo('/account'), mfa: true })
    const { browser, step } = await password('fired', scene.browser(), `/sign-in?flow=${flow}`)
    await browser.follow(step)
    const account = await scene.open.store.accounts.get('fired')
    const disabled_at = new Date().toISOString()
    await scene.open.store.accounts.update({ ...(account as NonNullable<typeof account>), disabled_at })
    const key = secretIn(browser.last?.text)
    expect((await browser.submit('/sign-in/step/', { code: codeOf(key) })).status).toBe(403)
    expect(await scene.sessionsOf('fired')).toEqual([])
  })
})

describe('signed in already', () => {
  it('led on at once where the session is enough', async () => {
    const { browser } = await password('plain')
    const answer = await browser.get('/sign-in?return_to=/account/sessions')
    expect([answer.status, answer.location]).toEqual([302, '/account/sessions'])
  })

  it('T34 asked again where the proof is too old: another session, and the one before is over', async () => {
    const { browser } = await password('plain')
    const before = browser.cookies.get('octroi_session')
    scene.clock.ahead += 11 * MINUTE
    const page = await browser.get('/sign-in?max_age=600')
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/readonly[^>]*value="plain"|value="plain"[^>]*readonly/)
    const done = await browser.submit('/sign-in/password', { login: 'plain', password: PASSWORD })
    expect(done.location).toBe('/account')
    expect(browser.cookies.get('octroi_session')).not.toBe(before)
    const old = scene.browser()
    old.cookies.set('octroi_session', before as string)
    expect((await old.get('/sign-in')).status).toBe(200)
    expect((await browser.get('/sign-in?max_age=600')).location).toBe('/account')
  })

  it('T34 asked for the second factor alone where that is all that is missing; the session before is over', async () => {
    await scene.byProvider(scene.browser(), { subject: 'raised', claims: { name: 'Raised' } })
    const browser = scene.browser()
    await scene.byProvider(browser, { subject: 'raised', idToken: 'the token' })
    const before = browser.cookies.get('octroi_session')
    const enrolled = await scene.signIn.factors.beginEnrolment('raised')
    const asked = { ...enrolled, code: codeOf(enrolled.secret, -1), identity: 'raised', address: '::1' }
    const confirmed = await scene.signIn.factors.confirmEnrolment(asked)
    await scene.signIn.factors.storeEnrolment(scene.open.store, 'raised', confirmed?.keep as string)
    const step = await browser.get('/sign-in?mfa=1')
    expect(step.location).toMatch(/^\/sign-in\/step\//)
    await browser.follow(step)
    scene.clock.ahead += 31_000
    expect((await browser.submit('/sign-in/step/', { code: codeOf(enrolled.secret) })).location).toBe('/account')
    expect(browser.cookies.get('octroi_session')).not.toBe(before)
    const sessions = await scene.sessionsOf('raised')
    expect(sessions).toHaveLength(2)
    const raised = sessions.find(({ amr }) => amr.includes('mfa'))
    expect(raised?.amr).toEqual(expect.arrayContaining(['fed', 'otp', 'mfa']))
    expect(scene.people.sessions.idTokenOf(raised as NonNullable<typeof raised>)).toBe('the token')
  })

  it('T36 a step that raises a session is nothing without it: after the way out, it is too late', async () => {
    const { browser, step } = await password('ada')
    await browser.follow(step)
    await browser.submit('/sign-in/step/', { code: freshCode() })
    const [session] = await scene.sessionsOf('ada')
    await scene.open.store.sessions.insert({ ...session, id: 'weak', amr: ['pwd'] } as never, 'a hash')
    const weak = {
      session: { ...session, id: 'weak', amr: ['pwd'] } as never,
      requestId: '1',
      began: 0,
      address: '::1',
    }
    const visit = { ...weak, browser: 'b', userAgent: undefined, language: 'en' as const, begun: new Map() }
    const { stage } = await scene.signIn.desk.start({ mfa: '1' }, visit)
    const ticket = (stage as { target: string }).target.split('/').at(-1) as string
    const answered = await scene.signIn.desk.answer(ticket, { code: freshCode() }, { ...visit, session: undefined })
    expect(answered.stage).toMatchObject({ kind: 'refused', reason: 'stale' })
    expect(answered.session).toBeUndefined()
  })

  it('a provider that lets nobody prove himself anew: 403', async () => {
    const authTime = new Date(Date.now() + scene.clock.ahead - 60 * MINUTE).toISOString()
    const said = { subject: 'stale', authTime, claims: { name: 'Stale' } }
    const answer = await scene.byProvider(scene.browser(), said, '/sign-in/agency?max_age=600')
    expect(answer.status).toBe(403)
    expect(scene.provider.asked.at(-1)?.fresh).toBe(true)
    expect(await scene.open.store.identities.find(ISSUER, 'stale')).toBeUndefined()
  })
})
