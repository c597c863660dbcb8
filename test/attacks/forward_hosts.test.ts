import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, type NewKey, type Question, startForwardScene } from '../forward_auth/scene.ts'
import { rawRequest } from '../support/raw_http.ts'

/** Forward-auth against spellings of hosts, paths that only look alike, methods, and targets that are none. */

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene()
  key = await scene.key()
  const only = { allow: { keys: [key.id] } }
  await scene.route({ host: 'a.b.example.com', path: '/**', ...only })
  await scene.route({ host: '*.open.example.com', path: '/**', accept: { any: ['anonymous'] } })
  await scene.route({ host: 'xn--bcher-kva.example', path: '/**', ...only })
  await scene.route({ host: '[2001:db8::1]', path: '/**', ...only })
  await scene.route({ host: 'rules.example', path: '/public', accept: { any: ['anonymous'] } })
  await scene.route({ host: 'rules.example', path: '/public/**', accept: { any: ['anonymous'] } })
  await scene.route({ host: 'rules.example', path: '/api', ...only })
  await scene.route({ host: 'rules.example', path: '/read', methods: ['GET'], accept: { any: ['anonymous'] } })
  await scene.route({ host: 'rules.example', path: '/every', accept: { any: ['anonymous'] } })
})
afterAll(() => scene.stop())

const asked = async (question: Question) => codeOf(await scene.ask(question))

describe('T11: one host, one spelling', () => {
  it.each(['a.b.example.com', 'A.B.Example.COM', 'a.b.example.com.', 'a.b.example.com:443', 'a.B.example.com.:8443'])(
    'T11: %s has the route',
    async (host) => {
      expect(await asked({ host })).toBe('401 unauthenticated')
      expect(await asked({ host, headers: ['API-KEY', key.key] })).toBe('200 passed')
    },
  )
  it.each([
    ['XN--BCHER-KVA.example', '401 unauthenticated'],
    ['[2001:DB8:0:0::1]:443', '401 unauthenticated'],
    ['x.open.example.com', '200 passed'],
    ['open.example.com', '403 not_granted'],
    ['notopen.example.com', '403 not_granted'],
    ['x.open.example.com.evil.example', '403 not_granted'],
  ])('T11: %s: %s', async (host, code) => expect(await asked({ host })).toBe(code))
  it.each([
    'x.open.example.com@evil.example',
    'evil.example@x.open.example.com',
    'x.open.example.com/a',
    'x.open.example.com#.evil.example',
    'x.open.example.com\\evil',
    'x.open.example.com, evil.example',
    'x.open.example.com:port',
    'x..open.example.com',
    '.open.example.com',
    'x.open.example.com:443:1',
    'x%2eopen.example.com',
    'b\xfccher.open.example.com',
    '[::1',
    '[fe80::1%25eth0]',
    `${'a'.repeat(300)}.open.example.com`,
    ' ',
  ])('T11: 400, never 2xx, for %j', async (host) => expect(await asked({ host })).toBe('400 invalid_request'))
})

describe('T12: a rule says what it says', () => {
  it.each([
    ['/public', '200 passed'],
    ['/public/', '200 passed'],
    ['/public?x', '200 passed'],
    ['/publicx', '403 not_granted'],
    ['/publi', '403 not_granted'],
    ['/public.html', '403 not_granted'],
    ['/api?x=/public', '401 unauthenticated'],
    ['/api?/public/a', '401 unauthenticated'],
    ['/admin?next=/public', '403 not_granted'],
    ['/admin#/public', '400 unsafe_path'],
    ['/admin%23/public', '403 not_granted'],
    ['/public#/../admin', '400 unsafe_path'],
    ['/x/public', '403 not_granted'],
  ])('T12: %s: %s', async (uri, code) => expect(await asked({ host: 'rules.example', uri })).toBe(code))
})

describe('T13: methods', () => {
  const by = (method: string, uri = '/read') => asked({ host: 'rules.example', uri, method })
  it('T13: HEAD is GET; no other method is', async () => {
    expect([await by('GET'), await by('HEAD')]).toEqual(['200 passed', '200 passed'])
    for (const method of ['POST', 'OPTIONS', 'PROPFIND', 'UNKNOWN', 'PATCH']) {
      expect([method, await by(method)]).toEqual([method, '403 not_granted'])
    }
  })
  it.each(['get', 'Get', 'gET', 'GET ', 'GET,POST', 'GE T', 'GET\tX', '*', 'TRACE', 'CONNECT', 'G\xc9T'])(
    'T13: %j is nobody’s, not even where every method is taken',
    async (method) => {
      const code = method.trim() === 'GET' ? '200 passed' : '403 not_granted'
      expect(await by(method, '/every')).toBe(code)
    },
  )
  it('T13: 400 without a method: what is asked by GET need not be a GET', async () => {
    const answer = await scene.askRaw('/forward-auth', [
      'X-Forwarded-Host',
      'rules.example',
      'X-Forwarded-Uri',
      '/read',
    ])
    expect(codeOf(answer)).toBe('400 invalid_request')
  })
  it('T13: an unknown method of the check request itself is refused by the parser or decides nothing', async () => {
    const answer = await scene.ask({ host: 'rules.example', uri: '/read', by: 'BREW' })
    expect(answer.status).toBe(400)
  })
})

describe('T14: targets that are none', () => {
  it.each([
    'forward-auth',
    'http://octroi.internal/forward-auth',
    '//forward-auth',
    '/forward-auth/../x',
    '/forward-auth//x',
    '/forward-auth/%zz',
    '/forward-auth/\\x',
    '/forward-auth/a#b',
    '/forward-auth/%2e%2e/x',
    '/forward-auth/%00',
    '/forward-auth/\xff',
  ])('T14: %j: no 2xx and no 5xx', async (target) => {
    const answer = await rawRequest(scene.gate.port, `GET ${target} HTTP/1.1\r\nHost: x.open.example.com\r\n\r\n`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  })
  it.each(['/forward-authx', '/forward-auth;x', '/forward-auth%2f', '/Forward-Auth', '/forward_auth'])(
    'T14: %s is not this door: 404',
    async (target) => expect((await scene.askRaw(target, [])).status).toBe(404),
  )
  it('T14: a path that is no path is 400 in a header too, and 403 for nginx', async () => {
    for (const uri of ['x', 'http://evil.example/public', '*', '?x', '//public', '/\\public', '/public/%']) {
      expect([uri, (await scene.ask({ host: 'rules.example', uri })).status]).toEqual([uri, 400])
      expect((await scene.ask({ host: 'rules.example', uri, query: '?for=nginx' })).status).toBe(403)
    }
  })
})
