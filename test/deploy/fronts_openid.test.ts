import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLBACK, type SceneClient, sceneOn } from '../provider/scene.ts'
import { type Answer, type Browser, refreshOf } from '../proxies/browser.ts'
import { CALLER, type Called, type FrontScene, PASSWORD, startFrontScene } from './front_scene.ts'
import { ALL } from './fronts.ts'

/** An application signs somebody in through nginx and through Caddy: each address that it meets is the public one. */

const WELL_KNOWN = '/.well-known/openid-configuration'
const FORGED = {
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'http',
  'X-Forwarded-Prefix': '/evil',
  Forwarded: 'host=evil.example;proto=http',
}

describe.each(ALL)('%s, Octroi at its own %s', (front, place) => {
  let scene: FrontScene
  let client: SceneClient
  let path: string
  beforeAll(async () => {
    scene = await startFrontScene(front, place)
    path = new URL(scene.base).pathname.replace(/\/$/, '')
    const verified = await scene.gate.api('PUT', '/accounts/ada/emails', { address: 'ada@example.org', verified: true })
    expect(verified.status).toBeLessThan(300)
    client = await sceneOn(scene.gate).makeClient('app')
  })
  afterAll(() => scene?.stop())

  const json = ({ body }: Called) => JSON.parse(body)
  const pathOf = (url: string) => url.slice(new URL(url).origin.length)
  const basic = () => ({ authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` })

  /** Along every redirect of ours, through the sign-in, to the address of the application. */
  async function codeFor(by: Browser, verifier: string): Promise<{ readonly callback: URL; readonly seen: Answer[] }> {
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const query = {
      client_id: client.id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid email offline_access',
      state: 's',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }
    let at = `${scene.base}/oidc/auth?${new URLSearchParams(query)}`
    const seen: Answer[] = []
    for (let step = 0; step < 12; step++) {
      let answer = await by.open(at)
      seen.push(answer)
      if (answer.status === 200 && answer.body.includes('name="password"')) {
        answer = await by.submit(at, answer, { login: 'ada', password: PASSWORD })
        seen.push(answer)
      }
      at = new URL(answer.headers.location ?? refreshOf(answer) ?? '', at).href
      if (at.startsWith(CALLBACK)) return { callback: new URL(at), seen }
    }
    throw new Error(`${at} ${seen.map(({ status }) => status)} ${seen.at(-1)?.body.slice(-2_000)}`)
  }

  it('discovery names public addresses, whatever the caller says of hosts', async () => {
    for (const headers of [{}, FORGED]) {
      const found = await scene.call(`${path}/oidc${WELL_KNOWN}`, headers)
      expect(found.status).toBe(200)
      const { issuer, ...rest } = json(found)
      expect(issuer).toBe(`${scene.base}/oidc`)
      const urls = Object.values(rest).filter(
        (value): value is string => typeof value === 'string' && value.includes('://'),
      )
      expect(urls.length).toBeGreaterThan(5)
      expect(urls.filter((url) => !url.startsWith(`${scene.base}/`))).toEqual([])
      expect(found.body).not.toContain('evil')
    }
  })

  it('the application’s own discovery, and that of RFC 8414, say the same of the issuer', async () => {
    const others = [`${path}/oidc/clients/app${WELL_KNOWN}`, `/.well-known/oauth-authorization-server${path}/oidc`]
    for (const target of others) {
      const found = await scene.call(target)
      expect([found.status, json(found).issuer], target).toEqual([200, `${scene.base}/oidc`])
    }
  })

  it('a person signs in at the application: code, tokens, userinfo, refresh, and a second time without a word', async () => {
    const by = scene.browser()
    const verifier = randomBytes(32).toString('base64url')
    const { callback, seen } = await codeFor(by, verifier)
    expect(callback.searchParams.get('iss')).toBe(`${scene.base}/oidc`)
    expect(callback.searchParams.get('state')).toBe('s')
    for (const { headers } of seen) {
      for (const line of headers['set-cookie'] ?? []) {
        expect(line, line).toMatch(/; *secure/i)
        expect(line, line).toMatch(/; *httponly/i)
        const [, cookiePath = ''] = /; *path=([^;]*)/i.exec(line) ?? []
        // Those of one request to the provider are for its address alone; the others of the whole host, as their prefix demands.
        if (line.startsWith('octroi_oidc_')) expect(cookiePath).toMatch(new RegExp(`^${path}/oidc/`))
        else expect(cookiePath, line).toBe('/')
      }
      const location = headers.location ?? ''
      if (location !== '' && !location.startsWith(CALLBACK))
        expect(new URL(location, scene.base).href).toMatch(new RegExp(`^${scene.base}/`))
    }
    const endpoints = json(await scene.call(`${path}/oidc${WELL_KNOWN}`))
    const redeem = {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    }
    const tokens = await scene.call(pathOf(endpoints.token_endpoint), { ...basic(), ...FORGED }, redeem)
    expect([tokens.status, tokens.body]).toEqual([200, expect.stringContaining('id_token')])
    const keys = createLocalJWKSet(json(await scene.call(pathOf(endpoints.jwks_uri))))
    const { payload } = await jwtVerify(json(tokens).id_token, keys, { issuer: `${scene.base}/oidc`, audience: 'app' })
    const about = await scene.call(pathOf(endpoints.userinfo_endpoint), {
      authorization: `Bearer ${json(tokens).access_token}`,
    })
    expect([about.status, json(about)]).toEqual([
      200,
      expect.objectContaining({ sub: payload.sub, email: 'ada@example.org', email_verified: true }),
    ])
    const refresh = { grant_type: 'refresh_token', refresh_token: json(tokens).refresh_token }
    expect((await scene.call(pathOf(endpoints.token_endpoint), basic(), refresh)).status).toBe(200)
    const again = await codeFor(by, verifier)
    expect(again.seen.filter(({ body }) => body.includes('name="password"'))).toEqual([])
  })

  it('the audit trail says from where the application called', async () => {
    const endpoints = json(await scene.call(`${path}/oidc${WELL_KNOWN}`))
    const wrong = { grant_type: 'refresh_token', refresh_token: 'none' }
    const answer = await scene.call(
      pathOf(endpoints.token_endpoint),
      { ...basic(), 'X-Forwarded-For': '10.9.8.7' },
      wrong,
    )
    expect([answer.status, json(answer).error]).toEqual([400, 'invalid_grant'])
    const lines = async () => (await scene.gate.api('GET', '/audit?limit=100')).body.items
    const refused = { action: 'oidc.token', code: 'invalid_grant', address: CALLER, target: 'client:app' }
    await expect.poll(lines).toContainEqual(expect.objectContaining(refused))
  })

  it('signing out at Octroi leads back to the application', async () => {
    const by = scene.browser()
    const verifier = randomBytes(32).toString('base64url')
    const { callback } = await codeFor(by, verifier)
    const endpoints = json(await scene.call(`${path}/oidc${WELL_KNOWN}`))
    const redeem = {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    }
    const { id_token } = json(await scene.call(pathOf(endpoints.token_endpoint), basic(), redeem))
    const query = new URLSearchParams({
      id_token_hint: id_token,
      post_logout_redirect_uri: 'https://app.example.org/bye',
      state: 'x',
    })
    const out = await by.open(`${endpoints.end_session_endpoint}?${query}`)
    expect(out.headers.location ?? refreshOf(out)).toBe('https://app.example.org/bye?state=x')
    expect(by.cookies(new URL(scene.base).hostname).has('__Host-octroi_session')).toBe(false)
  })
})
