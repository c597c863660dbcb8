import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ask, askRaw, type Scene, startScene } from '../gateway/scene.ts'
import {
  AUDIENCE,
  BEHIND_PROXY,
  type Claims,
  fromElsewhere,
  type IssuerKey,
  issuerKey,
  makeService,
  registerIssuer,
  TestIssuer,
  tokenOf,
} from '../support/jwt_issuer.ts'

let scene: Scene
let issuer: TestIssuer
let key: IssuerKey
let id: string
beforeAll(async () => {
  key = await issuerKey('ES256', 'one')
  issuer = await new TestIssuer(key).start()
  scene = await startScene({}, { env: BEHIND_PROXY })
  await makeService(scene.gate, 'till')
  id = await registerIssuer(scene.gate, issuer)
})
afterAll(async () => {
  vi.useRealTimers()
  await scene.stop()
  await issuer.down()
})

const through = async (token: string, path = '/x', init: RequestInit = {}) => {
  const headers = { 'x-forwarded-for': fromElsewhere() }
  const { status, code } = await ask({ gate: scene.gate, key: token }, path, { ...init, headers })
  return [status, code]
}
const PASSES = [200, null]
const REFUSED = [401, 'unauthenticated']
const token = (claims: Claims = {}, header: Claims = {}) => tokenOf(issuer.url, key, claims, header)
const change = (body: Claims) => scene.gate.api('PATCH', `/issuers/${id}`, body)
const second = () => Math.floor(Date.now() / 1000)

