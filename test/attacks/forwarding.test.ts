import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askRaw, connectionTo, keyFor, type Scene, SIGNED, sentHeaders, startScene } from '../gateway/scene.ts'
import { type RawResponse, rawLines, rawRequest } from '../support/raw_http.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

const code = (answer: RawResponse) => [answer.status, answer.header('octroi-error')]
const bare = (line: string, ...lines: string[]) =>
  rawRequest(scene.gate.port, rawLines(`${line} HTTP/1.1`, 'Host: gate', ...lines))

const TRUST = ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Uri', 'X-Forwarded-Method']
const MORE = ['X-Original-URL', 'X-Original-URI', 'X-Original-Method', 'X-Original-Host', 'X-Rewrite-URL', 'Forwarded']
const IDENTITY = [
  'Remote-User',
  'X-Remote-User',
  'X-Forwarded-User',
  'X-Auth-Request-Email',
  'Octroi-Subject',
  'X-Forwarded-Email',
]

describe('T1: forwarded headers from a peer that nobody trusts', () => {
  it.each([...TRUST, ...MORE])('T1: %s decides nothing and goes nowhere', async (name) => {
    const path = name.endsWith('Method') ? 'DELETE' : '/proxy/svc/elsewhere'
    const refused = await bare('GET /proxy/svc/x', `${name}: 127.0.0.1`)
    expect(code(refused)).toEqual([401, 'unauthenticated'])
    const answer = await askRaw(scene, 'GET /proxy/svc/x', `${name}: ${path}`)
    expect(answer.status).toBe(200)
    const [request] = scene.upstream.requests
    expect([request?.method, request?.url]).toEqual(['GET', '/x'])
    expect(JSON.stringify(request?.rawHeaders)).not.toContain(path)
  })

  it('T1: the address of the socket counts for CIDRs and in the trail', async () => {
    const inside = await keyFor(scene.gate, [{ connection: 'svc', allow: ['GET /**'] }], { cidrs: ['10.0.0.0/8'] })
    const answer = await askRaw({ gate: scene.gate, key: inside }, 'GET /proxy/svc/x', 'X-Forwarded-For: 10.1.2.3')
    expect(code(answer)).toEqual([403, 'not_granted'])
  })
})

describe('T2: other spellings of trust headers', () => {
  const spellings = (name: string) => [
    name.replaceAll('-', '_'),
    name.replace('-', '_'),
    name.replaceAll('-', '_').toLowerCase(),
    name.replaceAll('-', '_').toUpperCase(),
    name.replaceAll('-', '.'),
    name.replaceAll('-', '~'),
  ]
  it.each([...TRUST, ...MORE.slice(0, 5), ...IDENTITY].flatMap(spellings).filter((name) => /[_.~]/.test(name)))(
    'T2: 400 with %s',
    async (name) => {
      const answer = await askRaw(scene, 'GET /proxy/svc/x', `${name}: admin`)
      expect(code(answer)).toEqual([400, 'invalid_request'])
      expect(scene.upstream.requests).toHaveLength(0)
    },
  )

  it.each(['API_KEY', 'X_API_KEY', 'Api_Key', 'X-Api_Key'])('T2: 400 with the key in %s', async (name) => {
    expect((await bare('GET /proxy/svc/x', `${name}: ${scene.key}`)).status).toBe(400)
  })

  it.each(['X-Forwarded-For : 10.0.0.1', 'Authorization : Bearer x', ' X-Forwarded-Uri: /x', 'X-Forwarded-Uri\t: /x'])(
    'T2: 400 with white space beside the name (%j)',
    async (line) => {
      expect((await askRaw(scene, 'GET /proxy/svc/x', 'X-A: 1', line)).status).toBe(400)
      expect(scene.upstream.requests).toHaveLength(0)
    },
  )
})

