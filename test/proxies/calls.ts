import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HOST, NAME, type Scene, SHOP, type Start, startScene } from './scene.ts'
import { headersSeen, identity, outcome } from './seen.ts'

/** What every proxy has to do with one call, whoever makes it. */
export function describeCalls(start: Start): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`

  describe('a good credential', () => {
    it.each([
      ['API-KEY', () => `API-KEY: ${scene.keys.crm}`],
      ['X-API-Key', () => `X-API-Key: ${scene.keys.crm}`],
      ['Bearer', () => `Authorization: Bearer ${scene.keys.crm}`],
      ['Basic', () => basic(`any:${scene.keys.crm}`)],
    ])('200 with a key in %s, which the application does not see', async (_, line) => {
      const answer = await scene.ask('GET /orders/1?q=a%2Fb&q=c', line())
      expect([answer.status, String(answer.body)]).toEqual([200, 'the application'])
      const [request] = scene.application.seen
      expect([request?.method, request?.url, request?.header('host')]).toEqual(['GET', '/orders/1?q=a%2Fb&q=c', HOST])
      expect(headersSeen(scene)).not.toContain(scene.keys.crm)
      expect([request?.header('authorization'), request?.header('api-key')]).toEqual([undefined, undefined])
    })

    it('200, and the application is told who calls, with a signature', async () => {
      await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.crm}`)
      const { 'Octroi-Assertion': assertion = '', 'Octroi-Key-Id': keyId = '', ...who } = identity(scene)
      expect(who).toEqual({
        'Octroi-Subject': 'crm',
        'Octroi-Kind': 'key',
        'Octroi-Name': expect.stringMatching(/^[\x20-\x7e]+$/),
        'Octroi-Email': 'crm@example.org',
        'Octroi-Groups': 'sales',
      })
      expect([NAME, 'a program']).toContain(decodeURIComponent(who['Octroi-Name'] as string))
      const jwks = (await (await fetch(`${scene.gate.url}/.well-known/jwks.json`)).json()) as { keys: [] }
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks), { audience: HOST })
      expect(payload).toMatchObject({
        sub: 'crm',
        kind: 'key',
        email: 'crm@example.org',
        groups: ['sales'],
        key_id: keyId,
      })
    })

    it('200 with a body, which reaches the application whole', async () => {
      const body = 'x'.repeat(300_000)
      const answer = await scene.ask(
        'POST /orders/new',
        `API-KEY: ${scene.keys.crm}`,
        `Content-Length: ${body.length}`,
        '',
        body,
      )
      expect(answer.status).toBe(200)
      const [request] = scene.application.seen
      expect([request?.method, String(request?.body) === body]).toEqual(['POST', true])
    })

    it('200 with a body in chunks', async () => {
      const head = [`API-KEY: ${scene.keys.crm}`, 'Transfer-Encoding: chunked', '']
      const answer = await scene.ask('POST /orders/new', ...head, '5', 'hello', '6', ' world', '0', '', '')
      expect([answer.status, String(scene.application.seen[0]?.body)]).toEqual([200, 'hello world'])
    })

    it('200 for HEAD where GET is allowed', async () => {
      const answer = await scene.ask('HEAD /orders/1', `API-KEY: ${scene.keys.crm}`)
      expect([answer.status, scene.application.seen[0]?.method]).toEqual([200, 'HEAD'])
    })

    it('200, and the application is told where the request came from', async () => {
      await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.crm}`)
      const told = ['for', 'host', 'proto'].map((name) => scene.application.seen[0]?.header(`x-forwarded-${name}`))
      expect(told).toEqual(['127.0.0.1', HOST, 'http'])
    })

    it('200, and only the gate says that the gate refused', async () => {
      const answer = await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.crm}`)
      expect(outcome(answer, scene)).toEqual([200, undefined, 1])
    })
  })

  describe('refusals', () => {
    it('401 without a credential, with what the route takes', async () => {
      const answer = await scene.ask('GET /orders/1')
      expect(outcome(answer, scene)).toEqual([401, 'unauthenticated', 0])
      expect(answer.header('www-authenticate')).toMatch(/^Bearer/)
    })

    it.each(['GET', 'POST', 'HEAD'])('401 with a wrong key: %s', async (method) => {
      const wrong = `${scene.keys.crm.slice(0, -1)}${scene.keys.crm.endsWith('0') ? '1' : '0'}`
      const answer = await scene.ask(`${method} /orders/1`, `API-KEY: ${wrong}`, 'Content-Length: 0')
      expect(outcome(answer, scene)).toEqual([401, 'unauthenticated', 0])
      expect(answer.header('www-authenticate')).toBeDefined()
    })

    it('403 with a key that may not', async () => {
      const answer = await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.other}`)
      expect(outcome(answer, scene)).toEqual([403, 'not_granted', 0])
    })

    it.each(['DELETE', 'PUT', 'PATCH', 'PROPFIND'])('403 for %s, which the route does not name', async (method) => {
      const answer = await scene.ask(`${method} /orders/1`, `API-KEY: ${scene.keys.crm}`)
      expect(outcome(answer, scene)).toEqual([403, 'not_granted', 0])
    })

    it('403 where there is no route', async () => {
      const answer = await scene.ask('GET /nowhere', `API-KEY: ${scene.keys.crm}`)
      expect(outcome(answer, scene)).toEqual([403, 'not_granted', 0])
    })

    it('429 past the limit of a key, and when to come again', async () => {
      const first = await scene.ask('GET /once', `API-KEY: ${scene.keys.once}`)
      expect(first.status).toBe(200)
      const second = await scene.ask('GET /once', `API-KEY: ${scene.keys.once}`)
      expect(outcome(second, scene)).toEqual([429, 'rate_limited', 1])
      expect(Number(second.header('retry-after'))).toBeGreaterThan(0)
    })

    it('400 with two different credentials in two places', async () => {
      const answer = await scene.ask(
        'GET /orders/1',
        `API-KEY: ${scene.keys.crm}`,
        `Authorization: Bearer ${scene.keys.other}`,
      )
      expect(outcome(answer, scene)).toEqual([400, 'ambiguous_credentials', 0])
    })
  })

  it('what the gate is told comes from the proxy, and the trace of a caller reaches it', async () => {
    const { body: trace } = await scene.gate.api('POST', '/forward-auth/traces')
    const spoofs = [
      'X-Original-URL: /admin',
      'Forwarded: host=evil',
      'X-Forwarded-Uri: /admin',
      'X-Forwarded-For: 1.2.3.4',
    ]
    const credentials = [`X-API-Key: ${scene.keys.crm}`, 'Cookie: a=1']
    await scene.ask(
      'POST /orders/1?q=1',
      `Octroi-Trace: ${trace.id}`,
      ...credentials,
      ...spoofs,
      'Content-Length: 2',
      '',
      'ok',
    )
    const { body } = await scene.gate.api('GET', `/forward-auth/traces/${trace.id}`)
    expect(body.seen).toHaveLength(1)
    const [seen] = body.seen
    expect(seen).toMatchObject({ trusted: true, address: '127.0.0.1', host: HOST, method: 'POST', path: '/orders/1' })
    expect(seen).toMatchObject({ credentials: ['X-API-Key', 'Cookie'], route: 'orders', status: 200, code: null })
    const named = seen.headers.map((name: string) => name.toLowerCase()).sort()
    expect(named).toEqual(['host', ...['for', 'host', 'method', 'proto', 'uri'].map((name) => `x-forwarded-${name}`)])
  })

  describe('nobody in particular', () => {
    it('200 on an anonymous route, with no identity', async () => {
      const answer = await scene.ask('GET /public/page')
      expect([answer.status, identity(scene)]).toEqual([200, {}])
    })

    it('200 on an anonymous route with a key, with its identity', async () => {
      await scene.ask('GET /public/page', `API-KEY: ${scene.keys.crm}`)
      expect(identity(scene)).toMatchObject({ 'Octroi-Subject': 'crm' })
    })

    it('a preflight from an origin that the route names passes, with no identity', async () => {
      const lines = [`Origin: ${SHOP}`, 'Access-Control-Request-Method: POST', 'Octroi-Subject: crm']
      const answer = await scene.ask('OPTIONS /orders/1', ...lines)
      expect([answer.status, scene.application.seen[0]?.method, identity(scene)]).toEqual([200, 'OPTIONS', {}])
    })

    it.each([
      ['another origin', 'https://evil.example', 'POST'],
      ['a method that the route does not name', SHOP, 'DELETE'],
    ])('a preflight for %s does not', async (_, origin, method) => {
      const lines = [`Origin: ${origin}`, `Access-Control-Request-Method: ${method}`]
      const answer = await scene.ask('OPTIONS /orders/1', ...lines)
      expect([401, 403]).toContain(answer.status)
      expect(scene.application.seen).toHaveLength(0)
    })
  })
}
