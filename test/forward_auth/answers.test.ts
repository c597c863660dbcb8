import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, HOST, identityOf, type NewKey, startForwardScene } from './scene.ts'

/** What a proxy is told: statuses, headers, and what fits which proxy. */

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene()
  await scene.account({ id: 'till', name: 'Till', email: 'till@example.org' })
  key = await scene.key({ name: 'Caisse 100 %, n° 2', account: 'till' })
  await scene.route({ id: 'orders', path: '/orders/**', allow: { keys: [key.id] } })
  await scene.route({ id: 'public', path: '/public/**', accept: { any: ['anonymous'] } })
  await scene.route({ id: 'nobody', path: '/nobody' })
})
afterAll(() => scene.stop())

const bearer = (secret: string) => ['Authorization', `Bearer ${secret}`]
const BLANK = { subject: '', kind: '', name: '', email: '', groups: '', 'key-id': '' }

describe('200', () => {
  it('says who was let through', async () => {
    const answer = await scene.ask({ uri: '/orders/7?x=1', headers: bearer(key.key) })
    expect(codeOf(answer)).toBe('200 passed')
    expect(identityOf(answer)).toEqual({
      subject: 'till',
      kind: 'key',
      name: 'Caisse 100 %25, n%C2%B0 2',
      email: 'till@example.org',
      groups: '',
      'key-id': key.id,
    })
    expect(answer.header('octroi-assertion')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/)
    expect(answer.header('octroi-request-id')).toMatch(/^[0-9a-f]{20}$/)
    expect(answer.header('cache-control')).toBe('no-store')
    expect(answer.header('content-length')).toBe('0')
  })
  it('blanks the identity where nobody is asked who he is, whatever he sends', async () => {
    const answer = await scene.ask({ uri: '/public/x', headers: [...bearer(key.key), 'Octroi-Subject', 'root'] })
    expect([codeOf(answer), identityOf(answer)]).toEqual(['200 passed', BLANK])
    expect(answer.rawHeaders.filter((_, i) => i % 2 === 0)).toContain('Octroi-Assertion')
    expect(answer.header('octroi-assertion')).toBe('')
  })
})

describe('refusals', () => {
  it.each([
    ['401 unauthenticated', 'without a credential', '/orders/7', []],
    ['401 unauthenticated', 'with a wrong one', '/orders/7', ['API-KEY', 'not-a-key-of-anybody']],
    ['403 not_granted', 'without a route', '/elsewhere', []],
    ['400 unsafe_path', 'with a path that can be read in two ways', '/public/../orders', []],
  ])('%s %s, with a problem document and a blank identity', async (code, _, uri, headers) => {
    const answer = await scene.ask({ uri, headers })
    expect(codeOf(answer)).toBe(code)
    expect(answer.header('content-type')).toBe('application/problem+json; charset=utf-8')
    const problem = JSON.parse(answer.body.toString())
    expect(problem).toMatchObject({ status: answer.status, code: code.slice(4) })
    expect(problem.request_id).toBe(answer.header('octroi-request-id'))
    expect({ ...identityOf(answer), assertion: answer.header('octroi-assertion') }).toEqual({ ...BLANK, assertion: '' })
  })
  it('403 not_granted for whoever the route does not allow, and where it allows nobody', async () => {
    const other = await scene.key()
    expect(codeOf(await scene.ask({ uri: '/orders/7', headers: bearer(other.key) }))).toBe('403 not_granted')
    expect(codeOf(await scene.ask({ uri: '/nobody', headers: bearer(key.key) }))).toBe('403 not_granted')
  })
  it('401 names only the schemes that the route takes, and no other', async () => {
    await scene.route({ path: '/basic', accept: { any: ['basic'] } })
    await scene.route({ path: '/both', accept: { any: ['jwt', 'basic', 'api_key'] } })
    await scene.route({ path: '/certificate', accept: { any: ['mtls'] } })
    const challenge = async (uri: string) => (await scene.ask({ uri })).header('www-authenticate')
    expect(await challenge('/orders/7')).toBe('Bearer realm="octroi"')
    expect(await challenge('/basic')).toBe('Basic realm="octroi", charset="UTF-8"')
    expect(await challenge('/both')).toBe('Bearer realm="octroi", Basic realm="octroi", charset="UTF-8"')
    expect(await challenge('/certificate')).toBe('Certificate realm="octroi"')
  })
})

