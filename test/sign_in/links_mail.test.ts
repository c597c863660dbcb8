import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type GatePeople, peopleOf } from '../support/people.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'
import { PlainBrowser } from './browser.ts'

let smtp: SmtpServer
let gate: TestGate
let people: GatePeople
beforeAll(async () => {
  smtp = await startSmtp({ refuse: (to) => (to.startsWith('refused') ? `550 <${to}> unknown` : undefined) })
  const settings = { OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, OCTROI_MAIL_FROM: 'Octroi <octroi@example.org>' }
  gate = await startTestGate({ ...settings, OCTROI_NAME: 'Les Amis', OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  people = await peopleOf(gate)
})
afterAll(async () => {
  await people.close()
  await gate.stop()
  await smtp.stop()
})

const FIRST = 'correct horse battery'
const NEXT = 'another long sentence'

async function person(id: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const body = { id, kind: 'person', name: `Person ${id}`, email: `${id}@example.org`, ...fields }
  const answer = await gate.api('POST', '/accounts', body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return id
}

const linkIn = (text: string) => /\/sign-in\/link\/[\w-]{43}/.exec(text)?.[0] ?? ''
let from = 0
/** From an address of its own unless given, so that nobody uses up what another may ask. */
const headers = (address = `198.51.${++from >> 8}.${from & 255}`) => ({
  'x-forwarded-for': address,
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'gate.test',
  'sec-fetch-site': 'same-origin',
})

async function ask(login: string, { address, language = 'en' }: { address?: string; language?: string } = {}) {
  const browser = new PlainBrowser(gate.url)
  const options = { headers: headers(address) }
  await browser.get(`/sign-in/reset?lang=${language}`, options)
  return browser.submit('/sign-in/reset', { login }, options)
}

async function choose(link: string, password: string) {
  const browser = new PlainBrowser(gate.url)
  await browser.get(link)
  return { browser, answer: await browser.submit(link, { password, again: password }) }
}

describe('an invitation by mail', () => {
  it('200 sent, without the link; in both languages, for the link in it says nothing of either', async () => {
    await person('ada')
    const answer = await gate.api('POST', '/accounts/ada/invite')
    expect(answer.body).toEqual({ sent: true, url: null, expires_at: expect.any(String) })
    const mail = await smtp.next()
    expect(mail.to).toEqual(['ada@example.org'])
    expect(mail.headers.get('subject')).toBe('Les Amis: your account / Les Amis\u00a0: votre compte')
    expect(mail.text).toMatch(/Hello Person ada,[\s\S]+Bonjour Person ada,/)
    expect((await choose(linkIn(mail.text), FIRST)).answer.status).toBe(303)
  })
  it('whoever accepts it has shown that he reads the address', async () => {
    const id = await person('reader', { email: 'Reader@Example.org' })
    await gate.api('POST', `/accounts/${id}/invite`, { language: 'fr' })
    const mail = await smtp.next()
    expect(mail.text).not.toContain('Hello')
    expect(await people.open.store.emails.findVerified('reader@example.org')).toBeUndefined()
    await choose(linkIn(mail.text), FIRST)
    expect((await people.open.store.emails.findVerified('reader@example.org'))?.id).toBe(id)
  })
  it('200 with the link where it is asked for, which shows nothing of the address', async () => {
    const id = await person('handed')
    const { body } = await gate.api('POST', `/accounts/${id}/invite`, { deliver: 'link' })
    expect(body).toMatchObject({ sent: false, url: expect.stringContaining('/sign-in/link/') })
    await choose(linkIn(body.url), FIRST)
    expect(await people.open.store.emails.findVerified('handed@example.org')).toBeUndefined()
  })
  it('400 when the address that it went to is the person’s no more', async () => {
    const id = await person('moved', { password: FIRST })
    for (const what of ['invite', 'reset-password']) {
      await gate.api('PATCH', `/accounts/${id}`, { email: 'moved@example.org' })
      await gate.api('POST', `/accounts/${id}/${what}`)
      const link = linkIn((await smtp.next()).text)
      expect((await new PlainBrowser(gate.url).get(link)).status).toBe(200)
      await gate.api('PATCH', `/accounts/${id}`, { email: 'elsewhere@example.org' })
      expect((await new PlainBrowser(gate.url).get(link)).status).toBe(400)
    }
  })
  it('200 with the link for an account without an address; 409 when mail is asked for', async () => {
    const id = await person('bare', { email: null })
    expect((await gate.api('POST', `/accounts/${id}/invite`)).body).toMatchObject({ sent: false })
    const { body } = await gate.api('POST', `/accounts/${id}/invite`, { deliver: 'mail' })
    expect(body).toMatchObject({ status: 409, detail: expect.stringContaining('no address') })
  })
  it('502 when the server does not take it, without the address', async () => {
    const id = await person('refused')
    const { body } = await gate.api('POST', `/accounts/${id}/invite`)
    expect(body).toMatchObject({ status: 502, code: 'upstream_unreachable' })
    expect(JSON.stringify(body)).not.toContain('refused@')
  })
  it('a name cannot write the mail', async () => {
    const id = await person('forger', { name: 'Ada https://evil.test and more' })
    await gate.api('POST', `/accounts/${id}/invite`, { language: 'en' })
    expect((await smtp.next()).text.split('\n')[0]).toBe('Hello Ada https://evil.test and more,')
  })
})

describe('a forgotten password', () => {
  it('T40 the same answer for whom it knows and whom it does not; mail for the first alone', async () => {
    await person('known', { password: FIRST })
    await person('no-password')
    await person('disabled', { password: FIRST })
    await gate.api('POST', '/accounts/disabled/disable')
    await gate.api('POST', '/accounts', { id: 'till', kind: 'service', name: 'Till', email: 'till@example.org' })
    const before = smtp.mails.length
    const logins = ['nobody', 'x@example.org', 'no-password', 'disabled', 'till', 'known@example.org@x', 'known']
    const pages = []
    for (const login of logins) pages.push(await ask(login))
    expect(new Set(pages.map(({ status, text }) => `${status} ${plain(text)}`)).size).toBe(1)
    expect(pages[0]?.text).toContain('Look at your mail')
    const mail = await smtp.next()
    expect([smtp.mails.length - before, mail.to]).toEqual([1, ['known@example.org']])
    expect((await choose(linkIn(mail.text), NEXT)).answer.status).toBe(303)
    // The person hears of it.
    expect((await smtp.next()).headers.get('subject')).toBe('Les Amis: your password was changed')
  })
  it('in the language of the page', async () => {
    await person('francophone', { password: FIRST })
    const page = await ask('Francophone@example.org', { language: 'fr' })
    expect(page.text).toContain('Consultez votre messagerie')
    const mail = await smtp.next()
    expect(mail.headers.get('subject')).toContain('choisissez un nouveau mot de passe')
    expect(mail.text).not.toContain('Hello')
  })
  it('nothing goes to an address that somebody named and nobody has verified', async () => {
    const id = await person('doubtful', { password: FIRST, email: 'stranger@example.org' })
    const row = { account: id, address: 'stranger@example.org', canonical: 'stranger@example.org' }
    await people.open.store.emails.put({ ...row, verified_at: null, created_at: new Date().toISOString() })
    await person('marker', { password: FIRST })
    for (const login of [id, 'stranger@example.org', 'marker']) await ask(login)
    expect((await smtp.next()).to).toEqual(['marker@example.org'])
  })
  it('T30 mail goes to the address as it is kept, not as it was typed', async () => {
    await person('kept', { password: FIRST, email: 'kept@example.org' })
    await ask('ｋépt@example.org')
    expect((await smtp.next()).to).toEqual(['kept@example.org'])
  })
  it('ASVS 6.4.3 does not go past the second factor', async () => {
    const id = await person('careful', { password: FIRST })
    const at = new Date().toISOString()
    const factor = { id: 'factor-1', account: id, name: 'App', sealed: 'sealed', confirmed_at: null, last_step: 0 }
    await people.open.store.factors.insertTotp({ ...factor, created_at: at })
    await people.open.store.factors.confirmTotp('factor-1', 1, at)
    await ask(id)
    const { browser, answer } = await choose(linkIn((await smtp.next()).text), NEXT)
    await smtp.next()
    expect(answer.location ?? '').not.toBe('/account')
    expect(`${answer.location} ${answer.text}`).toContain('/sign-in/step/')
    expect(browser.cookies.get('octroi_session')).toBeUndefined()
  })
  it('422 for nothing; 429 at the fourth of an hour for one login from one place, known or not', async () => {
    expect((await ask('  ')).status).toBe(422)
    for (const login of ['nobody-else', 'marker']) {
      const address = `203.0.113.${login.length}`
      for (let i = 0; i < 3; i++) expect((await ask(login, { address })).status).toBe(200)
      const refused = await ask(` ${login.toUpperCase()}`, { address })
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    }
    for (let i = 0; i < 3; i++) expect((await smtp.next()).to).toEqual(['marker@example.org'])
  })
  it('one account gets five mails an hour, whoever asks; nobody is told', async () => {
    await person('flooded', { password: FIRST })
    await person('after', { password: FIRST })
    for (let i = 0; i < 8; i++) expect((await ask('flooded')).status).toBe(200)
    await ask('after')
    const to = []
    for (let i = 0; i < 6; i++) to.push((await smtp.next()).to[0])
    // Each leaves when it likes.
    expect(to.sort()).toEqual(['after@example.org', ...new Array(5).fill('flooded@example.org')])
  })
})

/** Without what is another for each browser. */
function plain(text: string): string {
  return text.replace(/[\w-]{43}/g, '')
}
