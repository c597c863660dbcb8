import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'
import { AccountVisitor, addPeople, PASSWORD } from './account_visitor.ts'

let smtp: SmtpServer
let gate: TestGate

beforeAll(async () => {
  smtp = await startSmtp()
  gate = await startTestGate({
    OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    OCTROI_MAIL_FROM: 'gate@example.org',
    OCTROI_NAME: 'La Mairie',
  })
  // From now on it knows its port, and so do the links in its mails.
  await gate.restart()
  await addPeople(gate, 'ada', 'ben')
})
afterAll(async () => {
  await gate.stop()
  await smtp.stop()
})

const linkIn = (text: string) => /http:\S+(\/account\/verify\?link=[\w-]{43})/.exec(text)?.[1] ?? ''

describe('an address', () => {
  it('is verified by its mail: looked at, changes nothing; clicked where nobody is signed in, after the sign-in', async () => {
    const ada = new AccountVisitor(gate.url)
    await ada.signIn('ada')
    const added = await ada.fill('/account/emails', '/account/emails', { do: 'add', address: 'Ada@example.org' })
    expect(added.location).toBe('/account/emails?done=email_sent')
    const mail = await smtp.next()
    expect(mail).toMatchObject({ from: 'gate@example.org', to: ['Ada@example.org'] })
    const link = linkIn(mail.text)
    const elsewhere = new AccountVisitor(gate.url)
    const asked = await elsewhere.get(link)
    expect(asked).toMatchObject({ status: 302, location: `/sign-in?return_to=${encodeURIComponent(link)}` })
    const back = await elsewhere.fill(asked.location ?? '', '/sign-in/password', { login: 'ada', password: PASSWORD })
    expect(back.location).toBe(link)
    const stranger = new AccountVisitor(gate.url)
    await stranger.signIn('ben')
    expect((await stranger.get(link)).status).toBe(410)
    expect((await elsewhere.get(link)).status).toBe(200)
    expect((await gate.api('GET', '/accounts/ada/emails')).body.items[0].verified_at).toBeNull()
    const done = await elsewhere.fill(link, '/account/verify', {})
    expect(done.location).toBe('/account/emails?done=email_verified')
    const [row] = (await gate.api('GET', '/accounts/ada/emails')).body.items
    expect(row).toMatchObject({ address: 'Ada@example.org', verified_at: expect.any(String) })
    expect(await smtp.next()).toMatchObject({ to: ['Ada@example.org'] })
  })
})

describe('a change', () => {
  it('is told by mail, in the language of the page', async () => {
    const ada = new AccountVisitor(gate.url)
    await ada.signIn('ada')
    const form = { current: PASSWORD, password: 'a staple of another kind', again: 'a staple of another kind' }
    await ada.fill('/account/password?lang=fr', '/account/password', form)
    const { to, headers, text } = await smtp.next()
    expect(to).toEqual(['Ada@example.org'])
    expect(text).toContain('votre mot de passe a été changé')
    expect(text).not.toContain('a staple')
    expect([...headers.keys()]).toContain('subject')
  })
})
