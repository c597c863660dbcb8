import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ask,
  askRaw,
  connectionTo,
  keyFor,
  NEAR,
  PASSWORD,
  type Scene,
  SIGNED,
  startScene,
  USER,
} from '../gateway/scene.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

let scene: Scene
let evil: Upstream
beforeAll(async () => {
  scene = await startScene()
  evil = await startUpstream()
})
afterAll(async () => {
  await evil.stop()
  await scene.stop()
})
beforeEach(() => void scene.upstream.requests.splice(0))

const secrets = { username: USER, password: PASSWORD }
let count = 0
const create = (base_url: string, more: Record<string, unknown> = {}, key?: string) =>
  scene.gate.api(
    'POST',
    '/connections',
    { id: `s${++count}`, connector: 'generic-basic', settings: { base_url }, secrets, ...more },
    key === undefined ? {} : { key },
  )

describe('T32, D9: where a connection may lead', () => {
  it.each([
    'https://127.0.0.1',
    'https://127.9.9.9',
    'https://localhost',
    'https://[::1]',
    'https://[::ffff:7f00:1]',
    'https://[::ffff:127.0.0.1]',
    'https://[64:ff9b::7f00:1]',
    'https://2130706433',
    'https://0x7f000001',
    'https://017700000001',
    'https://127.1',
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://[fd00::1]',
    'http://93.184.216.34',
  ])('T32: 422 insecure_upstream for %s by default', async (url) => {
    const answer = await create(url)
    expect([answer.status, answer.body.code]).toEqual([422, 'insecure_upstream'])
  })

  it.each([
    'http://169.254.169.254',
    'http://[::ffff:169.254.169.254]',
    'http://[::ffff:a9fe:a9fe]',
    'http://2852039166',
    'http://0xa9fea9fe',
    'http://100.100.100.200',
    'http://0.0.0.0',
    'http://0',
    'http://[::]',
    'http://[fe80::1]',
    'http://224.0.0.1',
    'http://[2002:7f00:1::1]',
    'http://93.184.216.34',
  ])('T32: 422 for %s whatever the network policy', async (url) => {
    for (const allow_private of [true, ['0.0.0.0/0'], ['::/0', '169.254.0.0/16']]) {
      const answer = await create(url, { network: { allow_private, allow_http: true } })
      expect([answer.status, answer.body.code]).toEqual([422, 'insecure_upstream'])
    }
  })

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'javascript:alert(1)',
    'https://user:pass@example.com',
    'https://example.com?x=1',
    'https://example.com#x',
    'https://example.com/a/../b',
    'https://example.com//a',
    'https:example.com',
    'https:/example.com',
    'https:\\\\example.com',
    '//example.com',
    'https://exa mple.com',
    'https://example.com/\n',
  ])('T32: 400 for %j, which is no address of a service', async (url) => {
    expect((await create(url, { network: NEAR })).status).toBe(400)
  })

  it('D9: 422 for our own listener in every notation; 502 where it slipped into the store', async () => {
    const { port } = scene.gate
    for (const host of [
      '127.0.0.1',
      'localhost',
      '127.0.0.2',
      '[::1]',
      '[::ffff:7f00:1]',
      '2130706433',
      '[64:ff9b::7f00:1]',
    ]) {
      const answer = await create(`http://${host}:${port}`, { network: NEAR })
      expect([host, answer.status, answer.body.code]).toEqual([host, 422, 'insecure_upstream'])
    }
  })

  it('D9: network needs connections.write_network, at creation and change; a CA is text, never a path', async () => {
    const key = await keyFor(scene.gate, [], { permissions: ['connections.read', 'connections.write'] })
    expect((await create(scene.upstream.url, { network: NEAR }, key)).status).toBe(403)
    const patch = await scene.gate.api(
      'PATCH',
      '/connections/svc',
      { network: { ...NEAR, allow_private: ['0.0.0.0/0'] }, secrets },
      { key },
    )
    expect(patch.status).toBe(403)
    for (const field of ['ca', 'ca_file']) {
      for (const path of ['/etc/ssl/certs/ca-certificates.crt', '../ca.pem', 'file:///etc/passwd']) {
        expect((await create('https://example.com', { network: { [field]: path } })).status).toBe(400)
      }
    }
    for (const cidr of ['10.0.0.0/33', '10.0.0.0/8/8', 'localhost', '10.0.0.0/8;', '']) {
      expect((await create('https://example.com', { network: { allow_private: [cidr] } })).status).toBe(400)
    }
  })

  it('T32: a redirect to an inner address is handed back, not followed, and no credential goes with it', async () => {
    for (const to of ['http://169.254.169.254/latest/meta-data', evil.url, `//127.0.0.1:${evil.port}/`]) {
      const answer = await ask(scene, `/redirect?to=${encodeURIComponent(to)}`)
      expect([answer.status, answer.headers.get('location')]).toEqual([302, to])
    }
    expect(evil.requests).toEqual([])
  })

  it('T32: the test of a connection follows none either', async () => {
    scene.upstream.on('/whoami', ({ response }) => response.writeHead(302, { Location: evil.url }).end())
    await connectionTo(scene.gate, scene.upstream.url, { id: 'redirected', settings: { test_path: '/whoami' } })
    const { body } = await scene.gate.api('POST', '/connections/redirected/test', {})
    expect(body).toMatchObject({ ok: false, outcome: 'failed', status: 302 })
    expect(evil.requests).toEqual([])
  })

  it('T32: 422 at the door for whoever may only write: verify is no scanner of the inside', async () => {
    const key = await keyFor(scene.gate, [], { permissions: ['connections.write'] })
    for (const url of [evil.url.replace('http:', 'https:'), 'https://127.0.0.1:1', 'https://10.0.0.1']) {
      expect((await create(url, { verify: true }, key)).body.code).toBe('insecure_upstream')
    }
    expect(evil.requests).toEqual([])
  })
})

