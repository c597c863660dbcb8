import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  Browser,
  callbackOf,
  credentials,
  NEAR,
  onboard,
  onwardOf,
  sendForm,
  startPublicGate,
} from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

/** Somebody makes another person's browser, or another key, take part in connecting an account. */

let gate: TestGate
let server: OAuth2Server
let application: Upstream
beforeEach(async () => {
  gate = await startPublicGate()
  server = await startOAuth2Server({
    settings: { redirectUris: ['generic-oauth2/crm', 'generic-oauth2/other', 'acme/acme'].map(callbackAt) },
  })
  application = await startUpstream()
})
afterEach(async () => {
  await gate.stop()
  await Promise.all([server.stop(), application.stop()])
})

const callbackAt = (path: string) => {
  const [connector = '', id = ''] = path.split('/')
  return callbackOf(gate, connector, id)
}

const body = (id = 'crm', more: object = {}) => ({
  connector: 'generic-oauth2',
  connection_id: id,
  settings: { base_url: server.url, authorization_url: `${server.url}/authorize`, token_url: `${server.url}/token` },
  network: NEAR,
  ...more,
})
const typed = () => ({ 'secrets.client_id': server.clientId, 'secrets.client_secret': server.clientSecret })

async function keyWith(...permissions: unknown[]): Promise<string> {
  return (await gate.api('POST', '/keys', { name: 'an application', permissions })).body.key
}

const APPLICATION = ['connect-sessions.write', 'connections.write', 'connections.write_network']

/** A session of an application's key, and the browser in which its link was opened and the form sent. */
async function begun(key: string, id = 'crm') {
  const asked = body(id, { return_url: `${application.url}/back` })
  const made = await gate.api('POST', '/connect-sessions', asked, { key })
  expect(made.status).toBe(201)
  const browser = new Browser()
  const onward = onwardOf(await sendForm(browser, made.body.url, await browser.visit(made.body.url), typed()))
  return { session: made.body, browser, onward: onward as string }
}

const redeem = (id: string, code: string, key: string) =>
  gate.api('POST', `/connect-sessions/${id}/redeem`, { code }, { key })

describe('D3: a link that was forwarded', () => {
  it('D3: connects nothing until the key that made it redeems the code that its application was given', async () => {
    const [key, another] = [await keyWith(...APPLICATION), await keyWith(...APPLICATION)]
    const { session, browser, onward } = await begun(key)
    const back = new URL(onwardOf(await browser.visit(onward)) as string)
    expect([back.origin, back.pathname]).toEqual([application.url, '/back'])
    expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
    const code = back.searchParams.get('code') as string
    expect((await redeem(session.id, code, another)).status).toBe(404)
    expect((await redeem(session.id, 'guessed', key)).status).toBe(400)
    expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
    expect((await redeem(session.id, code, key)).body).toMatchObject({ id: 'crm', state: 'ready' })
    expect((await redeem(session.id, code, key)).status).toBe(409)
  })

  it('D3: belongs to the browser that sent the first form: no other one goes on with it', async () => {
    const { session, browser, onward } = await begun(await keyWith(...APPLICATION))
    const victim = new Browser()
    await victim.visit(session.url)
    expect(onwardOf(await victim.visit(onward))).toBeUndefined()
    expect(server.tokenRequests()).toBe(0)
    expect(onwardOf(await browser.visit(onward))).toContain(application.url)
    expect(server.granted('authorization_code')).toBe(1)
  })

  it('D3: a key whose rights are limited gets no link that the page itself ends', async () => {
    const limit = { tags: { customer: '42' } }
    const rights = APPLICATION.map((permission) =>
      permission === 'connect-sessions.write' ? permission : { permission, ...limit },
    )
    const key = await keyWith(...rights)
    const refused = await gate.api('POST', '/connect-sessions', body('crm', limit), { key })
    expect([refused.status, refused.body.errors]).toEqual([400, [expect.objectContaining({ path: 'return_url' })]])
    const returning = body('crm', { ...limit, return_url: `${application.url}/back` })
    expect((await gate.api('POST', '/connect-sessions', returning, { key })).status).toBe(201)
    const elsewhere = body('other', { tags: { customer: '43' }, return_url: `${application.url}/back` })
    expect((await gate.api('POST', '/connect-sessions', elsewhere, { key })).status).toBe(403)
  })
})

/** A service that says who signed in. */
async function addAcme(): Promise<void> {
  const folder = join(gate.settings.data_dir, 'connectors')
  mkdirSync(folder, { recursive: true })
  const at = (path: string) => `"${server.url}${path}"`
  const oauth2 = `{ authorization_url: ${at('/authorize')}, token_url: ${at('/token')}, identity: [account] }`
  const head = `id: acme\nname: Acme\ndocs: https://acme.example/\nscheme: oauth2\nbase_url: ${server.url}\n`
  writeFileSync(join(folder, 'acme.yaml'), `${head}oauth2: ${oauth2}\n`)
  await gate.restart()
}

