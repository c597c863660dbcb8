import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, askRaw, keyFor, type Scene, SIGNED, sentHeaders, startScene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

const sent = () => sentHeaders(scene.upstream.requests.at(-1)?.rawHeaders ?? [])

describe('what goes to the service', () => {
  it.each([
    ['Bearer', (key: string) => `Authorization: Bearer ${key}`],
    ['bearer in any case', (key: string) => `authorization: BEARER ${key}`],
    ['Basic', (key: string) => `Authorization: Basic ${Buffer.from(`anybody:${key}`).toString('base64')}`],
    ['API-KEY', (key: string) => `API-KEY: ${key}`],
    ['X-API-Key', (key: string) => `x-api-key: ${key}`],
  ])('C-01: 200 with the key as %s; the service sees its own credential alone', async (_, header) => {
    const answer = await askRaw({ gate: scene.gate, key: '' }, 'GET /proxy/svc/who', header(scene.key))
    expect(answer.status).toBe(200)
    expect(sent().authorization).toEqual([SIGNED])
    expect(JSON.stringify(scene.upstream.requests)).not.toContain(scene.key)
    expect([sent()['api-key'], sent()['x-api-key']]).toEqual([undefined, undefined])
  })

  it('end-to-end headers pass as they were written, in order, with their duplicates', async () => {
    const lines = ['If-None-Match: "v1"', 'If-Match: *', 'If-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT']
    const more = ['Range: bytes=0-9', 'If-Range: "v1"', 'Idempotency-Key: abc', 'X-Correlation-ID: c-1', 'X-A: 1']
    const last = [
      'x-a: 2',
      'Accept-Encoding: gzip, br',
      'User-Agent: RecyClique',
      'Accept: text/html;q=0.5',
      'Prefer: x',
    ]
    await askRaw(scene, 'GET /proxy/svc/', ...lines, ...more, ...last)
    const pairs: string[] = []
    const raw = scene.upstream.requests[0]?.rawHeaders ?? []
    for (let i = 0; i < raw.length; i += 2) pairs.push(`${raw[i]}: ${raw[i + 1]}`)
    const wanted = [...lines, ...more, ...last]
    expect(pairs.filter((pair) => wanted.includes(pair))).toEqual(wanted)
  })

  it('hop-by-hop headers and those that Connection names stay here', async () => {
    await askRaw(
      scene,
      'GET /proxy/svc/',
      'Connection: keep-alive, X-Hop , authorization, x-forwarded-for',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'TE: trailers',
      'Trailer: X-T',
      'X-Stays: 1',
    )
    const headers = sent()
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer']) {
      expect([name, headers[name]]).toEqual([name, undefined])
    }
    expect(headers['x-stays']).toEqual(['1'])
    expect(headers.authorization).toEqual([SIGNED])
    expect(headers['x-forwarded-for']).toEqual(['127.0.0.1'])
  })

  it('cookies stay here, X-Forwarded-* are ours', async () => {
    await askRaw(
      scene,
      'GET /proxy/svc/',
      'Cookie: session=1',
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Host: evil.test',
      'X-Forwarded-Port: 1',
    )
    const headers = sent()
    expect(headers.cookie).toBeUndefined()
    expect(headers['x-forwarded-for']).toEqual(['127.0.0.1'])
    expect(headers['x-forwarded-proto']).toEqual(['http'])
    expect(JSON.stringify(headers)).not.toContain('evil.test')
    expect(headers['x-forwarded-port']).toBeUndefined()
    expect(headers.host).toEqual([`127.0.0.1:${scene.upstream.port}`])
  })
})

