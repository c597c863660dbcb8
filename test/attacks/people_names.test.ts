import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeskScene, deskScene } from '../sign_in/desk_scene.ts'
import { client, organization } from '../store/people_rows.ts'

/** Names that come from outside, on the pages of sign-in: text, whatever stands in them. */

const PASSWORD = 'a long enough secret'
const NAME = `<img src=x onerror="alert(1)">'"><script>alert(2)</script>`
const LINES = 'Ada\r\nBcc: everybody@example.org\u2028<b>'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency', name: NAME, first_sign_in: 'ask', organizations: 'optional' })
  await scene.account('ada', { name: NAME }, PASSWORD)
  for (const id of ['north', 'south']) {
    await scene.open.store.organizations.insert(organization(id, { label: `${NAME} ${id}`, siret: null }))
  }
  await scene.open.store.organizations.setMemberships('ada', 'manual', ['north', 'south'], '2026-11-22T00:00:00.000Z')
  const method = await scene.open.store.signInMethods.get('password')
  if (method === undefined) throw new Error('There is no password method.')
  const organizations = 'optional' as const
  await scene.open.store.signInMethods.update({ ...method, method: { ...method.method, organizations } })
  const app = client('app', { name: NAME, redirect_uris: ['https://app.example.org/back'], methods: [], mfa: false })
  const allow = { accounts: [], groups: [], organizations: [], authenticated: true }
  await scene.open.store.clients.insert({ ...app, allow, roles: [], disabled_at: null }, 'hash')
})
afterAll(() => scene.stop())

const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }
const APP = `/sign-in?${new URLSearchParams({ app: 'app', state: 's', ...challenge })}`

describe('T39 a name is text', () => {
  const pages: [string, () => Promise<{ readonly text: string; readonly headers: Headers }>][] = [
    ['of a method and of an application, where one signs in', () => scene.browser().get(APP)],
    [
      'as it was typed',
      async () => {
        const browser = scene.browser()
        await browser.get('/sign-in')
        return browser.submit('/sign-in/password', { login: NAME, password: PASSWORD })
      },
    ],
    [
      'of somebody at his provider',
      async () => {
        const browser = scene.browser()
        const said = { subject: 'new', claims: { name: NAME, email: `"><script>@example.org` } }
        return browser.follow(await scene.byProvider(browser, said))
      },
    ],
    [
      'of organizations',
      async () => {
        const browser = scene.browser()
        await browser.get('/sign-in')
        return browser.follow(await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD }))
      },
    ],
    [
      'of an account, where it chooses a password',
      async () => {
        const account = await scene.open.store.accounts.get('ada')
        const { url } = await scene.signIn.links.give('invitation', account as never, { deliver: 'link' })
        return scene.browser().get(url as string)
      },
    ],
  ]
  it.each(pages)('%s', async (_, open) => {
    const { text, headers } = await open()
    expect(text).toContain('&lt;')
    expect(text).not.toMatch(/<img src=x|<script>alert|onerror="alert/)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
  })
})

it('a name of several lines is one line in the store, and in every mail', async () => {
  const browser = scene.browser()
  const page = await browser.follow(await scene.byProvider(browser, { subject: 'lines', claims: { name: LINES } }))
  expect(page.status).toBe(200)
  await browser.submit('/sign-in/step/', { choice: 'create' })
  const identity = await scene.open.store.identities.find('https://issuer.example', 'lines')
  const account = await scene.open.store.accounts.get(identity?.account ?? '')
  expect(account?.name).toMatch(/^Ada/)
  expect(account?.name).not.toMatch(/[\r\n]/)
  const before = scene.mails.length
  const given = { ...(account as NonNullable<typeof account>), name: LINES, email: 'ada@example.org' }
  await scene.signIn.links.give('invitation', given, { deliver: 'mail' })
  const { subject = '', text = '' } = scene.mails[before] ?? {}
  expect(subject).not.toMatch(/[\r\n]/)
  expect(text).not.toMatch(/^Bcc:/m)
})
