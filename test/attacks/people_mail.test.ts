import { afterAll, beforeAll, expect, it } from 'vitest'
import { PlainBrowser } from '../sign_in/browser.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'

/** Mail to people who have nothing to do with us, sent by somebody who has an account. */

const PASSWORD = 'a long enough secret'
const VICTIM = 'victim@elsewhere.example'

let gate: TestGate
let smtp: SmtpServer
beforeAll(async () => {
  smtp = await startSmtp({})
  gate = await startTestGate({
    OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    OCTROI_MAIL_FROM: 'octroi@example.org',
  })
  await gate.api('POST', '/accounts', { id: 'eve', kind: 'person', name: 'Buy cheap watches', password: PASSWORD })
})
afterAll(async () => {
  await gate.stop()
  await smtp.stop()
})

it('an address that nobody has verified gets five mails an hour at most, whatever is done with it', async () => {
  const browser = new PlainBrowser(gate.url)
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login: 'eve', password: PASSWORD })
  for (let i = 0; i < 10; i++) {
    await browser.get('/account/emails')
    await browser.submit('/account/emails', { do: 'add', address: VICTIM })
    await browser.get(`/account/emails?confirm=remove&id=${VICTIM}`)
    await browser.submit('/account/emails', { do: 'remove', id: VICTIM })
  }
  // What is on its way arrives before the gate has stopped.
  await gate.pause()
  const mails = smtp.mails.filter(({ to }) => to.includes(VICTIM))
  await gate.resume()
  expect(mails.length).toBeGreaterThan(0)
  expect(mails.length).toBeLessThanOrEqual(5)
})
