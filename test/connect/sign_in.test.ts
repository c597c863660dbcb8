import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { credentials, NEAR, onwardOf, startPublicGate } from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { startOidcProvider } from '../support/vendors/oidc_provider.ts'
import { startSuperOffice } from '../support/vendors/superoffice.ts'
import { asked, type Link, linkTo, text, type Visitor, visit } from './visitor.ts'

/** A person who signs in at the service and comes back. */

let gate: TestGate
let server: OAuth2Server
beforeEach(async () => {
  gate = await startPublicGate()
  const at = (path: string) => `${gate.url}/connect/callback/${path}`
  server = await startOAuth2Server({ settings: { redirectUris: [at('generic-oauth2/crm'), at('fiken-like')] } })
})
afterEach(async () => {
  await gate.stop()
  await server.stop()
})

const settings = () => ({
  base_url: server.url,
  authorization_url: `${server.url}/authorize`,
  token_url: `${server.url}/token`,
  test_path: '/whoami',
})
const link = (more: object = {}): Promise<Link> =>
  linkTo(gate, { connector: 'generic-oauth2', settings: settings(), ...more }, 'crm')
const typed = () => ({ 'secrets.client_id': server.clientId, 'secrets.client_secret': server.clientSecret })
const state = async (id = 'crm') => (await gate.api('GET', `/connections/${id}`)).body.state

describe('an application of one’s own', () => {
  it('the form names the address to register, asks once, and leads on by a page, not by a redirect', async () => {
    const { url } = await link()
    const visitor = await visit(url)
    expect(text(visitor.page())).toContain(`${gate.url}/connect/callback/generic-oauth2/crm`)
    expect(asked(visitor.page())).toEqual(expect.arrayContaining(['secrets.client_id', 'secrets.client_secret']))
    const onward = await visitor.send(typed())
    expect(onwardOf(onward)).toMatch(/code_challenge_method=S256/)
    expect(onward).not.toContain(server.clientSecret)
    expect(text(await visitor.onward())).toContain('is connected')
    expect(await state()).toBe('ready')
    // The link, and the way back, were good once.
    expect(text((await visit(url)).page())).toContain('already used')
    expect(text(await visitor.browser.visit(url))).toContain('already used')
  })

  it('a client secret that the service refuses is asked for again, and the right one connects', async () => {
    const { url } = await link()
    const visitor = await visit(url)
    await visitor.send({ ...typed(), 'secrets.client_secret': 'canary-wrong' })
    const refused = await visitor.onward()
    expect(text(refused)).toContain('refused the connection')
    expect(refused).not.toContain('canary-wrong')
    const again = await visit(url, visitor.browser)
    expect(asked(again.page())).toContain('secrets.client_secret')
    await again.send(typed())
    expect(text(await again.onward())).toContain('is connected')
  })

  it('a public client has no secret, before and after the person has said no once', async () => {
    server.settings.clientAuth = 'none'
    server.settings.signInError = 'access_denied'
    const { url } = await link()
    const first = await visit(url)
    await first.send({ 'secrets.client_id': server.clientId })
    expect(text(await first.onward())).toContain('was not approved')
    server.settings.signInError = undefined
    const again = await visit(url, first.browser)
    await again.send()
    expect(onwardOf(again.page())).toContain('/authorize')
  })
})

describe('what the person or the service says', () => {
  async function afterSignIn(): Promise<{ page: string; visitor: Visitor; url: string }> {
    const { url } = await link()
    const visitor = await visit(url)
    await visitor.send(typed())
    return { page: await visitor.onward(), visitor, url }
  }
  it('no: nothing is connected, and another try asks for nothing that was given', async () => {
    server.settings.signInError = 'access_denied'
    const { page, visitor, url } = await afterSignIn()
    expect(text(page)).toContain('The connection was not approved')
    expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
    server.settings.signInError = undefined
    const again = await visit(url, visitor.browser)
    expect(asked(again.page())).not.toContain('secrets.client_secret')
    await again.send()
    expect(text(await again.onward())).toContain('is connected')
  })
  it('trouble at the token endpoint is told as such, and another try works', async () => {
    server.failTokens(1, 503)
    const { page, visitor, url } = await afterSignIn()
    expect(text(page)).toContain('could not be connected')
    const again = await visit(url, visitor.browser)
    await again.send()
    expect(text(await again.onward())).toContain('is connected')
  })
  it.each(['changed', 'absent'] as const)('a state that is %s leads nowhere, and no code is redeemed', async (how) => {
    server.settings.state = how
    const { page } = await afterSignIn()
    expect(text(page)).toContain('This link is not known')
    expect(server.tokenRequests()).toBe(0)
  })
  it('a token that the service itself refuses then is not kept', async () => {
    const { url } = await link({ settings: { ...settings(), test_path: '/nowhere' } })
    const visitor = await visit(url)
    await visitor.send(typed())
    expect(text(await visitor.onward())).toContain('could not be connected')
    expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
  })
  it('an answer that comes twice at once is redeemed once', async () => {
    const { url } = await link()
    const visitor = await visit(url)
    const answer = (await visitor.browser.ask(onwardOf(await visitor.send(typed())) as string)).location as string
    const pages = await Promise.all([1, 2, 3].map(() => visitor.browser.visit(answer)))
    expect(pages.filter((page) => text(page).includes('is connected'))).toHaveLength(1)
    expect(server.tokenRequests()).toBe(1)
  })
})

