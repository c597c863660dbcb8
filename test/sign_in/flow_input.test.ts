import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PlainBrowser } from './browser.ts'
import { type DeskScene, deskScene } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

let scene: DeskScene
let signedIn: PlainBrowser
let flow: string
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.account('ada', {}, PASSWORD)
  signedIn = scene.browser()
  await signedIn.get('/sign-in')
  flow = signedIn.form('/sign-in/password').hidden.flow as string
  await signedIn.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
})
afterAll(() => scene.stop())

const PATHS = [
  '/sign-in',
  '/sign-in/password',
  '/sign-in/agency',
  '/sign-in/passkey',
  '/sign-in/agency/callback',
  '/sign-in/password/callback',
  `/sign-in/step/${'A'.repeat(43)}`,
  '/sign-in/step/x',
  `/sign-in/link/${'A'.repeat(43)}`,
  '/sign-in/reset',
  '/session/host',
  '/session/sign-out',
  '/session/signed-out',
]
const NAMES = [
  'flow',
  'app',
  'redirect_uri',
  'state',
  'code',
  'code_challenge',
  'code_challenge_method',
  'return_to',
  'binding',
  'mfa',
  'max_age',
  'organization_hint',
  'error',
  'error_description',
  'lang',
  'login',
  'password',
  'response',
  'organization',
  'choice',
  'recovery_code',
  'session_id',
  'post_logout_redirect_uri',
  '__proto__',
  'constructor',
]
const value = () =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '',
      '1',
      '0',
      '-1',
      '9'.repeat(20),
      'null',
      '{}',
      '[]',
      '{"id":1}',
      'A'.repeat(43),
      '\u0000',
      'ada',
    ),
    fc.constantFrom('/account', '//evil.example', 'https://evil.example', '<img src=x onerror=alert(1)>', '%00', '%zz'),
    fc.constantFrom('FLOW'),
  )
const fields = () => fc.dictionary(fc.constantFrom(...NAMES), value(), { maxKeys: 6 })
const sent = (given: Record<string, string>) =>
  Object.fromEntries(Object.entries(given).map(([name, text]) => [name, text === 'FLOW' ? flow : text.toWellFormed()]))

it('whatever is sent is answered by a page or a redirect of ours: never a 500, never a script of theirs', async () => {
  const ask = fc.record({
    path: fc.constantFrom(...PATHS),
    query: fields(),
    form: fc.option(fields(), { nil: undefined }),
    isIn: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(ask, async ({ path, query, form, isIn }) => {
      const browser = isIn ? signedIn : scene.browser()
      if (!isIn) browser.cookies.set('octroi_browser', 'B'.repeat(43))
      const address = `${path}?${new URLSearchParams(sent(query))}`
      const csrf = scene.people.secrets.hash('csrf', browser.cookies.get('octroi_browser') as string, path)
      const answer = await (form === undefined ? browser.get(address) : browser.post(address, { ...sent(form), csrf }))
      expect(answer.status).toBeLessThan(500)
      expect(answer.text).not.toContain('<img')
      expect(answer.location ?? '/').toMatch(/^(?:\/(?!\/)|https:\/\/idp\.example\/)/)
      // The way out was taken: in again, for the next ones.
      if (isIn && !browser.cookies.has('octroi_session')) {
        await browser.get('/sign-in')
        await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
      }
    }),
    { numRuns: 150, endOnFailure: true },
  )
  const failed = scene.logged.filter(({ message }) => message === 'a page failed')
  expect(failed).toEqual([])
}, 120_000)
