import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProviderScene, type SceneClient, startProviderScene } from '../provider/scene.ts'

/** What was given, and what has changed since. */

let scene: ProviderScene

beforeAll(async () => {
  scene = await startProviderScene()
})
afterAll(() => scene.stop())

const change = async (client: SceneClient, fields: object) =>
  expect((await scene.gate.api('PATCH', `/clients/${client.id}`, fields)).status).toBe(200)

const errorOf = (location: string | undefined) => new URL(location as string).searchParams.get('error')

describe('an application that is the organisation’s own no longer', () => {
  it('consent_required for what nobody has allowed it, though the session had given it', async () => {
    const client = await scene.makeClient('formerly-own')
    const browser = await scene.signIn()
    await scene.authorize(browser, { client, scope: 'openid profile email' })
    await change(client, { openid: { first_party: false } })
    const request = { client, scope: 'openid profile email', params: { prompt: 'none' } }
    expect(errorOf((await scene.ask(browser, request)).answer.location)).toBe('consent_required')
    await scene.ask(browser, { client, scope: 'openid profile' })
    const leads = await browser.submit('/oidc/interaction/', { do: 'allow' })
    const back = await browser.get(leads.location as string)
    expect(new URL(back.location as string).searchParams.get('code')).toBeTruthy()
    expect(errorOf((await scene.ask(browser, request)).answer.location)).toBe('consent_required')
    await scene.code(browser, { client, scope: 'openid profile', params: { prompt: 'none' } })
  })
})

describe('what an application that is no longer the organisation’s own holds', () => {
  it('400 invalid_grant with a refresh token that nobody was asked for', async () => {
    const client = await scene.makeClient('less-trusted')
    const tokens = await scene.authorize(await scene.signIn(), { client })
    await change(client, { openid: { first_party: false } })
    const { status, body } = await scene.refresh(client, tokens.refresh_token as string)
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
  })
})

describe('a refresh that asks for the wrong API', () => {
  it.each(['urn:example:other', 'urn:example:second'])(
    '400 invalid_target for %s, and the token is still good',
    async (resource) => {
      const resources = [
        { id: 'urn:example:first', scopes: ['read'] },
        { id: 'urn:example:second', scopes: ['read'] },
      ]
      const client = await scene.makeClient(`apis-${resource.slice(-5)}`, { resources })
      const request = { client, scope: 'openid read', params: { resource: 'urn:example:first' } }
      const { refresh_token: token } = await scene.authorize(await scene.signIn(), request)
      const wrong = await scene.refresh(client, token as string, { resource })
      expect([wrong.status, wrong.body.error]).toEqual([400, 'invalid_target'])
      expect((await scene.refresh(client, token as string, { resource: 'urn:example:first' })).status).toBe(200)
    },
  )
})

describe('a code that went to an address which was taken back since', () => {
  it('400 invalid_grant', async () => {
    const client = await scene.makeClient('moved')
    const code = await scene.code(await scene.signIn(), { client })
    await change(client, { redirect_uris: ['https://app.example.org/elsewhere'] })
    const { status, body } = await scene.redeem(code)
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
  })
})

describe('an address that was taken back while its request waited', () => {
  it('400 on a page of ours: nobody is led there any more', async () => {
    const client = await scene.makeClient('moved-meanwhile', { first_party: false })
    const browser = await scene.signIn()
    await scene.ask(browser, { client })
    await change(client, { redirect_uris: ['https://app.example.org/elsewhere'] })
    const { location } = await browser.submit('/oidc/interaction/', { do: 'allow' })
    const back = await browser.get(location as string)
    expect([back.status, back.location]).toEqual([400, undefined])
  })
})

describe('a scope, an API, or a person that the application may have no longer', () => {
  it('goes out of what is refreshed, and of what userinfo says of tokens from before', async () => {
    const resources = [{ id: 'urn:example:till', scopes: ['read', 'write'] }]
    const client = await scene.makeClient('narrowed', { resources })
    const params = { resource: 'urn:example:till' }
    const code = await scene.code(await scene.signIn(), { client, scope: 'openid email read write', params })
    const { access_token, refresh_token } = (await scene.redeem(code)).body
    expect((await scene.userinfo(access_token)).body.email).toBe('ada@example.org')
    const fewer = { scopes: ['openid'], resources: [{ id: 'urn:example:till', scopes: ['read'] }] }
    await change(client, { openid: fewer })
    expect((await scene.userinfo(access_token)).body).toEqual({ sub: 'ada' })
    const next = (await scene.refresh(client, refresh_token, params)).body
    expect(next.scope).toBe('read')
    await change(client, { allow: { authenticated: false, accounts: [], groups: [], organizations: [] } })
    expect((await scene.userinfo(access_token)).status).toBe(401)
    expect((await scene.refresh(client, next.refresh_token)).body.error).toBe('invalid_grant')
    const asked = { client, scope: 'openid', params: { prompt: 'none' } }
    expect(errorOf((await scene.ask(await scene.signIn(), asked)).answer.location)).toBe('access_denied')
  })

  it('400 invalid_scope for more than was given, and invalid_target for the API of another', async () => {
    const client = await scene.makeClient('modest')
    const { refresh_token } = await scene.authorize(await scene.signIn(), { client, scope: 'openid email' })
    const ask = async (fields: Record<string, string>) =>
      (await scene.refresh(client, refresh_token as string, fields)).body.error
    expect(await ask({ scope: 'openid email groups' })).toBe('invalid_scope')
    expect(await ask({ resource: 'urn:example:till' })).toBe('invalid_target')
  })
})

describe('two session cookies', () => {
  it('are none: somebody has planted one', async () => {
    const browser = await scene.signIn()
    const eve = await scene.signIn()
    browser.cookies.set(' octroi_session', eve.cookies.get('octroi_session') as string)
    const { answer } = await scene.ask(browser, { params: { prompt: 'none' } })
    expect(errorOf(answer.location)).toBe('login_required')
  })
})

describe('who is asked to prove himself anew', () => {
  // `0e0` is a number to the library. The sign-in is of this very second: whoever compares times sees none that is older.
  it.each([{ max_age: '0' }, { max_age: '0e0' }, { prompt: 'login' }])(
    'is asked, however short ago he signed in: %j',
    async (params) => {
      const browser = await scene.signIn()
      const { answer } = await scene.ask(browser, { params })
      expect([answer.status, answer.location]).toEqual([200, undefined])
      expect(answer.text).toContain('type="password"')
    },
  )
})
