import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, HOST, type NewKey, startForwardScene } from '../forward_auth/scene.ts'

/** Forward-auth against headers that somebody else than the proxy wrote. */

const OUTSIDER = '198.51.100.66'

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene()
  await scene.account({ id: 'till', name: 'Till' })
  key = await scene.key({ account: 'till' })
  await scene.route({ path: '/**', allow: { keys: [key.id] } })
  await scene.route({ path: '/public/**', accept: { any: ['anonymous'] } })
  await scene.route({ path: '/signed-in', accept: { any: ['session', 'api_key'] }, allow: { authenticated: true } })
})
afterAll(() => scene.stop())

const EVERY_CLAIM: readonly (readonly string[])[] = [
  ['X-Forwarded-Method', 'GET', 'X-Forwarded-Host', HOST, 'X-Forwarded-Uri', '/public/a', 'X-Forwarded-Proto', 'https'],
  ['X-Original-Method', 'GET', 'X-Original-URL', `https://${HOST}/public/a`],
  ['X-Original-Method', 'GET', 'X-Original-URI', '/public/a', 'X-Original-Host', HOST],
  ['Forwarded', `for=127.0.0.1;host=${HOST};proto=https`],
  ['X-Real-IP', '127.0.0.1', 'X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Uri', '/public/a', 'X-Forwarded-Host', HOST],
]

describe('T1: a peer that is not a trusted proxy', () => {
  let outside: ForwardScene
  beforeAll(async () => {
    outside = await startForwardScene({ OCTROI_TRUSTED_PROXIES: '127.0.0.9' })
    await outside.route({ path: '/**', host: '*', accept: { any: ['anonymous'] } })
  })
  afterAll(() => outside.stop())

  it.each(EVERY_CLAIM.map((headers) => [headers[0], headers] as const))(
    'T1: 400 untrusted_proxy, whatever it says of the original request (%s, ...)',
    async (_, headers) => {
      for (const more of [[], ['X-Forwarded-For', '127.0.0.9'], ['Authorization', `Bearer ${outside.gate.adminKey}`]]) {
        const own = headers.includes('X-Forwarded-For') && more[0] === 'X-Forwarded-For' ? [] : more
        expect(codeOf(await outside.askRaw('/forward-auth', [...headers, ...own]))).toBe('400 untrusted_proxy')
        expect(codeOf(await outside.askRaw('/forward-auth/public/a', ['Host', HOST, ...headers, ...own]))).toBe(
          '400 untrusted_proxy',
        )
      }
    },
  )
  it('T1: 403, never 2xx, where nginx asks', async () => {
    const answer = await outside.askRaw('/forward-auth?for=nginx', EVERY_CLAIM[1] as string[])
    expect(codeOf(answer)).toBe('403 untrusted_proxy')
  })
  it('T1: without any trusted proxy nobody may ask', async () => {
    const none = await startForwardScene({ OCTROI_TRUSTED_PROXIES: '' })
    expect(codeOf(await none.ask({ uri: '/public/a' }))).toBe('400 untrusted_proxy')
    await none.stop()
  })
  it('T1: `Forwarded` says nothing, even of a trusted proxy', async () => {
    expect(codeOf(await scene.askRaw('/forward-auth', EVERY_CLAIM[3] as string[]))).toBe('400 invalid_request')
  })
})

describe('T2: other spellings of a header that decides', () => {
  it.each([
    'X_Forwarded_Uri',
    'X-Forwarded_Uri',
    'x_forwarded-host',
    'X_ORIGINAL_URL',
    'X.Forwarded.Method',
    'API_KEY',
    'X_API_KEY',
    'Octroi_Subject',
    'Remote_User',
    'X_Auth_Request_Email',
    'X_Rewrite_URL',
  ])('T2: 400 with %s', async (name) => {
    const answer = await scene.ask({ uri: '/public/a', headers: [name, '/public/a'] })
    expect(codeOf(answer)).toBe('400 invalid_request')
  })
  it('T2: any case of the real one is the real one', async () => {
    const headers = ['x-FORWARDED-method', 'GET', 'X-forwarded-HOST', HOST, 'x-forwarded-uri', '/public/a']
    expect(codeOf(await scene.askRaw('/forward-auth', headers))).toBe('200 passed')
  })
  it('T2: a space before the colon is no header at all', async () => {
    const answer = await scene.ask({ uri: '/public/a', headers: ['X-Forwarded-Uri ', '/admin'] })
    expect(answer.status).toBe(400)
  })
})

describe('T3: a header twice', () => {
  it.each([
    ['X-Forwarded-Method', 'GET', '400 invalid_request'],
    ['X-Forwarded-Host', HOST, '400 invalid_request'],
    ['X-Forwarded-Uri', '/public/a', '400 invalid_request'],
    ['X-Forwarded-Proto', 'https', '400 invalid_request'],
  ])('T3: 400 with a second %s, be it the same', async (name, value, code) => {
    expect(codeOf(await scene.ask({ uri: '/public/a', headers: [name, value] }))).toBe(code)
  })
  it.each(['Authorization', 'API-KEY', 'X-API-Key'])('T3: 400 with two %s', async (name) => {
    const value = name === 'Authorization' ? `Bearer ${key.key}` : key.key
    const answer = await scene.ask({ headers: [name, value, name, 'another-one-of-somebody'] })
    expect(codeOf(answer)).toBe('400 ambiguous_credentials')
  })
  it('T3: 400 with two hosts, and with two different credentials', async () => {
    const twice = await scene.askRaw('/forward-auth/public/a', ['Host', HOST, 'Host', 'other.example'])
    expect(twice.status).toBe(400)
    const two = await scene.ask({ headers: ['API-KEY', key.key, 'Authorization', 'Bearer another-one'] })
    expect(codeOf(two)).toBe('400 ambiguous_credentials')
  })
})

