import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PlainBrowser } from './browser.ts'

let gate: TestGate
beforeAll(async () => {
  gate = await startTestGate({ OCTROI_NAME: 'Les Amis' })
})
afterAll(() => gate.stop())
afterEach(() => void vi.useRealTimers())

const FIRST = 'correct horse battery'
const NEXT = 'another long sentence'
let made = 0

async function person(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const id = `person-${++made}`
  const answer = await gate.api('POST', '/accounts', { id, kind: 'person', name: `Person ${made}`, ...fields })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return id
}

async function linkOf(id: string, what: 'invite' | 'reset-password', body: object = {}): Promise<string> {
  const answer = await gate.api('POST', `/accounts/${id}/${what}`, body)
  expect(answer.body).toMatchObject({ sent: false, url: expect.stringMatching(/\/sign-in\/link\/[\w-]{43}$/) })
  return new URL(answer.body.url).pathname
}

async function signIn(login: string, password: string): Promise<PlainBrowser | undefined> {
  const browser = new PlainBrowser(gate.url)
  await browser.get('/sign-in')
  const answer = await browser.submit('/sign-in/password', { login, password })
  return answer.status === 303 ? browser : undefined
}

/** Opens a link and sends its form. */
async function choose(link: string, password: string, again = password) {
  const browser = new PlainBrowser(gate.url)
  const page = await browser.get(link)
  if (page.status !== 200) return { browser, answer: page }
  return { browser, answer: await browser.submit(link, { password, again }) }
}

const at = (iso: string) => vi.useFakeTimers({ toFake: ['Date'], now: new Date(iso) })
const isSignedIn = async (browser: PlainBrowser | undefined) => (await browser?.get('/account'))?.status === 200

describe('an invitation', () => {
  it('200 with a form; 303 signed in with the password that was chosen', async () => {
    const id = await person()
    const { browser, answer } = await choose(await linkOf(id, 'invite'), FIRST)
    expect([answer.status, answer.location]).toEqual([303, '/account'])
    expect(await isSignedIn(browser)).toBe(true)
    expect(await isSignedIn(await signIn(id, FIRST))).toBe(true)
  })
  it('tells its address to nobody: no referrer, nothing kept, no other site on the page', async () => {
    const { headers } = await new PlainBrowser(gate.url).get(await linkOf(await person(), 'invite'))
    expect(headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
    expect(headers.get('cache-control')).toContain('no-store')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })
  it('is not spent by looking at it, nor by what is refused; once by a password', async () => {
    const link = await linkOf(await person(), 'invite')
    for (let i = 0; i < 3; i++) expect((await new PlainBrowser(gate.url).get(link)).status).toBe(200)
    expect((await choose(link, 'password1')).answer.status).toBe(422)
    expect((await choose(link, FIRST, NEXT)).answer.status).toBe(422)
    expect((await choose(link, FIRST)).answer.status).toBe(303)
    const { answer } = await choose(link, NEXT)
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('This link no longer works')])
  })
  it('of two who use it at once one gets in', async () => {
    const link = await linkOf(await person(), 'invite')
    const both = await Promise.all([choose(link, FIRST), choose(link, NEXT)])
    expect(both.map(({ answer }) => answer.status).sort()).toEqual([303, 400])
  })
  it('a newer one ends the older one', async () => {
    const id = await person()
    const [old, young] = [await linkOf(id, 'invite'), await linkOf(id, 'invite')]
    expect((await choose(old, FIRST)).answer.status).toBe(400)
    expect((await choose(young, FIRST)).answer.status).toBe(303)
  })
  it('400 after 7 days', async () => {
    at('2026-11-22T10:00:00Z')
    const link = await linkOf(await person(), 'invite')
    at('2026-11-29T09:59:00Z')
    expect((await new PlainBrowser(gate.url).get(link)).status).toBe(200)
    at('2026-11-29T10:00:01Z')
    expect((await new PlainBrowser(gate.url).get(link)).status).toBe(400)
  })
  it('400 for an account that was disabled, deleted, or deleted and made anew', async () => {
    const [disabled, gone] = [await person(), await person()]
    const links = [await linkOf(disabled, 'invite'), await linkOf(gone, 'invite')] as const
    await gate.api('POST', `/accounts/${disabled}/disable`)
    await gate.api('POST', `/accounts/${disabled}/enable`)
    await gate.api('DELETE', `/accounts/${gone}`)
    await gate.api('POST', '/accounts', { id: gone, kind: 'person', name: 'Somebody else' })
    for (const link of links) expect((await choose(link, FIRST)).answer.status).toBe(400)
  })
  it('T38 403 without the token of the page that was shown to this browser', async () => {
    const link = await linkOf(await person(), 'invite')
    const browser = new PlainBrowser(gate.url)
    await browser.get(link)
    expect((await browser.post(link, { password: FIRST, again: FIRST })).status).toBe(403)
    expect((await choose(link, FIRST)).answer.status).toBe(303)
  })
  it.each(['x', 'a'.repeat(43), 'a'.repeat(44)])('400 or 404 for what is no link: %s', async (text) => {
    const { status } = await new PlainBrowser(gate.url).get(`/sign-in/link/${text}`)
    expect([400, 404]).toContain(status)
  })
  it('403 for other methods than a password: none can be chosen by it', async () => {
    const id = await person()
    const link = await linkOf(id, 'invite', { methods: ['passkey'] })
    const browser = new PlainBrowser(gate.url)
    expect((await browser.get(link)).text).not.toContain('name="again"')
    expect((await browser.post(link, { password: FIRST, again: FIRST })).status).toBe(403)
    expect(await signIn(id, FIRST)).toBeUndefined()
  })
  it('403 when passwords were switched off since; the link is good until there is another way', async () => {
    const link = await linkOf(await person(), 'invite')
    const browser = new PlainBrowser(gate.url)
    await browser.get(link)
    await gate.api('PATCH', '/sign-in-methods/password', { enabled: false })
    expect((await browser.submit(link, { password: FIRST, again: FIRST })).status).toBe(403)
    await gate.api('PATCH', '/sign-in-methods/password', { enabled: true })
    expect((await choose(link, FIRST)).answer.status).toBe(303)
  })
})