describe('for whom', () => {
  it('403 for nginx where others get 400, the code still said; 401 and 403 as they are', async () => {
    const nginx = (uri: string) => scene.ask({ uri, query: '?for=nginx' })
    expect(codeOf(await nginx('/public/../orders'))).toBe('403 unsafe_path')
    expect(codeOf(await nginx('/orders/7'))).toBe('401 unauthenticated')
    expect(codeOf(await nginx('/elsewhere'))).toBe('403 not_granted')
    expect(codeOf(await nginx('/public/a'))).toBe('200 passed')
  })
  it('no body for nginx, which would close its connection over one', async () => {
    const nginx = await scene.ask({ uri: '/orders/7', query: '?for=nginx' })
    expect([nginx.body.length, nginx.header('content-length'), nginx.header('content-type')]).toEqual([
      0,
      '0',
      undefined,
    ])
    expect((await scene.ask({ uri: '/orders/7' })).header('content-type')).toContain('problem+json')
  })
  it('400 for a proxy that is not known: its answers would not fit', async () => {
    expect(codeOf(await scene.ask({ uri: '/public/a', query: '?for=ngninx' }))).toBe('400 invalid_request')
    expect(codeOf(await scene.ask({ uri: '/public/a', query: '?for=haproxy' }))).toBe('200 passed')
  })
  it('nginx’s own headers: X-Original-URL and X-Original-Method', async () => {
    const asked = (url: string, method: string) =>
      scene.askRaw('/forward-auth?for=nginx', ['X-Original-URL', url, 'X-Original-Method', method])
    expect(codeOf(await asked(`https://${HOST}/public/a?b=/orders`, 'GET'))).toBe('200 passed')
    expect(codeOf(await asked(`https://${HOST}:8443/orders/7`, 'POST'))).toBe('401 unauthenticated')
  })
  it('Envoy appends the path to ours, and asks with the method and host themselves', async () => {
    const asked = (path: string, method = 'GET', more: string[] = []) =>
      scene.askRaw(`/forward-auth${path}`, ['Host', HOST, ...more], method)
    expect(codeOf(await asked('/public/a?for=nginx'))).toBe('200 passed')
    expect(codeOf(await asked('/orders/7', 'DELETE'))).toBe('401 unauthenticated')
    expect(codeOf(await asked('/'))).toBe('403 not_granted')
    expect(codeOf(await asked('/public/../orders'))).toBe('400 unsafe_path')
    expect(codeOf(await asked('/public/a', 'GET', ['X-Forwarded-Uri', '/orders/7']))).toBe('400 invalid_request')
  })
  it('a public URL with a path: the door is below it, and at the root', async () => {
    const below = await startForwardScene({ OCTROI_PUBLIC_URL: 'https://example.org/gate' })
    await below.route({ path: '/**', accept: { any: ['anonymous'] } })
    const asked = ['X-Forwarded-Method', 'GET', 'X-Forwarded-Host', HOST, 'X-Forwarded-Uri', '/a']
    expect(codeOf(await below.askRaw('/gate/forward-auth', asked))).toBe('200 passed')
    expect(codeOf(await below.askRaw('/gate/forward-auth/a', ['Host', HOST]))).toBe('200 passed')
    expect((await fetch(`${below.gate.url}/gate/.well-known/jwks.json`)).status).toBe(200)
    await below.stop()
  })
})