describe('T5: an identity that the caller brings along', () => {
  const BROUGHT = [
    'Remote-User',
    'X-Remote-User',
    'X-Forwarded-User',
    'X-Auth-Request-Email',
    'Octroi-Subject',
    'Octroi-Groups',
    'Octroi-Assertion',
  ]
  it.each(['/public/a', '/', '/../a'])('T5: %s: every identity header is ours, once, or blank', async (uri) => {
    const headers = BROUGHT.flatMap((name) => [name, 'root'])
    for (const credential of [[], ['API-KEY', key.key]]) {
      const answer = await scene.ask({ uri, headers: [...headers, ...credential] })
      const names = answer.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
      for (const name of ['subject', 'kind', 'name', 'email', 'groups', 'key-id', 'assertion']) {
        expect(names.filter((each) => each === `octroi-${name}`)).toHaveLength(1)
      }
      expect(answer.all.toString('latin1')).not.toContain('root')
    }
  })
})

describe('T6: X-Forwarded-For', () => {
  it.each<[string, string, string]>([
    ['nothing that is an address', 'a', '400 invalid_request'],
    ['ten thousand characters', '1'.repeat(10_000), '400 invalid_request'],
    ['a thousand hops', Array(1_000).fill('10.0.0.1').join(', '), '400 invalid_request'],
    ['an empty hop', '10.0.0.1,, 127.0.0.1', '400 invalid_request'],
    ['a name', 'localhost', '400 invalid_request'],
  ])('T6: 400 with %s', async (_, value, code) => {
    expect(codeOf(await scene.ask({ headers: ['API-KEY', key.key, 'X-Forwarded-For', value] }))).toBe(code)
  })
  it('T6: what the caller wrote on the left opens no key that is bound to an address', async () => {
    const bound = await scene.key({ account: 'till', cidrs: ['10.1.2.3/32'] })
    await scene.route({ path: '/bound', allow: { keys: [bound.id] } })
    const from = async (chain: string) =>
      codeOf(await scene.ask({ uri: '/bound', headers: ['API-KEY', bound.key, 'X-Forwarded-For', chain] }))
    expect(await from('10.1.2.3')).toBe('200 passed')
    expect(await from('::ffff:10.1.2.3')).toBe('200 passed')
    expect(await from(`10.1.2.3, ${OUTSIDER}`)).toBe('403 not_granted')
    expect(await from(`10.1.2.3, ${OUTSIDER}, 127.0.0.1`)).toBe('403 not_granted')
    expect(await from('127.0.0.1')).toBe('403 not_granted')
  })
  it('T6: plain HTTP from a public address is refused, however the proxy says so', async () => {
    const plain = await scene.ask({ proto: 'http', headers: ['X-Forwarded-For', OUTSIDER], uri: '/public/a' })
    expect(codeOf(plain)).toBe('400 insecure_transport')
    const inUrl = ['X-Original-Method', 'GET', 'X-Original-URL', `http://${HOST}/public/a`, 'X-Forwarded-For', OUTSIDER]
    expect(codeOf(await scene.askRaw('/forward-auth', inUrl))).toBe('400 insecure_transport')
    const socket = await scene.ask({ proto: 'ws', headers: ['X-Forwarded-For', OUTSIDER], uri: '/public/a' })
    expect(codeOf(socket)).toBe('400 insecure_transport')
  })
})

describe('T7, T8, T9: what must not matter', () => {
  it.each(['kube-probe/1.30', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0'])('T7: 401 for %s', async (agent) => {
    expect(codeOf(await scene.ask({ headers: ['User-Agent', agent] }))).toBe('401 unauthenticated')
  })
  it.each([
    ['nothing', ''],
    ['garbage', '~=;;;==,"'],
    ['a session', '__Host-octroi_session=AAAAAAAAAAAAAAAAAAAAAA'],
    ['two sessions', '__Host-octroi_session=a; __Host-octroi_session=b'],
    ['eight kilobytes', `octroi_session=${'x'.repeat(8_000)}`],
    ['a key', 'API-KEY=oct_key_'],
    ['no UTF-8', 'octroi_session=\xff\xfe'],
  ])('T8: no 2xx for a cookie of %s, also where sessions will be taken', async (_, cookie) => {
    for (const uri of ['/', '/signed-in']) {
      const answer = await scene.ask({ uri, headers: ['Cookie', cookie] })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    }
  })
  it('T9: X-Forwarded-Prefix moves nothing', async () => {
    expect(codeOf(await scene.ask({ uri: '/a', headers: ['X-Forwarded-Prefix', '/public'] }))).toBe(
      '401 unauthenticated',
    )
    const public_ = await scene.ask({ uri: '/public/a', headers: ['X-Forwarded-Prefix', '/admin'] })
    expect(codeOf(public_)).toBe('200 passed')
  })
})