describe('T3: what decisions rest on, sent twice', () => {
  const twice = (name: string, a: string, b: string) => [`${name}: ${a}`, `${name.toLowerCase()}: ${b}`]
  it.each(['Host', ...TRUST, ...MORE, 'Sec-Fetch-Mode', 'Idempotency-Key', 'X-Correlation-ID'])(
    'T3: 400 with two %s headers',
    async (name) => {
      const lines = name === 'Host' ? ['host: other'] : twice(name, '/public', '/admin')
      expect(code(await askRaw(scene, 'GET /proxy/svc/x', ...lines))).toEqual([400, 'invalid_request'])
      expect(scene.upstream.requests).toHaveLength(0)
    },
  )

  it.each(['Authorization', 'API-KEY', 'X-API-Key'])('T3: 400 with two %s headers, equal or not', async (name) => {
    const value = name === 'Authorization' ? `Bearer ${scene.key}` : scene.key
    expect(code(await bare('GET /proxy/svc/x', ...twice(name, value, value)))).toEqual([400, 'ambiguous_credentials'])
    expect(code(await bare('GET /proxy/svc/x', ...twice(name, value, 'x')))).toEqual([400, 'ambiguous_credentials'])
  })

  it('T3: 400 with two different keys in two headers, 200 with the same one', async () => {
    const other = await keyFor(scene.gate, [])
    for (const name of ['API-KEY', 'X-API-Key']) {
      const different = await askRaw(scene, 'GET /proxy/svc/x', `${name}: ${other}`)
      expect(code(different)).toEqual([400, 'ambiguous_credentials'])
      expect((await askRaw(scene, 'GET /proxy/svc/x', `${name}: ${scene.key}`)).status).toBe(200)
    }
    expect(code(await bare('GET /proxy/svc/x', `API-KEY: ${scene.key}`, `X-API-Key: ${other}`))).toEqual([
      400,
      'ambiguous_credentials',
    ])
    const joined = await bare('GET /proxy/svc/x', `API-KEY: ${scene.key}, ${other}`)
    expect(joined.status).toBe(401)
  })

  it('T3: 400 where a second credential hides behind a crowd of headers', async () => {
    const crowd = Array.from({ length: 1_990 }, () => 'a:')
    const answer = await bare(
      'GET /proxy/svc/x',
      `API-KEY: ${scene.key}`,
      ...crowd,
      'API-KEY: other',
      'Remote_User: root',
    )
    expect(answer.status).toBe(400)
    // Far below where a parser begins to drop some.
    const fewer = await bare('GET /proxy/svc/x', `API-KEY: ${scene.key}`, ...crowd.slice(0, 600))
    expect(code(fewer)).toEqual([400, 'invalid_request'])
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('T3: the same at the management API', async () => {
    const lines = [`Authorization: Bearer ${scene.gate.adminKey}`, 'Authorization: Bearer x']
    expect((await bare('GET /api/v1/keys', ...lines)).status).toBe(400)
    expect((await bare('GET /metrics', ...lines)).status).toBe(400)
  })
})

describe('T4: Connection names our headers', () => {
  it('T4: it takes away nothing that is ours', async () => {
    const names = 'X-Forwarded-For, X-Forwarded-Proto, Remote-User, Authorization, Host, Content-Length, X-Mine'
    const answer = await askRaw(
      scene,
      'POST /proxy/svc/x',
      `Connection: ${names}`,
      'Remote-User: root',
      'X-Mine: 1',
      'Content-Length: 2',
      '',
      'ok',
    )
    expect(answer.status).toBe(200)
    const headers = sentHeaders(scene.upstream.requests[0]?.rawHeaders ?? [])
    expect(headers).toMatchObject({
      authorization: [SIGNED],
      'x-forwarded-for': ['127.0.0.1'],
      'x-forwarded-proto': ['http'],
      host: [`127.0.0.1:${scene.upstream.port}`],
      'content-length': ['2'],
    })
    expect([headers['x-mine'], headers['remote-user']]).toEqual([undefined, undefined])
  })

  it('T4, D1: a service cannot take our guards away from its answer either', async () => {
    scene.upstream.on('/names', ({ response }) =>
      response
        .writeHead(200, {
          Connection: 'content-security-policy, x-content-type-options, octroi-request-id, content-length, x-own',
          'X-Own': '1',
          'Content-Type': 'text/html',
        })
        .end('<script>'),
    )
    const answer = await askRaw(scene, 'GET /proxy/svc/names')
    expect(answer.header('content-security-policy')).toBe('sandbox')
    expect(answer.header('x-content-type-options')).toBe('nosniff')
    expect(answer.header('octroi-request-id')).toMatch(/^[0-9a-f]{20}$/)
    expect(answer.header('x-own')).toBeUndefined()
    expect(String(answer.body)).toBe('<script>')
  })
})

describe('T5, D17: who somebody says he is', () => {
  it.each([
    ...IDENTITY,
    'X-Real-IP',
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'Cookie',
    ...MORE,
  ])('T5: %s does not reach the service', async (name) => {
    expect((await askRaw(scene, 'GET /proxy/svc/x', `${name}: mallory`)).status).toBe(200)
    expect(JSON.stringify(scene.upstream.requests[0]?.rawHeaders)).not.toContain('mallory')
  })

  it('D17: nor does what signing sets: header, query, in any spelling', async () => {
    const { gate, upstream } = scene
    await connectionTo(gate, upstream.url, {
      id: 'header',
      connector: 'generic-api-key',
      settings: { header: 'X-Service-Token', prefix: '' },
      secrets: { api_key: 'the-true-token' },
    })
    const key = await keyFor(gate, [{ connection: 'header', allow: ['GET /**'] }])
    for (const name of [
      'X-Service-Token',
      'x-service-token',
      'X_Service_Token',
      'X-Service_Token',
      'x.service.token',
    ]) {
      await askRaw({ gate, key }, 'GET /proxy/header/x', `${name}: mallory`)
      const request = upstream.requests.splice(0)[0]
      expect(JSON.stringify(request?.rawHeaders)).not.toContain('mallory')
      expect(request?.header('x-service-token')).toBe('the-true-token')
    }
  })

  it('D17: a signed query parameter is the last word, and no other form of it passes', async () => {
    const { gate, upstream } = scene
    await connectionTo(gate, upstream.url, {
      id: 'trello',
      connector: 'trello',
      secrets: { api_key: 'true-key', token: 'true-token' },
    })
    const key = await keyFor(gate, [{ connection: 'trello', allow: ['GET /**'] }])
    const ask = async (query: string) => {
      const answer = await askRaw({ gate, key }, `GET /proxy/trello/x?${query}`)
      expect(answer.status).toBe(200)
      return upstream.requests.splice(0)[0]?.url ?? ''
    }
    const signed = (await ask('')).slice('/x?'.length)
    const name = signed.split('=')[0] as string
    const forms = [name, name.toUpperCase(), `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`]
    const more = [`a=1;${name}`, `${name}[]`, `${name}[0]`, `${name}%5B%5D`, `+${name}`, `${name}%00x`, `${name}+`]
    for (const form of [...forms, ...more]) {
      expect([form, await ask(`q=1&${form}=mallory&r=2`)]).toEqual([form, `/x?q=1&r=2&${signed}`])
    }
  })
})

describe('T7: names of health checkers', () => {
  it.each(['kube-probe/1.33', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0'])(
    'T7: 401 for %s like for anybody',
    async (agent) => {
      expect((await bare('GET /proxy/svc/health', `User-Agent: ${agent}`)).status).toBe(401)
      expect((await bare('GET /api/v1/status', `User-Agent: ${agent}`)).status).toBe(401)
    },
  )
})

describe('D1: the proxy is no page of ours', () => {
  it.each(['document', 'iframe', 'object'])('D1: 403 csrf_rejected for a navigation to a %s', async (dest) => {
    const lines = ['Sec-Fetch-Mode: navigate', `Sec-Fetch-Dest: ${dest}`]
    expect(code(await askRaw(scene, 'GET /proxy/svc/x', ...lines))).toEqual([403, 'csrf_rejected'])
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('D1: a cookie is no credential', async () => {
    for (const name of ['octroi_session', '__Host-octroi_session', 'session'])
      expect((await bare('GET /proxy/svc/x', `Cookie: ${name}=${scene.key}`)).status).toBe(401)
  })

  it('D1: every answer is sandboxed and not sniffed; what speaks for the origin is dropped', async () => {
    const answer = await askRaw(scene, 'GET /proxy/svc/headers')
    expect(answer.header('content-security-policy')).toBe('sandbox')
    expect(answer.header('x-content-type-options')).toBe('nosniff')
    for (const name of [
      'clear-site-data',
      'service-worker-allowed',
      'alt-svc',
      'strict-transport-security',
      'set-cookie',
    ])
      expect([name, answer.header(name)]).toEqual([name, undefined])
    const ours = await askRaw(scene, 'GET /proxy/nowhere/x')
    expect(ours.header('x-content-type-options')).toBe('nosniff')
    expect(ours.header('content-type')).toMatch(/^application\/problem\+json/)
  })
})
