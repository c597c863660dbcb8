import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refreshOf } from '../proxies/browser.ts'
import { CALLER, type FrontScene, PASSWORD, startFrontScene } from './front_scene.ts'
import { ALL } from './fronts.ts'

/** Real proxies with the files that ship, over TLS, in front of a real gate: at a host of its own and below a path. */

const SESSION = '__Host-octroi_session'

describe.each(ALL)('%s, Octroi at its own %s', (front, place) => {
  let scene: FrontScene
  let path: string
  beforeAll(async () => {
    scene = await startFrontScene(front, place)
    path = new URL(scene.base).pathname.replace(/\/$/, '')
  })
  afterAll(() => scene?.stop())

  const keyFrom = async (cidr: string) =>
    (await scene.gate.api('POST', '/keys', { name: 'k', cidrs: [cidr] })).body.key as string

  it('a person signs in: pages, form, cookie, and out again', async () => {
    const by = scene.browser()
    const host = new URL(scene.base).hostname
    const page = await by.open(`${scene.base}/sign-in`)
    expect(page.status).toBe(200)
    const signedIn = await by.submit(`${scene.base}/sign-in`, page, { login: 'ada', password: PASSWORD })
    expect(new URL(refreshOf(signedIn) ?? signedIn.headers.location ?? '', scene.base).href).toBe(
      `${scene.base}/account`,
    )
    // Secure, Path=/, no Domain: else this browser would not have kept it.
    expect(by.cookies(host).get(SESSION)).toMatch(/^[\w-]{43}$/)
    const account = await by.open(`${scene.base}/account`)
    expect([account.status, account.body.includes('ada@example.org')]).toEqual([200, true])
    const links = [...account.body.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, link]) => link as string)
    expect(links.length).toBeGreaterThan(3)
    expect(links.filter((link) => !link.startsWith(`${path}/`))).toEqual([])
    const asked = await by.open(`${scene.base}/session/sign-out`)
    expect((await by.submit(`${scene.base}/session/sign-out`, asked, {})).status).toBe(200)
    expect(by.cookies(host).has(SESSION)).toBe(false)
    expect((await by.open(`${scene.base}/account`)).status).toBeGreaterThanOrEqual(300)
  })

  it('403 for a form that another origin sends, with the browser’s own cookies', async () => {
    const by = scene.browser()
    const { body } = await by.open(`${scene.base}/sign-in`)
    const cookie = [...by.cookies(new URL(scene.base).hostname)].map(([name, value]) => `${name}=${value}`).join('; ')
    const hidden = [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)]
    const form = { ...Object.fromEntries(hidden.map((found) => found.slice(1))), login: 'ada', password: PASSWORD }
    const sent = (origin: string) => scene.call(`${path}/sign-in/password`, { cookie, origin }, form)
    expect((await sent('https://evil.example')).status).toBe(403)
    expect((await sent(new URL(scene.base).origin)).status).toBeLessThan(400)
  })

  it('T1: the gate knows from where a call comes, whatever the caller says of himself', async () => {
    const near = await keyFrom(`${CALLER}/32`)
    const far = await keyFrom('10.9.8.0/24')
    const forged = [
      { 'X-Forwarded-For': '10.9.8.7' },
      { 'X-Forwarded-For': ['10.9.8.7', '10.9.8.7'] },
      { 'X-Forwarded-For': '10.9.8.7, 127.0.0.1' },
      { Forwarded: 'for=10.9.8.7;proto=https' },
      { 'X-Real-IP': '10.9.8.7' },
      { 'X-Client-IP': '10.9.8.7' },
      { 'True-Client-IP': '10.9.8.7' },
    ]
    for (const lines of [{}, ...forged]) {
      const asked = async (key: string) =>
        (await scene.call(`${path}/api/v1/keys/self`, { 'api-key': key, ...lines })).status
      expect([await asked(near), await asked(far)], JSON.stringify(lines)).toEqual([200, 403])
    }
  })

  it.each([
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Port', '81'],
    ['X-Forwarded-Uri', '/evil'],
    ['X-Original-URL', '/evil'],
    ['Forwarded', 'host=evil.example;proto=http'],
  ])('T9: %s: %s of the caller moves no link and opens nothing', async (name, value) => {
    const answers = [await scene.call(`${path}/sign-in`), await scene.call(`${path}/sign-in`, { [name]: value })]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    for (const { body, headers } of answers) expect(body + JSON.stringify(headers)).not.toContain('evil')
    const [cookie] = answers.map(({ headers }) => String(headers['set-cookie']))
    expect(cookie).toContain('Secure')
    const refused = await scene.call(`${path}/api/v1/keys/self`, { [name]: value })
    expect([refused.status, JSON.parse(refused.body).type]).toEqual([401, `${scene.base}/errors/unauthenticated`])
  })

  it('T1: what a caller says of a client certificate is nobody’s word', async () => {
    await scene.gate.api('PATCH', '/accounts/administrator', { certificate_subjects: ['CN=Root'] })
    for (const name of ['X-Client-Subject', 'x-client-subject', 'X_Client_Subject']) {
      const { status } = await scene.call(`${path}/api/v1/accounts`, { [name]: 'CN=Root' })
      expect([400, 401], name).toContain(status)
    }
  })

  it.each([
    '/forward-auth',
    '/forward-auth?for=nginx',
    '/forward-auth/',
    '/forward-auth/x',
    '/%66orward-auth',
    '/forward%2Dauth',
    '/x/../forward-auth',
    '/./forward-auth',
    '//forward-auth',
  ])('T1: %s is for proxies alone', async (target) => {
    const told = {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Uri': '/',
      'X-Forwarded-Host': 'app.example.org',
      'X-Forwarded-Proto': 'https',
    }
    const { status, headers } = await scene.call(`${path}${target}`, told)
    expect([400, 404]).toContain(status)
    expect(headers['octroi-error'] ?? 'not_found').not.toMatch(/not_granted|unauthenticated|untrusted/)
  })

  it('the path of a call reaches the service as it was written', async () => {
    const key = (await scene.gate.api('POST', '/keys', { name: 'k', grants: [] })).body.key as string
    const { status, body } = await scene.call(`${path}/proxy/none/a%2Fb//c;d?e=%20`, { 'api-key': key })
    expect([status, JSON.parse(body).type]).toEqual([403, `${scene.base}/errors/not_granted`])
    const { body: audit } = await scene.gate.api('GET', '/audit?limit=10')
    expect(audit.items.map((line: { path: string }) => line.path)).toContain('/a%2Fb//c;d')
  })

  it('a request with a long address passes, as those of OpenID are', async () => {
    expect((await scene.call(`${path}/sign-in?x=${'y'.repeat(12_000)}`)).status).toBe(200)
  })

  it('a session says from where the browser came', async () => {
    const by = scene.browser()
    const page = await by.open(`${scene.base}/sign-in`)
    await by.submit(`${scene.base}/sign-in`, page, { login: 'ada', password: PASSWORD })
    const { body } = await scene.gate.api('GET', '/sessions?account=ada')
    const seen = body.items.map(({ address, user_agent }: Record<string, string>) => [address, user_agent])
    expect(seen).toContainEqual(['127.0.0.1', 'a browser'])
    // Who came from elsewhere, with the cookies of another.
    expect(seen).toContainEqual([CALLER, ''])
  })

  if (place === 'path')
    it('the rest of the host is not Octroi’s', async () => {
      for (const target of ['/', '/octroix', '/sign-in', '/api/v1/keys/self'])
        expect([(await scene.call(target)).status, (await scene.call(target)).body], target).toEqual([200, 'the rest'])
      const { status, headers } = await scene.call('/octroi')
      expect([status, headers.location]).toEqual([303, '/octroi/account'])
    })
  else if (front === 'nginx')
    it('plain HTTP leads to HTTPS', async () => {
      const { status, headers } = await scene.browser().open('http://octroi.example.org/sign-in?a=b')
      expect([status, headers.location]).toEqual([308, 'https://octroi.example.org/sign-in?a=b'])
    })
})