describe('a reset by an administrator', () => {
  it('303 with the new password; the old one, every session and every other link end', async () => {
    const id = await person({ password: FIRST })
    const session = await signIn(id, FIRST)
    const invitation = await linkOf(id, 'invite')
    const link = await linkOf(id, 'reset-password')
    expect(await isSignedIn(session)).toBe(true)
    const { browser, answer } = await choose(link, NEXT)
    expect(answer.status).toBe(303)
    expect([await isSignedIn(browser), await isSignedIn(session)]).toEqual([true, false])
    expect([await signIn(id, FIRST), await isSignedIn(await signIn(id, NEXT))]).toEqual([undefined, true])
    expect((await choose(invitation, FIRST)).answer.status).toBe(400)
  })
  it('400 after an hour, and as soon as the password was changed otherwise', async () => {
    at('2026-11-22T10:00:00Z')
    const [late, changed] = [await person({ password: FIRST }), await person({ password: FIRST })]
    const links = [await linkOf(late, 'reset-password'), await linkOf(changed, 'reset-password')] as const
    await gate.api('POST', `/accounts/${changed}/password`, { password: NEXT })
    expect((await choose(links[1], FIRST)).answer.status).toBe(400)
    at('2026-11-22T11:00:01Z')
    expect((await choose(links[0], NEXT)).answer.status).toBe(400)
  })
  it.each([
    ['too short', 'short 7'],
    ['common', 'iloveyou'],
    ['the name', 'Person of the test'],
    ['the address', 'ada.of.links@example.org'],
  ])('422 for a password that is %s', async (_, password) => {
    const id = await person({ name: 'Person of the test', email: 'ada.of.links@example.org' })
    const { answer } = await choose(await linkOf(id, 'reset-password'), password)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('too easy to guess')
    expect(answer.text).not.toContain(`value="${password}"`)
    await gate.api('DELETE', `/accounts/${id}`)
  })
  it('tells by events that the password changed, and never what by', async () => {
    const id = await person({ password: FIRST })
    const link = await linkOf(id, 'reset-password')
    await choose(link, NEXT)
    const { items } = (await gate.api('GET', `/events?limit=200`)).body
    const own = items.filter(({ subject }: { subject: string }) => subject === `account:${id}`)
    expect(own.map(({ type }: { type: string }) => type)).toContain('account.password_changed')
    expect(JSON.stringify(items)).not.toContain(link.split('/').at(-1))
  })
})

describe('without mail', () => {
  it('the page says that an administrator has to help, and the sign-in page does not lead there', async () => {
    const browser = new PlainBrowser(gate.url)
    expect((await browser.get('/sign-in')).text).not.toContain('/sign-in/reset')
    const page = await browser.get('/sign-in/reset')
    expect([page.status, page.text.includes('administrator'), page.text.includes('name="login"')]).toEqual([
      200,
      true,
      false,
    ])
  })
  it('409 when mail is asked for', async () => {
    const id = await person({ email: 'somebody@example.org' })
    for (const what of ['invite', 'reset-password']) {
      const { body } = await gate.api('POST', `/accounts/${id}/${what}`, { deliver: 'mail' })
      expect(body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('OCTROI_SMTP_URL') })
    }
  })
})
