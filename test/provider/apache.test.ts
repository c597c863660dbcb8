import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBrowser, type TestBrowser } from '../browser/browser.ts'
import { octroi } from '../cli/octroi.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type ApacheSite, COMMAND, freeSitePort, LEFT, startApache } from './apache_site.ts'
import { PASSWORD, type ProviderScene, type SceneClient, sceneOn, startPublicGate } from './scene.ts'

/** A certified relying party that others wrote, set up as docs/clients/apache.md says: the real Apache, the real program, a real browser. */

interface Entered {
  readonly context: BrowserContext
  readonly page: Page
}

const folder = mkdtempSync(join(tmpdir(), 'octroi-apache-keys-'))
let scene: Omit<ProviderScene, 'client'>
let application: Upstream
let chromium: TestBrowser
let site: ApacheSite
let importer: SceneClient
/** Signed in at the site. */
let ada: Entered
let keys: Upstream
let around: { readonly gateUrl: string; readonly applicationPort: number; readonly keysUrl: string }

beforeAll(async () => {
  const gate = await startPublicGate()
  scene = sceneOn(gate, true)
  application = await startUpstream()
  for (const id of ['staff', 'accounting'])
    expect((await gate.api('POST', '/groups', { id, name: id })).status).toBe(201)
  await scene.person('ada', { groups: ['staff', 'accounting'] })
  for (const id of ['ben', 'cleo']) await scene.person(id, { groups: ['staff'] })
  await scene.person('eve')
  const port = await freeSitePort()
  const secret = await register(port)
  // The gate's own keys, by TLS as in front of a real one.
  keys = await startUpstream({ tls: true })
  keys.on('/jwks', async ({ response }) => response.end(await (await fetch(`${scene.issuer}/jwks`)).text()))
  around = { gateUrl: gate.url, applicationPort: application.port, keysUrl: `${keys.url}/jwks` }
  site = await startApache({ port, secret, ...around })
  const resources = [{ id: 'https://api.example.org', scopes: ['read', 'write'] }]
  const openid = { grant_types: ['client_credentials'], scopes: ['openid'], resources }
  importer = await scene.makeClient('importer', openid, { redirect_uris: [], post_logout_redirect_uris: [] })
  chromium = await startBrowser()
  ada = await enter('ada', '/hello?a=1')
})
afterAll(async () => {
  await chromium?.close()
  await site?.stop()
  await application?.stop()
  await keys?.stop()
  await scene?.stop()
  rmSync(folder, { recursive: true })
})

/** The command of the page, at this gate; more options may follow. What it prints. */
async function register(port: number, id = 'intranet', ...more: string[]): Promise<string> {
  const here = COMMAND.replaceAll('https://intranet.example.org', `http://127.0.0.1:${port}`)
  const [, ...words] = here.replace('--id intranet', `--id ${id}`).split(/\s+/)
  const bare = words.map((word) => word.replace(/^'|'$/g, ''))
  const env = { OCTROI_URL: scene.gate.url, OCTROI_KEY: scene.gate.adminKey }
  const { code, stdout, stderr } = await octroi([...bare, '--allow-private', '--allow-http', ...more], { env })
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('rror')])
  return stdout.trim()
}

/** Asks for a page of the site, signs in at the gate, and comes back. */
async function enter(login: string, path = '/hello'): Promise<Entered> {
  const entered = await knock(login, path)
  await entered.page.waitForURL(`${site.url}${path}`)
  return entered
}

async function knock(login: string, path: string): Promise<Entered> {
  const context = await chromium.context()
  const page = await context.newPage()
  await page.goto(`${site.url}${path}`)
  expect(new URL(page.url()).origin).toBe(scene.gate.url)
  await page.fill('[name=login]', login)
  await page.fill('[name=password]', PASSWORD)
  await page.keyboard.press('Enter')
  return { context, page }
}

/** What the program behind Apache was sent. */
function behind(path: string) {
  const request = application.requests.findLast(({ url }) => url === path)
  return (name: string) => request?.header(name)
}

