import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyWithId } from '../gateway/scene.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import {
  fromElsewhere,
  type IssuerKey,
  issuerKey,
  makeService,
  registerIssuer,
  TestIssuer,
  tokenOf,
} from '../support/jwt_issuer.ts'

/** Routes that ask for one of several kinds of proof, or for all of them, over real sockets. */

const RIGHT = 'correct horse battery'
const HOST = 'shop.example.org'

let gate: TestGate
let issuer: TestIssuer
let signing: IssuerKey
let key: string
let foreignKey: string
beforeAll(async () => {
  gate = await startTestGate({
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Certificate',
  })
  signing = await issuerKey('ES256', 'one')
  issuer = await new TestIssuer(signing).start()
  for (const [id, more] of [
    ['till', { password: RIGHT, certificate_subjects: ['CN=till'] }],
    ['other', { password: RIGHT }],
  ] as const)
    await makeService(gate, id, { ...more, grants: [] })
  await registerIssuer(gate, issuer)
  key = (await keyWithId(gate, [], { account: 'till' })).key
  foreignKey = (await keyWithId(gate, [], { account: 'other' })).key
  const allow = { accounts: ['till'] }
  const routes = {
    '/both': { all: ['api_key', 'basic'] },
    '/signed': { all: ['api_key', 'jwt'] },
    '/wire': { all: ['basic', 'mtls'] },
    '/three': { all: ['api_key', 'jwt', 'mtls'] },
    '/any': { any: ['jwt', 'basic'] },
  }
  for (const [path, accept] of Object.entries(routes)) {
    const answer = await gate.api('POST', '/routes', { host: HOST, path, accept, allow })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  }
})
afterAll(async () => {
  await gate.stop()
  await issuer.down()
})

const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const withKey = (value: string) => ({ 'api-key': value })
const certificate = (subject: string) => ({ 'x-client-certificate': subject })

async function check(path: string, ...credentials: Record<string, string>[]) {
  const answer = await fetch(`${gate.url}/forward-auth`, {
    headers: {
      'x-forwarded-for': fromElsewhere(),
      'x-forwarded-proto': 'https',
      'x-forwarded-host': HOST,
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': path,
      ...Object.assign({}, ...credentials),
    },
  })
  const text = await answer.text()
  return {
    got: answer.status === 200 ? answer.headers.get('octroi-subject') : answer.headers.get('octroi-error'),
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    detail: answer.status === 200 ? '' : JSON.parse(text).detail,
  }
}

describe('all', () => {
  it('200 with every proof', async () => {
    const token = await tokenOf(issuer.url, signing)
    expect((await check('/both', withKey(key), basic('till', RIGHT))).got).toBe('till')
    expect((await check('/signed', withKey(key), bearer(token))).got).toBe('till')
    expect((await check('/wire', basic('till', RIGHT), certificate('CN=till'))).got).toBe('till')
    expect((await check('/three', withKey(key), bearer(token), certificate('/CN=till'))).got).toBe('till')
  })

  it('401 that says which is missing', async () => {
    const missing = async (path: string, ...credentials: Record<string, string>[]) => {
      const { status, detail } = await check(path, ...credentials)
      expect(status).toBe(401)
      return detail.split('missing: ')[1]
    }
    expect(await missing('/both')).toBe('api_key, basic.')
    expect(await missing('/both', withKey(key))).toBe('basic.')
    expect(await missing('/both', basic('till', RIGHT))).toBe('api_key.')
    expect(await missing('/signed', bearer(await tokenOf(issuer.url, signing)))).toBe('api_key.')
    expect(await missing('/three', withKey(key), certificate('CN=till'))).toBe('jwt.')
    expect((await check('/both', withKey(key))).challenge).toBe('Basic realm="octroi", charset="UTF-8"')
  })

  it('401 where one of them is wrong, whichever it is', async () => {
    for (const credentials of [
      [withKey(key), basic('till', 'wrong password')],
      [withKey('wrong'), basic('till', RIGHT)],
      [withKey('wrong'), basic('till', 'wrong password')],
      [withKey(key), basic('nobody', RIGHT)],
    ])
      expect((await check('/both', ...credentials)).got).toBe('unauthenticated')
    const foreign = await tokenOf(issuer.url, await issuerKey('ES256', 'one'))
    expect((await check('/signed', withKey(key), bearer(foreign))).got).toBe('unauthenticated')
  })

  it('401 for one key in the places of two proofs', async () => {
    expect((await check('/both', withKey(key), basic('till', key))).got).toBe('unauthenticated')
    expect((await check('/signed', withKey(key), bearer(key))).got).toBe('unauthenticated')
  })

  it('502, not 401, where one cannot be judged and another is wrong', async () => {
    const down = await new TestIssuer(signing).start()
    await registerIssuer(gate, down)
    await down.down()
    const token = await tokenOf(down.url, signing)
    expect((await check('/signed', withKey('wrong'), bearer(token))).got).toBe('upstream_unreachable')
    expect((await check('/signed', withKey(key), bearer(token))).status).toBe(502)
  })

  it('a stolen credential beside one of somebody else opens nothing: each has to be allowed, or of the same account', async () => {
    expect((await check('/both', withKey(foreignKey), basic('till', RIGHT))).got).toBe('not_granted')
    expect((await check('/both', withKey(key), basic('other', RIGHT))).got).toBe('not_granted')
    expect((await check('/both', withKey(foreignKey), basic('other', RIGHT))).got).toBe('not_granted')
  })

  it('the proofs of two who are both allowed are proofs, and so are two of one account, of which one is', async () => {
    const { id, key: named } = await keyWithId(gate, [], { account: 'other' })
    const accept = { all: ['api_key', 'basic'] }
    await gate.api('POST', '/routes', { host: HOST, path: '/two', accept, allow: { accounts: ['till'], keys: [id] } })
    expect((await check('/two', withKey(named), basic('till', RIGHT))).got).toBe('other')
    expect((await check('/two', withKey(named), basic('other', RIGHT))).got).toBe('other')
    expect((await check('/two', withKey(foreignKey), basic('till', RIGHT))).got).toBe('not_granted')
  })
})

describe('any', () => {
  it('200 with one of them', async () => {
    expect((await check('/any', basic('till', RIGHT))).got).toBe('till')
    expect((await check('/any', bearer(await tokenOf(issuer.url, signing)))).got).toBe('till')
  })

  it('401 with none, or with a kind that is not taken', async () => {
    for (const credentials of [{}, withKey(key), certificate('CN=till'), bearer(key)])
      expect((await check('/any', credentials)).status).toBe(401)
  })
})
