import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { gateAt, PASSWORD, type ProviderScene, startProviderScene } from '../provider/scene.ts'

/** What the provider hands out stands where it was handed to, and nowhere else. */

let gate: ChildGate
const handed: { readonly what: string; readonly word: string }[] = []
const told: { readonly what: string; readonly text: string }[] = []

beforeAll(async () => {
  const listen = `127.0.0.1:${await freePort(0)}`
  gate = await startChildGate({
    OCTROI_LISTEN: listen,
    OCTROI_PUBLIC_URL: `http://${listen}`,
    OCTROI_LOG_LEVEL: 'trace',
    OCTROI_AUDIT: 'strict',
  })
  await scenario(await startProviderScene({}, gateAt(gate.url, gate.adminKey)))
})
afterAll(() => gate.remove())

const hand = (what: string, word: unknown) => {
  expect(word, what).toMatch(/^[\w.:~-]{8,}$/)
  handed.push({ what, word: String(word) })
  return String(word)
}

async function scenario(scene: ProviderScene): Promise<void> {
  hand('client secret', scene.client.secret)
  const browser = await scene.signIn()
  hand('session', browser.cookies.get('octroi_session'))
  const stranger = await scene.ask(await scene.signIn(), { params: { prompt: 'login' } })
  expect(stranger.answer.text).toContain('password')
  const code = await scene.code(browser)
  hand('code', code.code)
  hand('verifier', code.verifier)
  const tokens = (await scene.redeem(code)).body
  for (const what of ['access_token', 'refresh_token', 'id_token']) hand(what, tokens[what])
  const next = (await scene.refresh(scene.client, tokens.refresh_token)).body
  for (const what of ['access_token', 'refresh_token', 'id_token']) hand(`next ${what}`, next[what])
  await scene.userinfo(next.access_token)
  await scene.post('/token/introspection', scene.client, { token: next.access_token })
  await replays(scene, tokens.refresh_token)
  const pushed = { client_id: 'app', redirect_uri: scene.client.redirectUri, response_type: 'code', scope: 'openid' }
  const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }
  const par = (await scene.post('/request', scene.client, { ...pushed, ...challenge })).body
  hand('request_uri', par.request_uri.split(':').at(-1))
  await browser.get(`/oidc/auth?client_id=app&request_uri=${par.request_uri}&x=1`)
  await devices(scene)
  await browser.get(`/oidc/session/end?id_token_hint=${tokens.id_token}`)
  for (const path of ['/audit?limit=200', '/events?limit=200', '/sessions', '/clients', '/accounts/ada/applications'])
    told.push({ what: path, text: JSON.stringify((await scene.gate.api('GET', path)).body) })
  const metrics = await fetch(`${gate.url}/metrics`, { headers: { authorization: `Bearer ${gate.adminKey}` } })
  told.push({ what: 'metrics', text: await metrics.text() })
}

/** What is refused, and why, is where secrets are said by mistake. */
async function replays(scene: ProviderScene, refreshToken: string): Promise<void> {
  const wrong = { ...scene.client, secret: hand('wrong secret', 'ocs_canary-that-was-guessed') }
  for (const answer of [
    await scene.refresh(scene.client, refreshToken),
    await scene.refresh(wrong, refreshToken),
    await scene.userinfo(refreshToken),
    await scene.post('/token', scene.client, { grant_type: hand('grant type', 'canary-grant-type-k2') }),
  ])
    told.push({ what: 'refusal', text: JSON.stringify(answer.body) })
}

async function devices(scene: ProviderScene): Promise<void> {
  const openid = { auth_method: 'none', grant_types: ['device_code'] }
  const tv = await scene.makeClient('tv', openid, { redirect_uris: [], post_logout_redirect_uris: [] })
  const { body } = await scene.post('/device/auth', tv, { scope: 'openid' })
  hand('device code', body.device_code)
  hand('user code', body.user_code)
  const browser = await scene.signIn()
  await browser.get('/oidc/device')
  await browser.submit('/oidc/device', { user_code: body.user_code })
  await browser.submit('/oidc/device', { do: 'allow' })
}

it('no secret in the log at its most talkative, the trail, the events, the metrics or a refusal', () => {
  const places = [...told, { what: 'log', text: gate.output().toString() }]
  expect(handed.length).toBeGreaterThan(12)
  for (const { what, word } of [...handed, { what: 'password', word: PASSWORD }])
    for (const place of places) expect(place.text.includes(word), `${what} in ${place.what}`).toBe(false)
})

it('no secret in a file of the data folder, whole or as its bare letters', () => {
  const files = readdirSync(gate.folder).map((name) => ({ name, bytes: readFileSync(join(gate.folder, name)) }))
  expect(files.length).toBeGreaterThan(2)
  for (const { what, word } of handed)
    for (const { name, bytes } of files)
      for (const text of [word, word.replace(/^(.{4})-(.{4})$/, '$1$2')])
        expect(bytes.includes(text), `${what} in ${name}`).toBe(false)
})