describe('the target', () => {
  it.each([
    ['/proxy/svc', '/'],
    ['/proxy/svc/', '/'],
    ['/proxy/svc?a=1', '/?a=1'],
    ['/proxy/svc/a%2Db%7Ec/%E9%80%99', '/a-b~c/%E9%80%99'],
    ['/proxy/svc/a%3eb:list/(x)', '/a%3Eb:list/(x)'],
    ['/proxy/svc/a/?', '/a/'],
    ['/proxy/svc/q?b=2&a=%31&&=x&c=%2F%2e%2e&d=a+b&e=[1]{2}|', '/q?b=2&a=%31&&=x&c=%2F%2e%2e&d=a+b&e=[1]{2}|'],
    ['/proxy/svc/q?x=/proxy/other/..//', '/q?x=/proxy/other/..//'],
  ])('%s is sent as %s', async (target, expected) => {
    const answer = await askRaw(scene, `GET ${target}`)
    expect(answer.status).toBe(200)
    expect(scene.upstream.requests[0]?.url).toBe(expected)
  })

  it('the path of the base URL stands in front', async () => {
    await scene.gate.api('POST', '/connections', {
      id: 'below',
      connector: 'generic-basic',
      settings: { base_url: `${scene.upstream.url}/a/b/` },
      secrets: { username: 'u', password: 'p' },
      network: { allow_private: true, allow_http: true },
    })
    const key = await keyFor(scene.gate, [{ connection: 'below', allow: ['GET /**'] }])
    await ask({ gate: scene.gate, key }, '/proxy/below/c?d')
    expect(scene.upstream.requests[0]?.url).toBe('/a/b/c?d')
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND', 'REPORT'])(
    '%s arrives as it was sent',
    async (method) => {
      expect((await askRaw(scene, `${method} /proxy/svc/m`, 'Content-Length: 0')).status).toBe(200)
      expect(scene.upstream.requests[0]?.method).toBe(method)
    },
  )
})

describe('what comes back', () => {
  it('all end-to-end headers; not hop-by-hop, not those named by Connection, not what speaks for the origin', async () => {
    const answer = await askRaw(scene, 'GET /proxy/svc/headers')
    const headers = sentHeaders(answer.rawHeaders)
    expect(headers['x-kept']).toEqual(['end-to-end'])
    const dropped = ['x-internal', 'proxy-authenticate', 'set-cookie', 'octroi-error', 'octroi-subject', 'trailer']
    for (const name of [
      ...dropped,
      'clear-site-data',
      'alt-svc',
      'service-worker-allowed',
      'strict-transport-security',
    ])
      expect([name, headers[name]]).toEqual([name, undefined])
    expect(headers['keep-alive']).not.toEqual(['timeout=99'])
    expect(headers['octroi-request-id']).toHaveLength(1)
  })

  it('a request id on every answer, another for each', async () => {
    const unauthenticated = await askRaw({ gate: scene.gate, key: '' }, 'GET /proxy/svc/')
    const answers = [
      await askRaw(scene, 'GET /proxy/svc/'),
      await askRaw(scene, 'GET /proxy/svc/status/500'),
      unauthenticated,
      await askRaw(scene, 'GET /proxy/nowhere/'),
      await askRaw(scene, 'GET /nowhere'),
      await askRaw(scene, 'GET /api/v1/keys/%zz'),
      await askRaw(scene, `GET /api/v1/keys/${'x'.repeat(300)}`),
      await askRaw(scene, 'GET /api/v1/status'),
      await askRaw(scene, 'GET /metrics'),
      await askRaw(scene, 'GET http://evil.test/proxy/svc/'),
    ]
    const ids = answers.map((answer) => answer.header('octroi-request-id') ?? `none with ${answer.status}`)
    expect(new Set(ids).size).toBe(answers.length)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{20}$/)
    expect(unauthenticated.header('www-authenticate')).toMatch(/^Bearer realm="octroi", Basic /)
  })

  it('an answer of ours says Octroi-Error and is a problem document; one of the service says neither', async () => {
    const ours = await askRaw(scene, 'GET /proxy/nowhere/x')
    expect([ours.status, ours.header('octroi-error')]).toEqual([403, 'not_granted'])
    expect(ours.header('content-type')).toMatch(/^application\/problem\+json/)
    expect(JSON.parse(String(ours.body))).toMatchObject({ code: 'not_granted', status: 403 })
    const theirs = await askRaw(scene, 'GET /proxy/svc/status/403?header=Octroi-Error:not_granted')
    expect([theirs.status, theirs.header('octroi-error')]).toEqual([403, undefined])
  })

  it.each([301, 302, 303, 307, 308])('%i is returned, not followed', async (status) => {
    const answer = await ask(scene, `/redirect?status=${status}&to=${encodeURIComponent(scene.upstream.url)}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([status, scene.upstream.url])
    expect(scene.upstream.requests).toHaveLength(1)
  })

  it('204 and 304 without a body, the connection stays in step', async () => {
    for (const status of [204, 304]) {
      const answer = await askRaw(scene, `GET /proxy/svc/${status}`)
      expect([answer.status, answer.body.length]).toEqual([status, 0])
    }
  })

  it('HEAD keeps the length that GET would have', async () => {
    const answer = await askRaw(scene, 'HEAD /proxy/svc/bytes/1234')
    expect([answer.status, answer.header('content-length'), answer.body.length]).toEqual([200, '1234', 0])
    const refused = await askRaw(scene, 'HEAD /proxy/nowhere/')
    expect([refused.status, refused.header('octroi-error')]).toEqual([403, 'not_granted'])
  })

  it('gzip untouched', async () => {
    const answer = await askRaw(scene, 'GET /proxy/svc/gzip')
    expect(answer.header('content-encoding')).toBe('gzip')
    expect([answer.body[0], answer.body[1]]).toEqual([0x1f, 0x8b])
  })

  it('interim answers stay on their hop', async () => {
    const answer = await askRaw(scene, 'GET /proxy/svc/1xx')
    expect([answer.status, answer.interim, String(answer.body)]).toEqual([200, [], 'after the hints'])
  })

  it('429 with its Retry-After, 409 and 5xx of the service, are the service’s', async () => {
    const limited = await ask(scene, '/status/429?header=Retry-After:7')
    expect([limited.status, limited.headers.get('retry-after'), limited.code]).toEqual([429, '7', null])
    for (const status of [409, 500, 503]) expect((await ask(scene, `/status/${status}`)).code).toBeNull()
  })
})
