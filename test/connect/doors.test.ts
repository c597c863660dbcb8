import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NEAR } from '../requirements/person.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { linkTo, text, visit } from './visitor.ts'

/** Who may send what to `/connect/...`: other sites, browsers without cookies, things that are no form. */

let gate: TestGate
let service: Upstream
beforeAll(async () => {
  ;[gate, service] = await Promise.all([startTestGate(), startUpstream()])
})
afterAll(() => Promise.all([gate?.stop(), service?.stop()]))

const body = () => ({
  connector: 'generic-api-key',
  settings: { base_url: service.url, test_path: '/status/200' },
  network: NEAR,
})
const open = () => linkTo(gate, body())

/** The cookie and the token of the form, as a browser that opened the link has them. */
async function holding(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers })
  const page = await answer.text()
  const set = answer.headers.getSetCookie()
  const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page) ?? []
  return { set, cookie: (set[0] ?? '').split(';')[0] as string, csrf, page, answer }
}

const form = (csrf: string, more: Record<string, string> = {}) =>
  new URLSearchParams({ csrf, 'secrets.api_key': 'canary-typed', ...more })

const post = (url: string, fields: string | URLSearchParams, headers: Record<string, string>) =>
  fetch(url, { method: 'POST', body: fields, headers })

describe('a form that another page sends', () => {
  it('403, and nothing is connected: without the token, with that of another link or browser, from another site', async () => {
    const { url, id } = await open()
    const other = await holding((await open()).url)
    const { cookie, csrf } = await holding(url)
    const stranger = await holding(url)
    const tries: [string, Record<string, string>][] = [
      ['', { cookie }],
      [other.csrf, { cookie }],
      [stranger.csrf, { cookie }],
      [csrf, { cookie: stranger.cookie }],
      ['é'.repeat(csrf.length), { cookie }],
      [csrf, { cookie, 'sec-fetch-site': 'cross-site' }],
      [csrf, { cookie, 'sec-fetch-site': 'same-site' }],
      // Two cookies of the name: somebody has planted one.
      [csrf, { cookie: `${cookie}; ${cookie}` }],
    ]
    for (const [token, headers] of tries) {
      const answer = await post(url, form(token), headers)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
      expect(await answer.text()).not.toContain('canary-typed')
    }
    expect((await gate.api('GET', `/connections/${id}`)).status).toBe(404)
    const own = await post(url, form(csrf), { cookie, 'sec-fetch-site': 'same-origin' })
    expect(text(await own.text())).toContain('is connected')
  })
  it('403 in words, in the language of the form, where the browser keeps no cookies', async () => {
    const { url } = await open()
    const { csrf } = await holding(url)
    const answer = await post(url, form(csrf, { lang: 'fr' }), {})
    expect(answer.status).toBe(403)
    expect(text(await answer.text())).toContain('Il manque un cookie')
  })
})

describe('what is no form of ours', () => {
  it.each([
    [413, 'a form that is too large', 'application/x-www-form-urlencoded', `secrets.api_key=${'x'.repeat(300_000)}`],
    [400, 'a field twice', 'application/x-www-form-urlencoded', 'secrets.api_key=canary-a&secrets.api_key=canary-b'],
    [400, 'JSON', 'application/json', '{"secrets.api_key":"canary-a"}'],
    [400, 'text', 'text/plain', 'secrets.api_key=canary-a'],
    [400, 'files', 'multipart/form-data; boundary=x', '--x--'],
  ])('%i for %s', async (status, _, type, sent) => {
    const { url } = await open()
    const { cookie } = await holding(url)
    const answer = await post(url, sent, { cookie, 'content-type': type })
    const page = await answer.text()
    expect([answer.status, text(page)]).toEqual([status, expect.stringContaining('could not be read')])
    expect(page).not.toContain('canary')
  })
  it.each(['PUT', 'DELETE', 'PATCH'])('404 for %s', async (method) => {
    expect((await fetch((await open()).url, { method })).status).toBe(404)
  })
  it('a field of the query twice → 400; names of prototypes are fields like others', async () => {
    const { url } = await open()
    expect((await fetch(`${url}?scheme=a&scheme=b`)).status).toBe(400)
    const { cookie, csrf } = await holding(url)
    const odd = form(csrf, { 'settings.__proto__': 'x', 'secrets.constructor': 'y', __proto__: 'z' })
    expect(text(await (await post(url, odd, { cookie })).text())).toContain('is connected')
  })
})

describe('a link', () => {
  it('opened by scanners changes nothing, and does not take it away from its person', async () => {
    const { url, session } = await open()
    for (let i = 0; i < 30; i++) await fetch(url)
    await fetch(url, { method: 'HEAD' })
    expect((await gate.api('GET', `/connect-sessions/${session}`)).body.state).toBe('pending')
    const visitor = await visit(url)
    expect(text(await visitor.send({ 'secrets.api_key': 'typed' }))).toContain('is connected')
  })
  it('that was tried in one browser is worth nothing in another', async () => {
    const { url, id } = await open()
    const first = await visit(url)
    await first.send({ 'secrets.api_key': 'a\nb' })
    const second = await visit(url)
    expect(text(await second.send({ 'secrets.api_key': 'canary-other' }))).toContain('already used')
    expect((await gate.api('GET', `/connections/${id}`)).status).toBe(404)
    expect(text(await first.send({ 'secrets.api_key': 'typed' }))).toContain('is connected')
  })
  it.each(['x', 'A'.repeat(43), 'callback', '%00', '..%2f', 'a'.repeat(250)])(
    'that nobody made: %s → no page of ours but "unknown"',
    async (link) => {
      const answer = await fetch(`${gate.url}/connect/${link}`)
      expect([400, 404]).toContain(answer.status)
      expect(await answer.text()).not.toContain('csrf')
    },
  )
  it('is kept by no cache, told to no other site, framed by nobody; the cookie is for this host alone', async () => {
    const { answer, set } = await holding((await open()).url)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    })
    expect(set[0]).toMatch(/^octroi_connect=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/)
  })
})

describe('where Octroi is hosted', () => {
  it('under https the cookie can only be set by this host (__Host-)', async () => {
    const secure = await startTestGate({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
    try {
      const { url } = await linkTo(secure, body())
      const { set, cookie, csrf } = await holding(url)
      expect(set[0]).toMatch(/^__Host-octroi_connect=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure$/)
      expect((await post(url, form(csrf), { cookie: cookie.replace('__Host-', '') })).status).toBe(403)
      expect(text(await (await post(url, form(csrf), { cookie })).text())).toContain('is connected')
    } finally {
      await secure.stop()
    }
  })
  it('under a path, links, forms and the address to come back to have it', async () => {
    const under = await startTestGate({ OCTROI_PUBLIC_URL: 'https://example.org/gate' })
    try {
      const { body: made } = await under.api('POST', '/connect-sessions', body())
      expect(made.url).toMatch(/^https:\/\/example\.org\/gate\/connect\/[\w-]{43}$/)
      const path = new URL(made.url).pathname
      const { page, csrf, cookie } = await holding(`${under.url}${path}`)
      expect(page).toContain(`action="${path}"`)
      const done = await post(`${under.url}${path}`, form(csrf), { cookie })
      expect(text(await done.text())).toContain('is connected')
      const oauth = { connector: 'generic-oauth2', connection_id: 'crm' }
      const { body: signing } = await under.api('POST', '/connect-sessions', oauth)
      expect(signing.redirect_uri).toBe('https://example.org/gate/connect/callback/generic-oauth2/crm')
    } finally {
      await under.stop()
    }
  })
})