describe('mod_auth_openidc', () => {
  it('shows the site to whom Octroi lets in, and tells the program behind it who that is', async () => {
    const header = behind('/hello?a=1')
    expect(header('x-remote-user')).toBe('ada')
    const claims = ['sub', 'name', 'email', 'email_verified', 'groups', 'amr', 'iss', 'aud']
    const told = ['ada', 'ada', 'ada@example.org', '1', 'accounting,staff', 'pwd', scene.issuer, 'intranet']
    expect(claims.map((name) => header(`OIDC_CLAIM_${name}`))).toEqual(told)
    expect(header('OIDC_access_token')).toBeUndefined()
  })
  it('lets no header through that a browser made up', async () => {
    const headers = { 'x-remote-user': 'ben', OIDC_CLAIM_sub: 'ben', OIDC_CLAIM_phone: '1', OIDC_access_token: '1' }
    expect((await ada.page.request.get(`${site.url}/forged`, { headers })).status()).toBe(200)
    expect(Object.keys(headers).map(behind('/forged'))).toEqual(['ada', 'ada', undefined, undefined])
  })
  it('403 at a part of the site for who is not in its group', async () => {
    const ben = await enter('ben', '/accounts/')
    const status = async ({ page }: Entered) => (await page.request.get(`${site.url}/accounts/`)).status()
    expect([await status(ada), await status(ben)]).toEqual([200, 403])
    await ben.context.close()
  })
  it('never sees who may not use it: he stops at Octroi', async () => {
    const { page, context } = await knock('eve', '/hello')
    await page.getByText('This application is not open to you').waitFor()
    expect(new URL(page.url()).origin).toBe(scene.gate.url)
    expect((await context.cookies()).map(({ name }) => name)).not.toContain('mod_auth_openidc_session')
    await context.close()
  })
  it('a session that ends at Octroi ends at the site: back-channel logout', async () => {
    const { page, context } = await enter('cleo')
    const asked = { maxRedirects: 0, headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }
    const status = async () => (await page.request.get(`${site.url}/hello`, asked)).status()
    expect(await status()).toBe(200)
    expect((await scene.gate.api('DELETE', '/accounts/cleo/sessions')).status).toBeLessThan(300)
    await vi.waitFor(async () => expect(await status()).toBe(302), { timeout: 15_000, interval: 20 })
    await context.close()
  })
  it('signing out at the site signs out at Octroi, and leads back', async () => {
    const { page, context } = await enter('ben')
    await page.goto(`${site.url}/octroi?logout=${encodeURIComponent(`${site.url}/left`)}`)
    expect([page.url(), await page.textContent('body')]).toEqual([`${site.url}/left`, LEFT])
    await page.goto(`${site.url}/hello`)
    expect(await page.locator('[name=password]').count()).toBe(1)
    await context.close()
  })
})

describe('its other ways', () => {
  const write = (name: string, text: string) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'apache' }] }
  const key = write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  const shown = write('public.pem', publicKey.export({ type: 'spki', format: 'pem' }) as string)
  chmodSync(folder, 0o755)

  it.each<[string, readonly string[], (id: string) => readonly string[]]>([
    [
      'client_secret_post, RS256, its own discovery document',
      ['--auth-method', 'client_secret_post', '--id-token-alg', 'RS256'],
      (id) => [
        'OIDCProviderTokenEndpointAuth client_secret_post',
        'OIDCIDTokenSignedResponseAlg RS256',
        `OIDCProviderMetadataURL ${scene.issuer}/clients/${id}/.well-known/openid-configuration`,
      ],
    ],
    [
      'private_key_jwt',
      ['--auth-method', 'private_key_jwt', '--jwks-file', write('apache.jwks', JSON.stringify(jwks))],
      () => [
        `OIDCPrivateKeyFiles apache#${key}`,
        `OIDCPublicKeyFiles apache#${shown}`,
        'OIDCProviderTokenEndpointAuth private_key_jwt',
      ],
    ],
    [
      'requests and questions by POST',
      [],
      () => ['OIDCProviderAuthRequestMethod POST', 'OIDCUserInfoTokenMethod post_param'],
    ],
  ])('%s: a second site, without a second password', async (title, options, lines) => {
    const id = title.replace(/\W.*/, '')
    const port = await freeSitePort()
    const secret = (await register(port, id, ...options)) || 'none'
    const page = await ada.context.newPage()
    const instead = [['OIDCClientID intranet', `OIDCClientID ${id}`]] as const
    const second = await startApache({ port, secret, ...around, instead, more: lines(id) })
    try {
      await page.goto(`${second.url}/${id}`)
      await page.waitForURL(`${second.url}/${id}`)
      await vi.waitFor(() => expect(behind(`/${id}`)('OIDC_CLAIM_email')).toBe('ada@example.org'))
    } finally {
      await second.stop()
      await page.close()
    }
  })
})

describe('an API behind Apache', () => {
  const token = async (scope: string, more: Readonly<Record<string, string>> = {}) =>
    (await scene.post('/token', importer, { grant_type: 'client_credentials', scope, ...more })).body.access_token
  const call = (bearer: string) => fetch(`${site.url}/api/stock`, { headers: { authorization: `Bearer ${bearer}` } })

  it('200 with a token for it, 403 with another scope, 401 with one that is none', async () => {
    const answers = [await call(await token('read')), await call(await token('write')), await call('nonsense')]
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 401])
    expect(behind('/api/stock')('x-remote-user')).toBe('importer')
  })
})