describe('T33: a caller steers no call away from the connection', () => {
  it.each([
    ['Host', ['Host: evil.test']],
    ['X-Forwarded-Host', ['X-Forwarded-Host: evil.test']],
    ['X-Original-URL', ['X-Original-URL: http://evil.test/']],
    ['Forwarded', ['Forwarded: host=evil.test']],
  ])('T33: not with %s', async (name, lines) => {
    const { rawLines, rawRequest } = await import('../support/raw_http.ts')
    const host = name === 'Host' ? [] : ['Host: gate']
    const head = rawLines('GET /proxy/svc/x HTTP/1.1', ...host, `Authorization: Bearer ${scene.key}`, ...lines)
    expect((await rawRequest(scene.gate.port, head)).status).toBe(200)
    expect(scene.upstream.requests[0]?.header('host')).toBe(`127.0.0.1:${scene.upstream.port}`)
  })

  it.each([
    '/proxy/svc//evil.test/x',
    '/proxy/svc/\\evil.test',
    '/proxy/svc/\t/evil.test',
    '/proxy/svc/%2f%2fevil.test',
    '/proxy/svc/../other',
    '/proxy/svc@evil.test/x',
    '/proxy/svc:80@evil.test/x',
    '/proxy/evil.test:80/x',
    'http://evil.test/proxy/svc/x',
  ])('T33: 4xx at %j', async (target) => {
    const answer = await askRaw(scene, `GET ${target}`)
    expect([400, 403]).toContain(answer.status)
    expect([...scene.upstream.requests, ...evil.requests]).toEqual([])
  })

  it.each(['/@evil.test/', '/x@evil.test', '/https:/evil.test', '/:80', '/?@evil.test'])(
    'T33: %s is a path of the service and nothing else',
    async (path) => {
      await askRaw(scene, `GET /proxy/svc${path}`)
      for (const request of scene.upstream.requests) {
        expect([request.header('host'), request.header('authorization')]).toEqual([
          `127.0.0.1:${scene.upstream.port}`,
          SIGNED,
        ])
      }
    },
  )

  it('T33: below a base path nobody climbs out of it', async () => {
    await connectionTo(scene.gate, `${scene.upstream.url}/tenant/1`, { id: 'tenant' })
    const key = await keyFor(scene.gate, [{ connection: 'tenant', allow: ['* /**'] }])
    for (const path of [
      '/../2',
      '/%2e%2e/2',
      '/..%2f2',
      '/..;/2',
      '//2',
      '/\\..\\2',
      '/a/../../2',
      '/.%2e/2',
      '/%252e%252e/2',
    ]) {
      const answer = await askRaw({ gate: scene.gate, key }, `GET /proxy/tenant${path}`)
      expect([path, answer.status]).toEqual([path, 400])
    }
    expect(scene.upstream.requests).toEqual([])
  })
})