it('D3: reconnecting as somebody else is refused, and the connection stays whose it was', async () => {
  await addAcme()
  server.settings.extra = { account: 'ours' }
  const session = { connector: 'acme', connection_id: 'acme' }
  await onboard(gate, { ...session, network: NEAR }, typed())
  const before = await credentials(gate, 'acme')
  server.settings.extra = { account: 'somebody else’s' }
  await expect(onboard(gate, session)).rejects.toThrow('not connected')
  expect(await credentials(gate, 'acme')).toEqual(before)
  server.settings.extra = { account: 'ours' }
  await onboard(gate, session)
  expect(await credentials(gate, 'acme')).not.toEqual(before)
})

describe('D4: an answer of one service is not taken for that of another', () => {
  it('D4: at the callback of another connection a code is worth nothing, and is sent nowhere', async () => {
    const { browser, onward } = await begun(await keyWith(...APPLICATION))
    const answer = (await browser.ask(onward)).location as string
    const mixed = answer.replace('/generic-oauth2/crm', '/generic-oauth2/other')
    expect(mixed).not.toBe(answer)
    expect(onwardOf(await browser.visit(mixed))).toBeUndefined()
    expect([server.tokenRequests(), server.granted('authorization_code')]).toEqual([0, 0])
  })

  it('D4: neither without state, nor with that of another session in the same browser', async () => {
    const key = await keyWith(...APPLICATION)
    const first = await begun(key)
    const second = await begun(key, 'other')
    const own = (await first.browser.ask(first.onward)).location as string
    const answer = new URL(own)
    const foreign = new URL((await second.browser.ask(second.onward)).location as string)
    for (const state of [null, foreign.searchParams.get('state')]) {
      if (state === null) answer.searchParams.delete('state')
      else answer.searchParams.set('state', state)
      expect(onwardOf(await first.browser.visit(answer.href))).toBeUndefined()
    }
    expect(server.tokenRequests()).toBe(0)
    expect(onwardOf(await first.browser.visit(own))).toContain(application.url)
  })

  it('D4: an answer counts once', async () => {
    const { browser, onward } = await begun(await keyWith(...APPLICATION))
    const answer = (await browser.ask(onward)).location as string
    expect(onwardOf(await browser.visit(answer))).toContain(application.url)
    expect(onwardOf(await browser.visit(answer))).toBeUndefined()
    expect(server.tokenRequests()).toBe(1)
  })

  it('D4: another issuer in the answer than the one that was asked is refused before the code goes anywhere', async () => {
    server.settings.iss = 'wrong'
    const settings = { ...body().settings, issuer: server.url }
    const { body: session } = await gate.api('POST', '/connect-sessions', body('crm', { settings }))
    const browser = new Browser()
    const page = await sendForm(browser, session.url, await browser.visit(session.url), typed())
    await browser.visit(onwardOf(page) as string)
    expect(server.tokenRequests()).toBe(0)
    expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
  })
})

describe('D8: where the secrets of an exchange go', () => {
  it('D8: another token address without the secrets → 422, and nothing reaches it, not even at the next refresh', async () => {
    await onboard(gate, body(), typed())
    const settings = { ...body().settings, token_url: `${application.url}/token` }
    const moved = await gate.api('PATCH', '/connections/crm', { settings })
    expect([moved.status, moved.body.code]).toEqual([422, 'secrets_required'])
    expect((await gate.api('POST', '/connections/crm/refresh')).status).toBe(200)
    expect(application.requests).toEqual([])
  })

  it('D8: the secrets of a shared application go to its own addresses only', async () => {
    const { settings } = body()
    const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
    const app = await gate.api('PUT', '/connectors/generic-oauth2/app', { settings, secrets, network: NEAR })
    expect(app.status).toBe(200)
    const stolen = { ...settings, token_url: `${application.url}/token` }
    const session = await gate.api('POST', '/connect-sessions', { ...body(), settings: stolen, network: {} })
    expect([session.status, session.body.code]).toEqual([422, 'secrets_required'])
    const begins = { oauth_refresh_token: 'any' }
    const connection = { connector: 'generic-oauth2', settings: stolen, secrets: begins, verify: true }
    expect((await gate.api('POST', '/connections', connection)).body.code).toBe('secrets_required')
    expect(application.requests).toEqual([])
  })
})

describe('D7: what one application has for all connections', () => {
  it('D7: its secrets are handed to administrators only; another key that may read credentials gets the account’s own', async () => {
    const settings = { base_url: server.url, token_url: `${server.url}/token` }
    const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
    await gate.api('PUT', '/connectors/generic-oauth2-cc/app', { settings, secrets, network: NEAR })
    const made = { id: 'tenant', connector: 'generic-oauth2-cc', secrets: {} }
    expect((await gate.api('POST', '/connections', made)).status).toBe(201)
    const grants = [{ connection: 'tenant', allow: [], credentials: true }]
    const permissions = ['connections.read_credentials']
    const { key } = (await gate.api('POST', '/keys', { name: 'a tenant', grants, permissions })).body
    const { body } = await gate.api('GET', '/connections/tenant/credentials', undefined, { key })
    // What may be shown anyhow (the client id) is no secret of the application.
    expect(body.secrets).toEqual({ oauth_access_token: expect.any(String), oauth_client_id: server.clientId })
    expect(await credentials(gate, 'tenant')).toMatchObject({ oauth_client_secret: server.clientSecret })
  })
})
