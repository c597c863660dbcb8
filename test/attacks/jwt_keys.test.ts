import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ask, type Scene, startScene } from '../gateway/scene.ts'
import {
  AUDIENCE,
  BEHIND_PROXY,
  fromElsewhere,
  type IssuerKey,
  issuerKey,
  makeService,
  registerIssuer,
  TestIssuer,
  tokenOf,
} from '../support/jwt_issuer.ts'

let scene: Scene
let first: IssuerKey
let second: IssuerKey
beforeAll(async () => {
  first = await issuerKey('ES256', 'first')
  second = await issuerKey('ES256', 'second')
  scene = await startScene({}, { env: BEHIND_PROXY })
  await makeService(scene.gate, 'till')
})
afterAll(async () => {
  vi.useRealTimers()
  await scene.stop()
})

const through = async (token: string) => {
  const headers = { 'x-forwarded-for': fromElsewhere() }
  const answer = await ask({ gate: scene.gate, key: token }, '/x', { headers })
  return { got: [answer.status, answer.code], ...answer }
}
const forward = (ms: number) => vi.setSystemTime(Date.now() + ms)

/** A registered issuer of its own for each test, on a clock that the test moves. */
async function scenery(...keys: IssuerKey[]) {
  vi.useFakeTimers({ toFake: ['Date'] })
  const issuer = await new TestIssuer(...keys).start()
  const id = await registerIssuer(scene.gate, issuer)
  let serial = 0
  // Each token is another, so that none is known from before.
  const token = (key: IssuerKey) => tokenOf(issuer.url, key, { jti: String(serial++) })
  return {
    issuer,
    token,
    async end() {
      vi.useRealTimers()
      await scene.gate.api('DELETE', `/issuers/${id}`)
      await issuer.down()
    },
  }
}

describe('the keys of an issuer', () => {
  it('are fetched once for many callers', async () => {
    const { issuer, token, end } = await scenery(first)
    const tokens = await Promise.all(Array.from({ length: 30 }, () => token(first)))
    const answers = await Promise.all(tokens.map(through))
    expect(answers.map(({ status }) => status)).toEqual(new Array(30).fill(200))
    expect(issuer.asked).toBe(1)
    await end()
  })

  it('502, never 401, while they cannot be fetched; 200 when they can', async () => {
    const { issuer, token, end } = await scenery(first)
    const good = await token(first)
    await issuer.down()
    const refused = await through(good)
    expect(refused.got).toEqual([502, 'upstream_unreachable'])
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(refused.headers.get('www-authenticate')).toBeNull()
    await issuer.up()
    expect((await through(good)).got).toEqual([502, 'upstream_unreachable'])
    expect(issuer.asked).toBe(0)
    forward(5_000)
    expect((await through(good)).got).toEqual([200, null])
    await end()
  })

  it.each([500, 302, 404])('502 where the issuer answers %i', async (status) => {
    const { issuer, token, end } = await scenery(first)
    issuer.status = status
    expect((await through(await token(first))).got).toEqual([502, 'upstream_unreachable'])
    await end()
  })

  it('502 for an address that turned into one that may not be reached', async () => {
    const { issuer, token, end } = await scenery(first)
    const { body } = await scene.gate.api('GET', '/issuers')
    const network = { allow_private: ['10.0.0.0/8'], allow_http: true }
    const answer = await scene.gate.api('PATCH', `/issuers/${body.items[0].id}`, { network })
    expect([answer.status, answer.body.code]).toEqual([422, 'insecure_upstream'])
    expect((await through(await token(first))).status).toBe(200)
    expect(issuer.asked).toBe(1)
    await end()
  })

  it('rotation: the new key passes after one more fetch, unknown names do not make us fetch again', async () => {
    const { issuer, token, end } = await scenery(first)
    expect((await through(await token(first))).status).toBe(200)
    issuer.published = [first.jwk, second.jwk]
    forward(30_000)
    const answers = await Promise.all((await Promise.all([token(second), token(second), token(second)])).map(through))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(issuer.asked).toBe(2)
    const unknown = await issuerKey('ES256', 'unknown')
    for (let i = 0; i < 10; i++) expect((await through(await token(unknown))).got).toEqual([401, 'unauthenticated'])
    expect(issuer.asked).toBe(2)
    await end()
  })

  it('a token that could not be good makes nobody fetch', async () => {
    const { issuer, token, end } = await scenery(first)
    const unknown = await issuerKey('ES256', 'unknown')
    for (const claims of [{ aud: 'other' }, { exp: undefined }, { nbf: 9e9 }, { sub: 1 }])
      expect((await through(await tokenOf(issuer.url, unknown, claims))).status).toBe(401)
    expect(issuer.asked).toBe(0)
    expect((await through(await token(first))).status).toBe(200)
    await end()
  })

  it('a key that the issuer withdrew: 401 for new tokens, and in time for those that were verified', async () => {
    const { issuer, token, end } = await scenery(first, second)
    const [known, fresh] = [await token(first), await token(second)]
    expect((await through(known)).status).toBe(200)
    issuer.published = [second.jwk]
    vi.setSystemTime(Date.now() + 599_000)
    // Its own end comes before: a longer one.
    const long = await tokenOf(issuer.url, first, { exp: Math.floor(Date.now() / 1000) + 7_200 })
    expect((await through(long)).status).toBe(200)
    forward(2_000)
    const now = await tokenOf(issuer.url, second)
    await vi.waitFor(async () => {
      expect((await through(now)).status).toBe(200)
      expect(issuer.asked).toBe(2)
    })
    forward(300_000)
    expect((await through(long)).got).toEqual([401, 'unauthenticated'])
    expect((await through(fresh)).status).toBe(401)
    await end()
  })

  it('keys that were given instead of an address', async () => {
    const issuer = await new TestIssuer(first).start()
    const more = { jwks_uri: undefined, network: undefined, jwks: { keys: [first.jwk] } }
    const id = await registerIssuer(scene.gate, issuer, more)
    expect((await through(await tokenOf(issuer.url, first))).status).toBe(200)
    expect((await through(await tokenOf(issuer.url, second))).status).toBe(401)
    expect(issuer.asked).toBe(0)
    await scene.gate.api('DELETE', `/issuers/${id}`)
    await issuer.down()
  })

  it('two registrations of one iss: each with its own conditions, and the one that fits decides', async () => {
    const issuer = await new TestIssuer(first).start()
    await makeService(scene.gate, 'ci-a')
    await makeService(scene.gate, 'ci-b', { grants: [] })
    const ids = [
      await registerIssuer(scene.gate, issuer, { id: 'ci-a', account: 'ci-a', conditions: { repository: 'a' } }),
      await registerIssuer(scene.gate, issuer, { id: 'ci-b', account: 'ci-b', conditions: { repository: 'b' } }),
    ]
    const of = (repository: string) => tokenOf(issuer.url, first, { sub: 'x', repository })
    expect((await through(await of('a'))).status).toBe(200)
    expect((await through(await of('b'))).got).toEqual([403, 'not_granted'])
    expect((await through(await of('c'))).got).toEqual([401, 'unauthenticated'])
    for (const id of ids) await scene.gate.api('DELETE', `/issuers/${id}`)
    await issuer.down()
  })

  it('a token for another audience of the same issuer is not ours, whatever else it is', async () => {
    const { issuer, token, end } = await scenery(first)
    expect((await through(await tokenOf(issuer.url, first, { aud: `${AUDIENCE}/` }))).status).toBe(401)
    expect((await through(await token(first))).status).toBe(200)
    await end()
  })
})
