import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLBACK, type ProviderScene, startProviderScene } from '../provider/scene.ts'
import type { PlainBrowser } from '../sign_in/browser.ts'

/** Requests that ask for what they may not have, over real sockets. */

let scene: ProviderScene
let browser: PlainBrowser

beforeAll(async () => {
  scene = await startProviderScene()
  await scene.makeClient('with-query', {}, { redirect_uris: ['https://app.example.org/admin/p.php?p=sso'] })
  browser = await scene.signIn()
})
afterAll(() => scene.stop())

describe('T16 a redirect_uri that is not the registered one', () => {
  it.each([
    ['host in capitals', 'https://APP.example.org/callback'],
    ['path in capitals', 'https://app.example.org/Callback'],
    ['scheme in capitals', 'HTTPS://app.example.org/callback'],
    ['a slash more', `${CALLBACK}/`],
    ['a query', `${CALLBACK}?next=1`],
    ['an empty query', `${CALLBACK}?`],
    ['a port', 'https://app.example.org:443/callback'],
    ['another port', 'https://app.example.org:8443/callback'],
    ['an encoded letter', 'https://app.example.org/c%61llback'],
    ['dots', 'https://app.example.org/x/../callback'],
    ['a user', 'https://app.example.org@evil.example/callback'],
    ['a host below', 'https://app.example.org.evil.example/callback'],
    ['http', 'http://app.example.org/callback'],
    ['a fragment', `${CALLBACK}#x`],
    ['no scheme', '//app.example.org/callback'],
    ['script', 'javascript:alert(1)'],
    ['none', undefined],
  ])('400 with %s, on a page of ours that leads nowhere', async (_, redirect_uri) => {
    const { answer } = await scene.ask(browser, { params: { redirect_uri } })
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    expect(answer.text).not.toContain('evil.example')
  })

  it('303 to one with a query, character by character', async () => {
    const redirectUri = 'https://app.example.org/admin/p.php?p=sso'
    const { answer } = await scene.ask(browser, { client: { id: 'with-query', secret: '', redirectUri } })
    expect(answer.location?.startsWith(`${redirectUri}&code=`)).toBe(true)
  })

  it('400 for an application that is unknown, switched off, or no client of OpenID', async () => {
    await scene.gate.api('POST', '/clients', { id: 'plain', name: 'Plain', redirect_uris: [CALLBACK] })
    await scene.makeClient('off')
    await scene.gate.api('PATCH', '/clients/off', { disabled: true })
    for (const id of ['nobody', 'plain', 'off']) {
      const { answer } = await scene.ask(browser, { client: { id, secret: '', redirectUri: CALLBACK } })
      expect([id, answer.status, answer.location]).toEqual([id, 400, undefined])
    }
  })
})

describe('T17 a parameter that comes twice', () => {
  it.each(['client_id', 'redirect_uri', 'scope', 'state', 'response_type', 'code_challenge', 'nonce', 'prompt'])(
    'gives no code: %s',
    async (name) => {
      const query = new URLSearchParams({
        client_id: 'app',
        redirect_uri: CALLBACK,
        response_type: 'code',
        scope: 'openid',
        state: 'st',
        code_challenge: 'c'.repeat(43),
        code_challenge_method: 'S256',
        nonce: 'n',
        prompt: 'login',
      })
      query.append(name, query.get(name) as string)
      const answer = await browser.get(`/oidc/auth?${query}`)
      const error = new URL(answer.location ?? 'about:blank').searchParams.get('error')
      expect(answer.status === 400 || error === 'invalid_request').toBe(true)
      expect(answer.location ?? '').not.toContain('code=')
    },
  )

  it('400 at the token endpoint, by whichever way the application proves itself', async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'app', client_secret: 'x' })
    body.append('client_id', 'app')
    const answer = await fetch(`${scene.issuer}/token`, { method: 'POST', body })
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([400, 'invalid_request'])
  })
})

describe('T21 what is not served', () => {
  it.each(['token', 'id_token', 'code token', 'code id_token', 'id_token token', 'none'])(
    'no token in the address with response_type=%s',
    async (response_type) => {
      const { answer } = await scene.ask(browser, { params: { response_type, nonce: 'n' } })
      expect(answer.location ?? '').not.toMatch(/(?:access_token|id_token|code)=/)
      expect(`${answer.location}${answer.text}`).toMatch(/error=(?:unsupported_response_type|invalid_request)/)
    },
  )

  it.each(['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:openid:params:grant-type:ciba'])(
    '400 with grant_type=%s',
    async (grant_type) => {
      const fields = { grant_type, username: 'ada', password: 'a long enough secret' }
      const { status, body } = await scene.post('/token', scene.client, fields)
      expect([status, body.error]).toEqual([400, 'unsupported_grant_type'])
    },
  )

  it('400 for a grant that the application was not given', async () => {
    const { status, body } = await scene.post('/token', scene.client, { grant_type: 'client_credentials' })
    expect([status, body.access_token]).toEqual([400, undefined])
  })

  it('a request that came back from an interaction is still the one that was asked', async () => {
    const fresh = await scene.signIn()
    const first = await fresh.get(
      `/oidc/auth?${new URLSearchParams({ client_id: 'app', redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', state: 'st', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', prompt: 'login' })}`,
    )
    const uid = /\/oidc\/interaction\/([\w-]+)/.exec(first.location ?? '')?.[1] as string
    const resumed = await fresh.get(`/oidc/auth/${uid}?response_type=token&redirect_uri=https://evil.example/`)
    expect(resumed.location ?? '').not.toMatch(/evil|access_token|code=/)
  })

  it('404 for everything that the library would serve and we do not', async () => {
    for (const path of [
      '/reg',
      '/backchannel',
      '/session/end/confirm',
      '/session/end/success',
      '/challenge',
      '/credential',
    ]) {
      const answers = await Promise.all(['GET', 'POST'].map((method) => fetch(`${scene.issuer}${path}`, { method })))
      for (const { status } of answers) expect([path, status]).toEqual([path, 404])
    }
  })
})

describe('the library’s session is ours alone', () => {
  it('an id of a session in a cookie signs nobody in: ids are no secret', async () => {
    const listed = await scene.gate.api('GET', '/sessions')
    const id = listed.body.items[0].id
    const url = `${scene.issuer}/auth?${new URLSearchParams({ client_id: 'app', redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', prompt: 'none', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' })}`
    for (const cookie of [`octroi_op=${id}`, `a=b; octroi_op=${id}`, `octroi_op =${id}`, `\toctroi_op=${id}`]) {
      const answer = await fetch(url, { headers: { cookie }, redirect: 'manual' })
      expect(new URL(answer.headers.get('location') as string).searchParams.get('error')).toBe('login_required')
    }
  })

  it('sets no cookie of a session, and those of an interaction for their own path alone', async () => {
    const answer = await fetch(
      `${scene.issuer}/auth?${new URLSearchParams({ client_id: 'app', redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' })}`,
      { redirect: 'manual' },
    )
    const set = answer.headers.getSetCookie()
    expect(set.map((line) => line.split('=', 1)[0]).sort()).toEqual(['octroi_oidc_interaction', 'octroi_oidc_resume'])
    for (const line of set)
      expect(line.toLowerCase()).toMatch(/path=\/oidc\/(?:interaction|auth)\/[\w-]+;.*samesite=lax; httponly/)
  })
})
