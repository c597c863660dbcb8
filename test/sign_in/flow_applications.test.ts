import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/core/people_types.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'
const BACK = 'https://app.example.org/back'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.account('ada', {}, PASSWORD)
  await application('open', {})
  await application('closed', { allow: { accounts: [], groups: [], organizations: [], authenticated: false } })
  await application('agency-only', { methods: ['agency'] })
  await application('strong', { mfa: true })
})
afterAll(() => scene.stop())

function application(id: string, fields: Partial<Client>): Promise<void> {
  const at = '2026-11-22T00:00:00.000Z'
  const client: Client = {
    id,
    name: `The ${id} application`,
    description: '',
    redirect_uris: [BACK],
    post_logout_redirect_uris: [],
    allow: { accounts: [], groups: [], organizations: [], authenticated: true },
    methods: [],
    mfa: false,
    roles: [],
    default_role: 'USER',
    token: { enabled: false, grants: [], ttl_s: 3_600 },
    token_in_query: false,
    openid: null,
    disabled_at: null,
    created_at: at,
    updated_at: at,
    ...fields,
  }
  return scene.open.store.clients.insert(client, `hash of ${id}`)
}

const asks = (app: string, method = '') =>
  `/sign-in${method}?${new URLSearchParams({ app, state: 's', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' })}`

async function signedIn() {
  const browser = scene.browser()
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
  return browser
}

describe('on the way to an application', () => {
  it('its name is on the page; who signs in is led to its own address and no other', async () => {
    const browser = scene.browser()
    const page = await browser.get(asks('open'))
    expect(page.text).toContain('The open application')
    const done = await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
    expect(done.location).toMatch(/^https:\/\/app\.example\.org\/back\?code=/)
  })

  it('403 for whoever may not use it: no account is made for it', async () => {
    const said = { subject: 'stranger', claims: { name: 'Stranger' } }
    const answer = await scene.byProvider(scene.browser(), said, asks('closed', '/agency'))
    expect(answer.status).toBe(403)
    expect(await scene.open.store.identities.find(ISSUER, 'stranger')).toBeUndefined()
    expect(await scene.open.store.accounts.get('stranger')).toBeUndefined()
    expect(scene.lines.at(-1)).toMatchObject({ code: 'not_allowed', status: 403 })
  })

  it('403 for whoever is signed in already and may not: no code', async () => {
    const browser = await signedIn()
    const answer = await browser.get(asks('closed'))
    expect([answer.status, answer.location]).toEqual([403, undefined])
  })

  it('only by its methods: no other button, no other form, no other way', async () => {
    const page = await scene.browser().get(asks('agency-only'))
    expect(page.text).toContain('/sign-in/agency?flow=')
    expect(page.text).not.toContain('name="password"')
    expect((await scene.browser().get(asks('agency-only', '/password'))).status).toBe(403)
    const browser = scene.browser()
    await browser.get('/sign-in')
    const { action, hidden } = browser.form('/sign-in/password')
    const flow = /\?flow=([\w.-]+)/.exec(page.text)?.[1] as string
    const typed = { ...hidden, flow, login: 'ada', password: PASSWORD }
    expect((await browser.post(action, typed)).status).toBe(403)
    expect(browser.cookies.has('octroi_session')).toBe(false)
  })

  it('signed in by another method than it takes, or than it names: asked by that one', async () => {
    const browser = await signedIn()
    expect((await browser.get(asks('agency-only'))).status).toBe(200)
    expect((await browser.get(asks('open', '/agency'))).location).toMatch(/^https:\/\/idp\.example\//)
    expect((await browser.get(asks('open'))).location).toMatch(/^https:\/\/app\.example\.org\/back\?code=/)
  })

  it('two factors where it wants them: who has none sets one up first', async () => {
    const browser = scene.browser()
    await browser.get(asks('strong'))
    const step = await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
    expect((await browser.follow(step)).text.includes('Set up a second factor')).toBe(true)
  })

  it('a session that is too weak for it, of somebody without a second factor: the whole proof again', async () => {
    const browser = await signedIn()
    const page = await browser.get(asks('strong'))
    expect([page.status, page.text.includes('name="password"')]).toEqual([200, true])
  })
})
