import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProviderScene, type SceneClient, startProviderScene } from '../provider/scene.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'

/** Requests as no application makes them, byte by byte. */

let scene: ProviderScene
let program: SceneClient

beforeAll(async () => {
  scene = await startProviderScene()
  const resources = [{ id: 'urn:example:api', scopes: ['read'] }]
  const openid = { grant_types: ['client_credentials'], scopes: ['openid'], resources }
  program = await scene.makeClient('program', openid, { redirect_uris: [], post_logout_redirect_uris: [] })
})
afterAll(() => scene.stop())

const FORM = 'Content-Type: application/x-www-form-urlencoded'

function send(start: string, headers: readonly string[] = [], body = '') {
  const { host, port } = new URL(scene.gate.url)
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return rawRequest(
    Number(port),
    rawLines(start, `Host: ${host}`, ...headers, ...length, 'Connection: close', '', body),
  )
}

describe('a method that is not served', () => {
  it.each([
    ['GET', '/oidc/token', 'POST'],
    ['PUT', '/oidc/token', 'POST'],
    ['GET', '/oidc/token/introspection', 'POST'],
    ['HEAD', '/oidc/token/revocation', 'POST'],
    ['GET', '/oidc/request', 'POST'],
    // The library would take it for the way back of a device.
    ['GET', '/oidc/device/auth', 'POST'],
    ['HEAD', '/oidc/device/auth?x=1', 'POST'],
    ['DELETE', '/oidc/me', 'GET, HEAD, POST'],
    ['PATCH', '/oidc/auth', 'GET, HEAD, POST'],
    ['POST', '/oidc/jwks', 'GET, HEAD'],
    ['POST', '/oidc/auth/abc', 'GET, HEAD'],
    ['POST', '/oidc/.well-known/openid-configuration', 'GET, HEAD'],
  ])('405 to %s %s', async (method, path, allow) => {
    const answer = await send(`${method} ${path} HTTP/1.1`)
    expect([answer.status, answer.header('allow')]).toEqual([405, allow])
  })
})

describe('what is no form', () => {
  const basic = () => `Authorization: Basic ${Buffer.from(`${program.id}:${program.secret}`).toString('base64')}`
  const ask = (...headers: readonly string[]) =>
    send('POST /oidc/token HTTP/1.1', [basic(), ...headers], 'grant_type=client_credentials')

  it.each([
    ['of another type', ['Content-Type: text/plain']],
    ['of JSON', ['Content-Type: application/json']],
    ['of several parts', ['Content-Type: multipart/form-data; boundary=x']],
    ['of no type', []],
  ])('400 for one %s, as the library has it, and no token', async (_, headers) => {
    const answer = await ask(...headers)
    expect([answer.status, JSON.parse(answer.body.toString()).error]).toEqual([400, 'invalid_request'])
  })

  it('200 for one that is, whatever the case of its type', async () => {
    expect((await ask(FORM)).status).toBe(200)
    expect((await ask('Content-Type: Application/X-WWW-Form-urlencoded; charset=UTF-8')).status).toBe(200)
  })
})

describe('T1 what a stranger says of where a request went', () => {
  const SPOOFED = [
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Prefix: /evil',
    'Forwarded: host=evil.example;proto=https',
    'X-Original-URL: /oidc/token',
    'X-HTTP-Method-Override: POST',
  ]

  it.each(SPOOFED)('moves neither the issuer nor a redirect: %s', async (header) => {
    const document = await send('GET /oidc/.well-known/openid-configuration HTTP/1.1', [header])
    expect(JSON.parse(document.body.toString()).issuer).toBe(scene.issuer)
    for (const path of ['/oidc/auth?client_id=app', '/oidc/device', '/oidc/session/end']) {
      const answer = await send(`GET ${path} HTTP/1.1`, [header])
      expect(answer.all.toString()).not.toContain('evil')
      expect(answer.header('location') ?? '/').toMatch(/^\//)
    }
  })

  it('400 for a name with an underscore (T2), and for one that comes twice (T3)', async () => {
    for (const headers of [
      ['X_Forwarded_Host: evil.example'],
      ['Authorization: Basic YTpi', 'Authorization: Basic YTpi'],
      ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2'],
    ])
      expect((await send('GET /oidc/jwks HTTP/1.1', headers)).status).toBe(400)
  })
})

describe('response_mode=form_post', () => {
  it('runs no script but its own, in no frame, and is kept nowhere', async () => {
    const browser = await scene.signIn()
    const params = { response_mode: 'form_post', state: '"><script>alert(1)</script>' }
    const { answer } = await scene.ask(browser, { params })
    expect(answer.text).not.toContain('<script>alert')
    const policy = answer.headers.get('content-security-policy') ?? ''
    const directives = policy.split(';').map((one) => one.trim())
    expect(directives).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^script-src 'sha256-[\w+/]{43}='$/),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
    expect(answer.headers.get('cache-control')).toContain('no-store')
  })
})
