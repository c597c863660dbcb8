import { request } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProviderScene, startProviderScene } from '../provider/scene.ts'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'

/** Our own trouble, guessing, large and half requests, and stolen tokens that are bound to a key. */

afterAll(stopSharedPostgres)

describe('a store that is away', () => {
  let scene: ProviderScene

  beforeAll(async () => {
    scene = await startProviderScene({ OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() })
  })
  afterAll(() => scene.stop())

  it('503 temporarily_unavailable everywhere, never 401 or invalid_grant; and the same tokens are good afterwards', async () => {
    const browser = await scene.signIn()
    const tokens = await scene.authorize(browser)
    const code = await scene.code(browser)
    const postgres = await sharedPostgres()
    await postgres.down()
    try {
      const answers = [
        await scene.userinfo(tokens.access_token),
        await scene.refresh(scene.client, tokens.refresh_token as string),
        await scene.redeem(code),
        await scene.post('/token/introspection', scene.client, { token: tokens.access_token }),
        await scene.post('/token', scene.client, { grant_type: 'client_credentials' }),
      ]
      for (const { status, body } of answers) expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
      const { answer } = await scene.ask(browser)
      expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([503, 'text/html'])
    } finally {
      await postgres.up()
    }
    await expect.poll(async () => (await scene.userinfo(tokens.access_token)).status, { timeout: 10_000 }).toBe(200)
    expect((await scene.refresh(scene.client, tokens.refresh_token as string)).status).toBe(200)
  })
})

describe('over a socket', () => {
  let scene: ProviderScene

  beforeAll(async () => {
    scene = await startProviderScene()
  })
  afterAll(() => scene.stop())

  it('429 for secrets that are guessed, whatever the caller accepts; the right one still works', async () => {
    const guess = async (accept: string) => {
      const authorization = `Basic ${Buffer.from(`app:ocs_${'x'.repeat(43)}`).toString('base64')}`
      const headers = { authorization, accept }
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' })
      const answer = await fetch(`${scene.issuer}/token`, { method: 'POST', headers, body })
      return [answer.status, ((await answer.json()) as { error: string }).error]
    }
    expect(await guess('text/html')).toEqual([401, 'invalid_client'])
    const answers = []
    for (let i = 0; i < 30; i++)
      answers.push(...(await Promise.all(Array.from({ length: 21 }, () => guess(i % 2 === 0 ? 'text/html' : '*/*')))))
    expect(answers.at(-1)).toEqual([429, 'temporarily_unavailable'])
    expect((await scene.refresh(scene.client, 'x')).body.error).toBe('invalid_grant')
  })

  it('413 for a form that is too large, said or not', async () => {
    const body = `grant_type=client_credentials&x=${'x'.repeat(60_000)}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const said = await fetch(`${scene.issuer}/token`, { method: 'POST', headers, body })
    expect(said.status).toBe(413)
    const unsaid = await new Promise((resolve, reject) => {
      const sending = request(`${scene.issuer}/token`, { method: 'POST', headers }, (answer) =>
        resolve(answer.statusCode),
      )
      sending.on('error', reject)
      sending.write(body)
      sending.end()
    })
    expect(unsaid).toBe(413)
  })

  it('303 for a request by POST: to the same by GET, which brings our cookie along', async () => {
    const body = new URLSearchParams({ client_id: 'app', scope: 'openid', state: 'a b&c' })
    const answer = await fetch(`${scene.issuer}/auth`, { method: 'POST', body, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/oidc/auth?${body}`])
  })

  it('401 for a token that is bound to a key, shown without it or with another’s proof (RFC 9449)', async () => {
    const bound = await scene.makeClient('bound', { dpop: true })
    const [own, foreign] = [await prover(), await prover()]
    const code = await scene.code(await scene.signIn(), { client: bound })
    const fields = { grant_type: 'authorization_code', code: code.code, code_verifier: code.verifier }
    const redeem = async (proof?: string) => {
      const basic = `Basic ${Buffer.from(`${bound.id}:${bound.secret}`).toString('base64')}`
      const headers = { authorization: basic, ...(proof === undefined ? {} : { dpop: proof }) }
      const body = new URLSearchParams({ ...fields, redirect_uri: bound.redirectUri })
      const answer = await fetch(`${scene.issuer}/token`, { method: 'POST', headers, body })
      // biome-ignore lint/suspicious/noExplicitAny: whatever it says
      return { status: answer.status, body: (await answer.json()) as any }
    }
    expect((await redeem()).status).toBe(400)
    const { status, body } = await redeem(await own('POST', `${scene.issuer}/token`))
    expect([status, body.token_type]).toEqual([200, 'DPoP'])
    const me = async (scheme: string, proof?: string) => {
      const headers = {
        authorization: `${scheme} ${body.access_token}`,
        ...(proof === undefined ? {} : { dpop: proof }),
      }
      return (await fetch(`${scene.issuer}/me`, { headers })).status
    }
    const proof = await own('GET', `${scene.issuer}/me`, body.access_token)
    expect(await me('Bearer')).toBe(401)
    expect(await me('DPoP', await foreign('GET', `${scene.issuer}/me`, body.access_token))).toBe(401)
    expect(await me('DPoP', proof)).toBe(200)
    // The same proof again.
    expect(await me('DPoP', proof)).toBe(401)
  })
})

/** Makes proofs (RFC 9449 §4.2) with a key of its own. */
async function prover() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return async (htm: string, htu: string, token?: string) => {
    const ath =
      token === undefined
        ? {}
        : { ath: Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url') }
    return new SignJWT({ htm, htu, jti: crypto.randomUUID(), ...ath })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(privateKey)
  }
}
