import { afterAll, beforeAll, expect, it } from 'vitest'
import { Passwords } from '../../src/inbound/passwords.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { peopleOf } from '../support/people.ts'
import { PlainBrowser } from './browser.ts'

const PASSWORD = 'a long enough secret'

let gate: TestGate
beforeAll(async () => {
  gate = await startTestGate({ OCTROI_PUBLIC_URL: 'https://example.org/gate', OCTROI_NAME: 'The Association' })
  await gate.api('POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada' })
  const people = await peopleOf(gate)
  await people.open.store.accounts.setPassword('ada', await new Passwords().hash(PASSWORD))
  await people.close()
})
afterAll(() => gate.stop())

it.each(['/gate', ''])(
  'below a path, whether the proxy takes it away or not (%j): every address has it',
  async (sent) => {
    const browser = new PlainBrowser(gate.url)
    const page = await browser.get(`${sent}/sign-in`)
    expect(page.text).toContain('The Association')
    const { action, hidden } = browser.form('/sign-in/password')
    expect(action).toBe('/gate/sign-in/password')
    const typed = { ...hidden, login: 'ada', password: PASSWORD }
    const done = await browser.post(`${sent}/sign-in/password`, typed, { headers: { origin: 'https://example.org' } })
    expect([done.status, done.location]).toEqual([303, '/gate/account'])
    expect(done.headers.getSetCookie().join()).toContain('__Host-octroi_session=')
    expect((await browser.get(`${sent}/account`)).status).toBe(200)
    expect((await browser.get(`${sent}/sign-in`)).location).toBe('/gate/account')
  },
)

it('403 for a form from another origin', async () => {
  const browser = new PlainBrowser(gate.url)
  await browser.get('/gate/sign-in')
  const { hidden } = browser.form('/sign-in/password')
  const typed = { ...hidden, login: 'ada', password: PASSWORD }
  const answer = await browser.post('/gate/sign-in/password', typed, { headers: { origin: gate.url } })
  expect(answer.status).toBe(403)
})