describe('D8: secrets go where they were given for', () => {
  it.each([
    ['base_url', { settings: { base_url: 'http://127.0.0.1:1' } }],
    ['the path of it', { settings: { base_url: 'BASE/log' } }],
    ['the network', { network: { ...NEAR, allow_private: ['127.0.0.1'] } }],
  ])('D8: 422 secrets_required for another %s without the secrets', async (_, change) => {
    const body = JSON.parse(JSON.stringify(change).replace('BASE', scene.upstream.url))
    const answer = await scene.gate.api('PATCH', '/connections/svc', body)
    expect([answer.status, answer.body.code]).toEqual([422, 'secrets_required'])
    expect((await ask(scene, '/x')).status).toBe(200)
  })

  it('D8: the same address in another spelling is no move; with secrets the new ones go, never the old', async () => {
    const id = 'moving'
    await connectionTo(scene.gate, scene.upstream.url, { id })
    expect(
      (await scene.gate.api('PATCH', `/connections/${id}`, { settings: { base_url: `${scene.upstream.url}/` } }))
        .status,
    ).toBe(200)
    const moved = { settings: { base_url: evil.url }, secrets: { username: 'new', password: 'new' } }
    expect((await scene.gate.api('PATCH', `/connections/${id}`, moved)).status).toBe(200)
    const key = await keyFor(scene.gate, [{ connection: id, allow: ['GET /**'] }])
    await ask({ gate: scene.gate, key }, `/proxy/${id}/x`)
    expect(evil.requests.splice(0).map((request) => request.header('authorization'))).toEqual([
      `Basic ${Buffer.from('new:new').toString('base64')}`,
    ])
  })

  it('D8: a change that is refused changes nothing', async () => {
    await scene.gate.api('PATCH', '/connections/svc', { name: 'taken', settings: { base_url: evil.url } })
    const { body } = await scene.gate.api('GET', '/connections/svc')
    expect([body.name === 'taken', body.settings.base_url]).toEqual([false, scene.upstream.url])
  })
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the attack is the literal text
describe('D11: the server resolves nothing', () => {
  it.each(['${env:PATH}', '${env:OCTROI_MASTER_KEY}', '${file:/etc/passwd}', '${secrets.password}', '$PATH', '`id`'])(
    'D11: %s in a secret or setting is text',
    async (text) => {
      const id = `d11-${++count}`
      await connectionTo(scene.gate, scene.upstream.url, { id, secrets: { username: 'u', password: text }, name: text })
      const { body } = await scene.gate.api('GET', `/connections/${id}/credentials`)
      expect(body.secrets.password).toBe(text)
      const key = await keyFor(scene.gate, [{ connection: id, allow: ['GET /**'] }])
      await ask({ gate: scene.gate, key }, `/proxy/${id}/x`)
      const sent = scene.upstream.requests.at(-1)?.header('authorization')
      expect(sent).toBe(`Basic ${Buffer.from(`u:${text}`).toString('base64')}`)
    },
  )

  it('D11: 400 in an address', async () => {
    for (const text of [
      'https://${env:OCTROI_MASTER_KEY}.evil.test',
      'https://evil.test/${env:PATH}?x',
      '${file:/etc/passwd}',
    ]) {
      expect((await create(text)).status).toBeGreaterThanOrEqual(400)
    }
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the attack is the literal text
