import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ForwardScene, HOST, type NewKey, startForwardScene } from './scene.ts'

/** What a service behind the proxy checks by itself, with a library of its own. */

const ISSUER = 'https://octroi.example.org/gate'

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene({ OCTROI_PUBLIC_URL: ISSUER })
  await scene.must('POST', '/groups', { id: 'shop', name: 'Shop' })
  await scene.account({ id: 'till', name: 'Till', groups: ['shop'], email: 'till@example.org' })
  key = await scene.key({ name: 'Caisse n° 2', account: 'till' })
  await scene.route({ host: '*', allow: { authenticated: true } })
})
afterAll(() => scene.stop())
afterEach(() => {
  vi.useRealTimers()
})

const assertion = async (host = HOST, secret = key.key) => {
  const answer = await scene.ask({ host, headers: ['API-KEY', secret] })
  expect(answer.status).toBe(200)
  return answer.header('octroi-assertion') as string
}
const keySet = () => createRemoteJWKSet(new URL(`${scene.gate.url}/.well-known/jwks.json`))

describe('Octroi-Assertion', () => {
  it('is verified with the published keys, for the host that was asked about', async () => {
    const { payload, protectedHeader } = await jwtVerify(await assertion(), keySet(), {
      issuer: ISSUER,
      audience: HOST,
      algorithms: ['ES256'],
      typ: 'JWT',
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
    })
    expect(protectedHeader.kid).toMatch(/^[\w-]{43}$/)
    expect(payload).toMatchObject({
      sub: 'till',
      kind: 'key',
      name: 'Caisse n° 2',
      email: 'till@example.org',
      groups: ['shop'],
      key_id: key.id,
      proof: 'api_key',
    })
    expect((payload.exp as number) - (payload.iat as number)).toBe(60)
  })
  it('is no good for another host, by another issuer, or after a change', async () => {
    const jwt = await assertion('other.example.org')
    await expect(jwtVerify(jwt, keySet(), { audience: HOST })).rejects.toThrow('aud')
    await expect(jwtVerify(jwt, keySet(), { issuer: 'https://octroi.example.org' })).rejects.toThrow('iss')
    const [head, , signature] = jwt.split('.')
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(jwt), sub: 'admin' })).toString('base64url')
    await expect(jwtVerify(`${head}.${forged}.${signature}`, keySet())).rejects.toThrow('signature')
  })
  it('ends after a minute', async () => {
    const jwt = await assertion()
    const exp = new Date(((decodeJwt(jwt).exp as number) + 1) * 1000)
    await expect(jwtVerify(jwt, keySet(), { currentDate: exp })).rejects.toThrow('exp')
  })
  it('leaves out what there is not', async () => {
    await scene.account({ id: 'plain', name: 'Plain' })
    const { key: secret } = await scene.key({ account: 'plain' })
    expect(Object.keys(decodeJwt(await assertion(HOST, secret)))).not.toContain('email')
  })
  it('is the same for 45 seconds, another for another host, and another then', async () => {
    const first = await assertion()
    expect(await assertion()).toBe(first)
    expect(await assertion('b.example.org')).not.toBe(first)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 44_000 })
    expect(await assertion()).toBe(first)
    vi.setSystemTime(Date.now() + 2_000)
    const second = await assertion()
    expect(second).not.toBe(first)
    expect(decodeJwt(second).jti).not.toBe(decodeJwt(first).jti)
  })
  it('never outlives the key', async () => {
    const expires_at = new Date(Date.now() + 20_000).toISOString()
    const { key: secret } = await scene.key({ account: 'till', expires_at })
    const { exp } = decodeJwt(await assertion(HOST, secret))
    expect((exp as number) * 1000).toBeLessThanOrEqual(Date.parse(expires_at))
  })
  it('is blank where the proxy says that nobody checks it; whatever else it says is 400', async () => {
    const headers = ['API-KEY', key.key]
    const answer = await scene.ask({ headers, query: '?for=nginx&assertion=none' })
    expect([answer.status, answer.header('octroi-subject'), answer.header('octroi-assertion')]).toEqual([
      200,
      'till',
      '',
    ])
    expect(await assertion()).not.toBe('')
    expect((await scene.ask({ headers, query: '?assertion=no' })).status).toBe(400)
  })
  it('says at once what has changed', async () => {
    await scene.account({ id: 'moving', name: 'Moving' })
    const { key: secret } = await scene.key({ account: 'moving' })
    expect(decodeJwt(await assertion(HOST, secret)).groups).toEqual([])
    await scene.must('PATCH', '/accounts/moving', { groups: ['shop'] })
    expect(decodeJwt(await assertion(HOST, secret)).groups).toEqual(['shop'])
  })
})

describe('/.well-known/jwks.json', () => {
  it('200 for anybody: public members only, to be kept for five minutes', async () => {
    const answer = await fetch(`${scene.gate.url}/.well-known/jwks.json`)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(answer.headers.get('content-type')).toContain('application/jwk-set+json')
    const { keys } = (await answer.json()) as { keys: Record<string, unknown>[] }
    expect(keys.map((one) => Object.keys(one).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']])
    expect(keys[0]).toMatchObject({ alg: 'ES256', use: 'sig', kid: decodeProtectedHeader(await assertion()).kid })
  })
  it('a restart keeps the key', async () => {
    const jwt = await assertion()
    await scene.gate.restart()
    await jwtVerify(jwt, keySet(), { audience: HOST })
    expect(decodeProtectedHeader(await assertion()).kid).toBe(decodeProtectedHeader(jwt).kid)
  })
})
