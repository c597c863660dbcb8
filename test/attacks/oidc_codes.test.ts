import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CALLBACK, type ProviderScene, type SceneClient, startProviderScene } from '../provider/scene.ts'
import type { PlainBrowser } from '../sign_in/browser.ts'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'

/** Codes in the wrong hands, over real sockets. */

afterAll(stopSharedPostgres)
afterEach(() => {
  vi.useRealTimers()
})

describe.each(['sqlite', 'postgres'] as const)('T18 a code (%s)', (engine) => {
  let scene: ProviderScene
  let other: SceneClient
  let relaxed: SceneClient
  let browser: PlainBrowser

  beforeAll(async () => {
    const database = engine === 'sqlite' ? {} : { OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() }
    scene = await startProviderScene(database)
    other = await scene.makeClient('other')
    relaxed = await scene.makeClient('relaxed', { pkce: false })
    browser = await scene.signIn()
  })
  afterAll(() => scene.stop())

  it('400 invalid_grant to another application, and the code is still good for its own', async () => {
    const code = await scene.code(browser)
    const stolen = await scene.redeem({ ...code, client: other })
    expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant'])
    expect((await scene.redeem(code)).status).toBe(200)
  })

  it('400 invalid_grant once its minute is over', async () => {
    const code = await scene.code(browser)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    const late = await scene.redeem(code)
    expect([late.status, late.body.error]).toEqual([400, 'invalid_grant'])
  })

  it('400 the second time, and all that the first gave is dead', async () => {
    const code = await scene.code(browser)
    const first = await scene.redeem(code)
    expect((await scene.userinfo(first.body.access_token)).status).toBe(200)
    const second = await scene.redeem(code)
    expect([second.status, second.body.error]).toEqual([400, 'invalid_grant'])
    expect((await scene.userinfo(first.body.access_token)).status).toBe(401)
    const refreshed = await scene.refresh(scene.client, first.body.refresh_token)
    expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant'])
  })

  it.each([
    ['another redirect_uri', { redirect_uri: 'https://app.example.org/elsewhere' }, 'invalid_grant'],
    ['no redirect_uri', { redirect_uri: undefined }, 'invalid_request'],
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_grant'],
  ])('400 with %s', async (_, fields, error) => {
    const answer = await scene.redeem(await scene.code(browser), fields)
    expect([answer.status, answer.body.error]).toEqual([400, error])
    expect(answer.body.access_token).toBeUndefined()
  })

  it('sends no code where the challenge is plain, or missing where it is asked for', async () => {
    for (const params of [
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: undefined },
    ]) {
      const { answer } = await scene.ask(browser, { params })
      const to = new URL(answer.location as string)
      expect([to.origin, to.searchParams.get('error'), to.searchParams.get('code')]).toEqual([
        'https://app.example.org',
        'invalid_request',
        null,
      ])
    }
  })

  it('400 where the request had a challenge and the verifier is dropped, or had none and one is sent (RFC 9700 §2.1.1)', async () => {
    const withChallenge = await scene.code(browser, { client: relaxed })
    expect((await scene.redeem(withChallenge, { code_verifier: undefined })).body.error).toBe('invalid_grant')
    const params = { code_challenge: undefined, code_challenge_method: undefined }
    const without = await scene.code(browser, { client: relaxed, params })
    expect((await scene.redeem(without)).body.error).toBe('invalid_grant')
    expect((await scene.redeem(without, { code_verifier: undefined })).status).toBe(200)
  })

  it('T19 of two who redeem one code at once, one gets tokens', async () => {
    for (let round = 0; round < 5; round++) {
      const code = await scene.code(browser)
      const answers = await Promise.all([scene.redeem(code), scene.redeem(code)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    }
  })

  it('T19 of two who use one refresh token at once, one gets tokens', async () => {
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await scene.authorize(browser)
      const use = () => scene.refresh(scene.client, refresh_token as string)
      const answers = await Promise.all([use(), use()])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    }
  })

  it('400 for a refresh token that was used, and its family is dead', async () => {
    const { refresh_token: first } = await scene.authorize(browser)
    const next = (await scene.refresh(scene.client, first as string)).body
    expect((await scene.userinfo(next.access_token)).status).toBe(200)
    expect((await scene.refresh(scene.client, first as string)).body.error).toBe('invalid_grant')
    expect((await scene.refresh(scene.client, next.refresh_token)).body.error).toBe('invalid_grant')
    expect((await scene.userinfo(next.access_token)).status).toBe(401)
  })

  it('400 for another application’s refresh token, which stays good for its own', async () => {
    const { refresh_token } = await scene.authorize(browser)
    expect((await scene.refresh(other, refresh_token as string)).body.error).toBe('invalid_grant')
    expect((await scene.refresh(scene.client, refresh_token as string)).status).toBe(200)
  })

  it('the challenge of the code is that of RFC 7636, not another’s', async () => {
    const code = await scene.code(browser, {
      params: { code_challenge: createHash('sha256').update('y'.repeat(43)).digest('base64url') },
    })
    expect((await scene.redeem(code)).body.error).toBe('invalid_grant')
    expect((await scene.redeem({ ...code, verifier: 'y'.repeat(43) })).status).toBe(200)
    expect(code.callback.href.startsWith(CALLBACK)).toBe(true)
  })
})