describe('reconnecting', () => {
  it('"again" is said of what was connected before, and not of what only waits for its person', async () => {
    const body = { id: 'crm', connector: 'generic-oauth2', settings: settings(), network: NEAR }
    const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
    expect((await gate.api('POST', '/connections', { ...body, secrets })).body.state).toBe('pending')
    const again = () => linkTo(gate, { connector: 'generic-oauth2', network: {} }, 'crm')
    const first = await visit((await again()).url)
    expect(text(first.page())).not.toContain('again')
    expect(asked(first.page())).toEqual([])
    await first.send()
    expect(text(await first.onward())).toContain('is connected')
    const events = (await gate.api('GET', '/events')).body.items.map(({ type }: { type: string }) => type)
    expect(events).not.toContain('connection.recovered')
    expect(text((await visit((await again()).url)).page())).toContain('again')
  })

  it('grants, tags, settings and the id stay; another address of the connection meanwhile ends the link', async () => {
    const visitor = await visit((await link({ tags: { customer: '42' } })).url)
    await visitor.send(typed())
    await visitor.onward()
    const before = (await gate.api('GET', '/connections/crm')).body
    const again = await visit((await linkTo(gate, { connector: 'generic-oauth2', network: {} }, 'crm')).url)
    await again.send()
    await again.onward()
    const after = (await gate.api('GET', '/connections/crm')).body
    for (const field of ['id', 'settings', 'tags', 'network', 'created_at', 'state'])
      expect(after[field]).toEqual(before[field])
    const stale = await visit((await linkTo(gate, { connector: 'generic-oauth2', network: {} }, 'crm')).url)
    await stale.send()
    const moved = { settings: { token_url: `${server.url}/oauth/token` } }
    const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
    expect((await gate.api('PATCH', '/connections/crm', { ...moved, secrets })).status).toBe(200)
    expect(text(await stale.onward())).toContain('This link has expired')
    expect((await gate.api('GET', '/connections/crm')).body.settings.token_url).toBe(`${server.url}/oauth/token`)
  })
})

/** A service at which a person has several accounts, and that says who signed in; its application is the connector's. */
async function addFikenLike(request: string, items = ''): Promise<void> {
  const folder = join(gate.settings.data_dir, 'connectors')
  mkdirSync(folder, { recursive: true })
  const lines = [
    'id: fiken-like',
    'name: Fiken-like',
    'docs: https://fiken.example/',
    'scheme: oauth2',
    'settings: { company: { title: Company, pattern: "[a-z-]{1,20}", optional: true } }',
    `base_url: ${server.url}`,
    `accounts: { request: GET ${request},${items} id: [slug], label: [name], setting: company }`,
    `oauth2: { authorization_url: "${server.url}/authorize", token_url: "${server.url}/token", identity: [account] }`,
    'test: GET /whoami',
  ]
  writeFileSync(join(folder, 'fiken-like.yaml'), `${lines.join('\n')}\n`)
  await gate.restart()
  const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
  expect((await gate.api('PUT', '/connectors/fiken-like/app', { secrets, network: NEAR })).status).toBe(200)
}