describe('T44: tokens that were signed, for something else', () => {
  it.each<[string, () => Claims, Claims]>([
    ['an ID token', () => ({ at_hash: 'x', nonce: 'y' }), {}],
    ['an ID token of a client', () => ({ aud: 'some-client', azp: 'some-client' }), {}],
    ['an ID token of Keycloak', () => ({ typ: 'ID' }), {}],
    ['a logout token by its type', () => ({}), { typ: 'logout+jwt' }],
    [
      'a logout token by its claims',
      () => ({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
      {},
    ],
    ['a refresh token of Keycloak', () => ({ typ: 'Refresh' }), {}],
    ['a token that is bound to a key', () => ({ cnf: { jkt: 'x' } }), {}],
    ['a proof of possession', () => ({}), { typ: 'dpop+jwt' }],
    ['another audience', () => ({ aud: 'other' }), {}],
    ['no audience', () => ({ aud: undefined }), {}],
    ['audiences without ours', () => ({ aud: ['a', 'b'] }), {}],
    ['an empty list of audiences', () => ({ aud: [] }), {}],
    ['an audience that begins as ours', () => ({ aud: `${AUDIENCE}.evil.example` }), {}],
    ['iss with a slash at the end', () => ({ iss: `${issuer.url}/` }), {}],
    ['iss in capitals', () => ({ iss: issuer.url.toUpperCase() }), {}],
    ['another iss', () => ({ iss: 'https://evil.example' }), {}],
    ['no iss', () => ({ iss: undefined }), {}],
    ['no exp', () => ({ exp: undefined }), {}],
    ['exp as text', () => ({ exp: String(second() + 300) }), {}],
    ['exp after the end of time', () => ({ exp: 1e300 }), {}],
    ['nbf beyond the skew', () => ({ nbf: second() + 90 }), {}],
    ['iat beyond the skew', () => ({ iat: second() + 90 }), {}],
    ['an unknown account', () => ({ sub: 'nobody' }), {}],
    ['an account in capitals', () => ({ sub: 'TILL' }), {}],
    ['no subject', () => ({ sub: undefined }), {}],
    ['a list of subjects', () => ({ sub: ['till'] }), {}],
    ['a path for a subject', () => ({ sub: '../till' }), {}],
  ])('401 for %s', async (_, claims, header) => {
    expect(await through(await token(claims(), header))).toEqual(REFUSED)
  })

  it.each<[string, () => Claims, Claims]>([
    ['a list of audiences with ours', () => ({ aud: ['other', AUDIENCE] }), {}],
    ['typ JWT', () => ({}), { typ: 'JWT' }],
    ['typ at+jwt', () => ({}), { typ: 'at+jwt' }],
    ['nbf and iat within the skew', () => ({ nbf: second() + 50, iat: second() + 50 }), {}],
    ['exp just past, within the skew', () => ({ exp: second() - 50 }), {}],
  ])('200 for %s', async (_, claims, header) => {
    expect(await through(await token(claims(), header))).toEqual(PASSES)
  })

  it('401 key_expired for one that ended, as for keys', async () => {
    expect(await through(await token({ exp: second() - 61 }))).toEqual([401, 'key_expired'])
  })

  it('where the issuer says typ, no other passes', async () => {
    await change({ typ: 'at+jwt' })
    expect(await through(await token({}, { typ: 'JWT' }))).toEqual(REFUSED)
    expect(await through(await token())).toEqual(REFUSED)
    expect(await through(await token({}, { typ: 'at+jwt' }))).toEqual(PASSES)
    await change({ typ: null })
  })

  it('where the issuer says algorithms, no other passes', async () => {
    await change({ algorithms: ['RS256'] })
    expect(await through(await token())).toEqual(REFUSED)
    await change({ algorithms: ['RS256', 'ES256'] })
    expect(await through(await token())).toEqual(PASSES)
  })
})

describe('T44: how it is sent', () => {
  const raw = async (...lines: string[]) => {
    const from = `X-Forwarded-For: ${fromElsewhere()}`
    const { status, body } = await askRaw({ gate: scene.gate, key: '' }, 'GET /proxy/svc/x', from, ...lines)
    return [status, status === 200 ? null : JSON.parse(body.toString()).code]
  }

  it('200 for bearer in small letters', async () => {
    expect(await raw(`Authorization: bearer ${await token()}`)).toEqual(PASSES)
  })

  it('401 with a tab behind Bearer, with nothing behind it, without it', async () => {
    const good = await token()
    expect(await raw(`Authorization: Bearer\t${good}`)).toEqual(REFUSED)
    expect(await raw('Authorization: Bearer')).toEqual(REFUSED)
    expect(await raw(`Authorization: ${good}`)).toEqual(REFUSED)
    expect(await raw(`Authorization: JWT ${good}`)).toEqual(REFUSED)
    expect(await raw(`Authorization: DPoP ${good}`)).toEqual(REFUSED)
  })

  it('400 for two of them, also beside a key', async () => {
    const [one, other] = [await token(), await token({ jti: 'x' })]
    expect(await raw(`Authorization: Bearer ${one}`, `Authorization: Bearer ${other}`)).toEqual([
      400,
      'ambiguous_credentials',
    ])
    expect(await raw(`Authorization: Bearer ${one}`, `API-KEY: ${scene.key}`)).toEqual([400, 'ambiguous_credentials'])
  })

  it('a token is taken from Authorization alone', async () => {
    const good = await token()
    expect(await raw(`API-KEY: ${good}`)).toEqual(REFUSED)
    expect(await raw(`X-API-Key: ${good}`)).toEqual(REFUSED)
    expect(await raw(`Cookie: access_token=${good}`)).toEqual(REFUSED)
    expect(await raw(`Authorization: Basic ${btoa(`till:${good}`)}`)).toEqual(REFUSED)
    const { status } = await fetch(`${scene.gate.url}/proxy/svc/x?access_token=${good}`)
    expect(status).toBe(401)
  })

  it('a megabyte is refused, and so is all beyond 8 KB', async () => {
    const long = async (filler: number) =>
      (await raw(`Authorization: Bearer ${await token({ x: 'x'.repeat(filler) })}`))[0]
    expect(await long(5_000)).toBe(200)
    expect(await long(7_000)).toBe(401)
    expect(await long(20_000)).toBe(401)
    const huge = await fetch(`${scene.gate.url}/proxy/svc/x`, {
      headers: { authorization: `Bearer ${'x'.repeat(1_000_000)}` },
    }).then(
      ({ status }) => status,
      () => 'closed',
    )
    expect([400, 431, 'closed']).toContain(huge)
  })
})

describe('what is true no longer', () => {
  it('401 for a verified token from its end on', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const good = await token({ exp: second() + 10 })
    expect(await through(good)).toEqual(PASSES)
    vi.setSystemTime(Date.now() + 69_000)
    expect(await through(good)).toEqual(PASSES)
    vi.setSystemTime(Date.now() + 2_000)
    expect(await through(good)).toEqual([401, 'key_expired'])
    vi.useRealTimers()
  })

  it('401 from the next request: account disabled, issuer disabled, another audience, issuer deleted', async () => {
    const good = await token()
    expect(await through(good)).toEqual(PASSES)
    await scene.gate.api('POST', '/accounts/till/disable')
    expect(await through(good)).toEqual(REFUSED)
    await scene.gate.api('POST', '/accounts/till/enable')
    expect(await through(good)).toEqual(PASSES)
    await change({ disabled: true })
    expect(await through(good)).toEqual(REFUSED)
    await change({ disabled: false })
    expect(await through(good)).toEqual(PASSES)
    await change({ audience: 'other' })
    expect(await through(good)).toEqual(REFUSED)
    await change({ audience: AUDIENCE })
    expect(await through(good)).toEqual(PASSES)
    await scene.gate.api('DELETE', `/issuers/${id}`)
    expect(await through(good)).toEqual(REFUSED)
    id = await registerIssuer(scene.gate, issuer)
    expect(await through(good)).toEqual(PASSES)
  })
})

describe('what a token may do', () => {
  it('what its account was granted, and no more; the grant holds from the next request', async () => {
    const good = await token()
    expect(await through(good, '/x', { method: 'POST' })).toEqual([403, 'not_granted'])
    await scene.gate.api('PATCH', '/accounts/till', { grants: [{ connection: 'svc', allow: ['POST /x'] }] })
    expect(await through(good, '/x', { method: 'POST' })).toEqual(PASSES)
    expect(await through(good)).toEqual([403, 'not_granted'])
    await scene.gate.api('PATCH', '/accounts/till', { grants: [{ connection: 'svc', allow: ['GET /**'] }] })
  })

  it('what the groups of its account were granted; not what its keys were', async () => {
    const grants = [{ connection: 'svc', allow: ['DELETE /x'] }]
    await scene.gate.api('POST', '/groups', { id: 'cleaners', name: 'Cleaners', grants })
    await scene.gate.api('POST', '/keys', {
      name: 'k',
      account: 'till',
      grants: [{ connection: 'svc', allow: ['PUT /x'] }],
    })
    const good = await token()
    expect(await through(good, '/x', { method: 'DELETE' })).toEqual([403, 'not_granted'])
    await scene.gate.api('PATCH', '/accounts/till', { groups: ['cleaners'] })
    expect(await through(good, '/x', { method: 'DELETE' })).toEqual(PASSES)
    expect(await through(good, '/x', { method: 'PUT' })).toEqual([403, 'not_granted'])
    await scene.gate.api('PATCH', '/accounts/till', { groups: [] })
    expect(await through(good, '/x', { method: 'DELETE' })).toEqual([403, 'not_granted'])
  })

  it('403 at the management API, whatever its account owns', async () => {
    const answer = await scene.gate.api('GET', '/keys', undefined, { key: await token() })
    expect([answer.status, answer.body.code]).toEqual([403, 'not_granted'])
  })

  it('the token itself never reaches the service', async () => {
    const good = await token()
    const { json } = await ask({ gate: scene.gate, key: good }, '/x')
    expect(JSON.stringify(json)).not.toContain(good.split('.')[2])
  })

  it('D10: an issuer with an account takes only tokens that meet its conditions', async () => {
    await change({ account: 'till', conditions: { repository: ['shop/till'] } })
    const ci = (claims: Claims) => token({ sub: 'repo:whoever', ...claims })
    expect(await through(await ci({ repository: 'shop/till' }))).toEqual(PASSES)
    for (const claims of [{}, { repository: 'evil/till' }, { repository: 'shop/till2' }, { repository: 'SHOP/TILL' }])
      expect(await through(await ci(claims))).toEqual(REFUSED)
    await change({ account: null, conditions: {} })
  })

  it('an issuer that may speak for some accounts speaks for no other, and for no person', async () => {
    await makeService(scene.gate, 'shop')
    await scene.gate.api('POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada' })
    expect(await through(await token({ sub: 'shop' }))).toEqual(PASSES)
    expect(await through(await token({ sub: 'ada' }))).toEqual(REFUSED)
    await change({ accounts: ['till'] })
    expect(await through(await token({ sub: 'shop' }))).toEqual(REFUSED)
    expect(await through(await token())).toEqual(PASSES)
    await change({ accounts: [] })
  })
})
