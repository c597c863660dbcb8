import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/core/people_types.ts'
import { type DeskScene, deskScene } from '../sign_in/desk_scene.ts'

/** A link to the sign-in that was made before an administrator changed his mind, and addresses that somebody else has claimed. */

const PASSWORD = 'a long enough secret'
const BACK = 'https://app.example.org/back'
const GONE = 'https://taken-over.example.org/back'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.account('ada', { email: 'ada@example.org' }, PASSWORD)
  await scene.account('eve', {}, PASSWORD)
})
afterAll(() => scene.stop())

async function application(id: string): Promise<Client> {
  const at = '2026-11-22T00:00:00.000Z'
  const client: Client = {
    id,
    name: id,
    description: '',
    redirect_uris: [GONE, BACK],
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
  }
  await scene.open.store.clients.insert(client, `hash of ${id}`)
  return client
}

async function flowOf(app: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }
  const query = new URLSearchParams({ app, state: 's', redirect_uri: GONE, ...challenge, ...more })
  return flowIn((await scene.browser().get(`/sign-in?${query}`)).text)
}

const flowIn = (page: string) => /name="flow" value="([^"]*)"/.exec(page)?.[1] ?? ''

/** Where somebody ends who follows the link and signs in by his password. */
async function by(flow: string) {
  const browser = scene.browser()
  await browser.get(`/sign-in?flow=${flow}`)
  // Where a password is no way in, there is no form for it.
  const submit = async () => browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
  const answer = await submit().catch(() => undefined)
  return { browser, answer }
}

describe('a link that was made before the application was changed', () => {
  it('T16 leads nowhere where its address is no longer registered', async () => {
    const client = await application('moved')
    const flow = await flowOf('moved')
    await scene.open.store.clients.update({ ...client, redirect_uris: [BACK] })
    expect((await by(flow)).answer?.location ?? '').not.toContain(GONE)
  })

  it('asks for two factors where the application now does', async () => {
    const client = await application('stricter')
    const flow = await flowOf('stricter')
    await scene.open.store.clients.update({ ...client, mfa: true })
    const { browser, answer } = await by(flow)
    expect(answer?.location ?? '').not.toContain('code=')
    expect(browser.cookies.has('octroi_session')).toBe(false)
  })

  it('takes no method that the application no longer takes', async () => {
    const client = await application('narrower')
    const flow = await flowOf('narrower')
    await scene.open.store.clients.update({ ...client, methods: ['agency'] })
    expect((await by(flow)).answer?.location ?? '').not.toContain('code=')
  })

  it('ends after its hour, however often its page was opened', async () => {
    await application('old')
    let flow = await flowOf('old')
    for (let i = 0; i < 4; i++) {
      scene.clock.ahead += 50 * 60_000
      flow = flowIn((await scene.browser().get(`/sign-in?flow=${flow}`)).text)
    }
    expect(flow).toBe('')
  })
})

it('400 for mfa=true of an application: who asks for two factors in words of his own is not given one', async () => {
  await application('wordy')
  const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }
  const query = new URLSearchParams({ app: 'wordy', state: 's', redirect_uri: BACK, mfa: 'true', ...challenge })
  expect((await scene.browser().get(`/sign-in?${query}`)).status).toBe(400)
})

it('T28 an address that somebody else has claimed and not verified keeps nobody from signing in by his own', async () => {
  const claimed = { account: 'eve', address: 'ada@example.org', canonical: 'ada@example.org', verified_at: null }
  await scene.open.store.emails.put({ ...claimed, created_at: '2026-11-22T00:00:00.000Z' })
  const browser = scene.browser()
  await browser.get('/sign-in')
  const done = await browser.submit('/sign-in/password', { login: 'ada@example.org', password: PASSWORD })
  expect(done.location).toBe('/account')
  expect(await scene.sessionsOf('eve')).toEqual([])
})