describe('several accounts at the service', () => {
  it('one is chosen, and becomes the setting; another than those listed is not taken', async () => {
    await addFikenLike('/companies')
    server.settings.extra = { account: 'ours' }
    const { url, id } = await linkTo(gate, { connector: 'fiken-like', network: {} })
    const visitor = await visit(url)
    expect(asked(visitor.page())).toEqual([])
    expect(text(visitor.page())).toContain(new URL(server.url).host)
    await visitor.send()
    const choice = await visitor.onward()
    expect(text(choice)).toContain('Sør AS')
    expect(text((await visit(url, visitor.browser)).page())).toContain('Sør AS')
    expect(text(await visitor.send({ account: 'somebody-elses' }))).toContain('Choose one of the accounts')
    expect(text(await visitor.send({ account: 'sor-as' }))).toContain('is connected')
    expect((await gate.api('GET', `/connections/${id}`)).body).toMatchObject({
      app: 'fiken-like',
      settings: { company: 'sor-as' },
      token: { identity: 'ours' },
    })
    // Connected again: the account is known, and nobody is asked.
    const again = await visit((await linkTo(gate, { connector: 'fiken-like', network: {} }, id)).url)
    await again.send()
    expect(text(await again.onward())).toContain('is connected')
  })
  it('the only one is taken without a question; without any, nothing is connected', async () => {
    await addFikenLike('/whoami', ' items: [list],')
    const connect = async (list: readonly object[]) => {
      server.settings.identity = { list }
      const { url, id } = await linkTo(gate, { connector: 'fiken-like', network: {} })
      const visitor = await visit(url)
      await visitor.send()
      return { page: text(await visitor.onward()), connection: (await gate.api('GET', `/connections/${id}`)).body }
    }
    const one = await connect([{ slug: 'nord-as', name: 'Nord AS' }])
    expect([one.page, one.connection.settings]).toEqual([
      expect.stringContaining('is connected'),
      { company: 'nord-as' },
    ])
    const none = await connect([])
    expect([none.page, none.connection.status]).toEqual([expect.stringContaining('refused the connection'), 404])
    const odd = await connect([{ slug: 'NOT A SLUG', name: 'Odd' }])
    expect([odd.page, odd.connection.status]).toEqual([expect.stringContaining('refused the connection'), 404])
  })
})

it('409 identity_changed at the redemption, where a token of another person came to the connection meanwhile', async () => {
  await addFikenLike('/companies')
  const body = { connector: 'fiken-like', network: {} }
  const connect = async (account: string, more: object = {}) => {
    server.settings.extra = { account }
    const { url, session } = await linkTo(gate, { ...body, ...more }, 'ours')
    const visitor = await visit(url)
    await visitor.send()
    return { session, back: onwardOf(await visitor.onward()) }
  }
  await connect('ours', { settings: { company: 'nord-as' } })
  const waiting = await connect('ours', { return_url: 'http://127.0.0.1:9/' })
  const code = new URL(waiting.back as string).searchParams.get('code')
  // A new beginning with a token of unknown owner, then somebody else signs in.
  await gate.api('PATCH', '/connections/ours', { secrets: { oauth_refresh_token: 'unknown' } })
  await connect('theirs')
  const redeem = () => gate.api('POST', `/connect-sessions/${waiting.session}/redeem`, { code })
  expect((await redeem()).body).toMatchObject({ status: 409, code: 'identity_changed' })
  expect((await redeem()).body).toMatchObject({ status: 409, code: 'identity_changed' })
  expect((await gate.api('GET', '/connections/ours')).body.token.identity).toBe('theirs')
})

it('a real OpenID provider: signed in, connected, renewed', async () => {
  const provider = await startOidcProvider({ redirectUris: [`${gate.url}/connect/callback/generic-oauth2/crm`] })
  try {
    const at = {
      base_url: provider.url,
      authorization_url: `${provider.issuer}/auth`,
      token_url: `${provider.issuer}/token`,
      issuer: provider.issuer,
      scope: 'openid offline_access email',
      test_path: '/resource',
    }
    const visitor = await visit((await link({ settings: at })).url)
    await visitor.send({ 'secrets.client_id': provider.clientId, 'secrets.client_secret': provider.clientSecret })
    expect(text(await visitor.onward())).toContain('is connected')
    expect((await gate.api('POST', '/connections/crm/refresh')).status).toBe(200)
    expect((await credentials(gate, 'crm')).oauth_access_token).toEqual(expect.any(String))
  } finally {
    await provider.stop()
  }
})

it('SuperOffice: the tenant’s administrator agrees, for a key that redeems', async () => {
  const so = await startSuperOffice({ redirectUris: [`${gate.url}/connect/callback/superoffice/crm`] })
  try {
    const body = { connector: 'superoffice', settings: { login_url: so.url }, return_url: 'http://127.0.0.1:9/back' }
    const { url, session } = await linkTo(gate, body, 'crm')
    const visitor = await visit(url)
    const { clientId, clientSecret, key } = so.app
    await visitor.send({
      'secrets.client_id': clientId,
      'secrets.client_secret': clientSecret,
      'secrets.private_key': key.xml,
    })
    const back = new URL(onwardOf(await visitor.onward()) as string)
    const redeemed = await gate.api('POST', `/connect-sessions/${session}/redeem`, {
      code: back.searchParams.get('code'),
    })
    expect([redeemed.status, redeemed.body.state]).toEqual([200, 'ready'])
    expect((await gate.api('POST', '/connections/crm/test')).body.ok).toBe(true)
  } finally {
    await so.stop()
  }
})
