import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.must('accounts.create', { body: { id: 'ci', kind: 'service', name: 'CI' } })
  await world.must('accounts.create', { body: { id: 'ada', kind: 'person', name: 'Ada' } })
})
afterAll(() => world.stop())

const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits })
const RSA = rsa(2048)
const PUBLIC = { ...RSA.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }
const PRIVATE = RSA.privateKey.export({ format: 'jwk' })
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const WEAK = rsa(1024).publicKey.export({ format: 'jwk' })

const good = { issuer: 'https://login.example.org/realms/x', jwks: { keys: [PUBLIC] }, audience: 'octroi' }
const at = (jwks_uri: string, more: object = {}) => ({ issuer: 'x', audience: 'octroi', jwks_uri, ...more })

describe('issuers.create', () => {
  it('201 with the issuer, its id and name made of its address', async () => {
    const { status, body } = await world.call('issuers.create', { body: good })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: 'login-example-org',
      name: 'login.example.org',
      issuer: 'https://login.example.org/realms/x',
      jwks_uri: null,
      jwks: { keys: [PUBLIC] },
      audience: ['octroi'],
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
      typ: null,
      subject_claim: 'sub',
      account: null,
      accounts: [],
      conditions: {},
      network: {},
      clock_skew_s: 60,
      disabled_at: null,
      created_at: body.updated_at,
      updated_at: expect.stringMatching(/Z$/),
    })
    expect(await world.must('issuers.get', { params: { id: body.id } })).toEqual(body)
    const { items } = await world.must('events.list', { query: { subject: `issuer:${body.id}` } })
    expect(items).toMatchObject([{ type: 'issuer.created', data: { name: body.name, issuer: good.issuer } }])
  })
  it('201 with every field, in one form', async () => {
    const body = {
      ...at('HTTPS://keys.example.org/jwks'),
      id: 'all',
      name: 'All',
      audience: ['octroi', 'api', 'octroi'],
      algorithms: ['EdDSA', 'RS256'],
      typ: 'at+jwt',
      subject_claim: 'client_id',
      account: 'ci',
      subject: 'b',
      conditions: { repository: ['org/b', 'org/a'], ref: 'refs/heads/main' },
      clock_skew_s: 0,
      disabled: true,
    }
    const { subject: _, disabled: __, ...kept } = body
    expect(await world.must('issuers.create', { body })).toMatchObject({
      ...kept,
      jwks_uri: 'https://keys.example.org/jwks',
      audience: ['api', 'octroi'],
      algorithms: ['RS256', 'EdDSA'],
      conditions: { client_id: ['b'], repository: ['org/a', 'org/b'], ref: ['refs/heads/main'] },
      disabled_at: expect.stringMatching(/Z$/),
    })
  })
  it('201 with keys as they were published, without what nobody may believe of them', async () => {
    const jwk = { ...EC, kid: 'ec', x5u: 'https://evil.example.org', x5c: ['MIIB'], alg: 'ES256' }
    const { jwks } = await world.must('issuers.create', { body: { ...good, jwks: { keys: [jwk] } } })
    expect(jwks).toEqual({ keys: [{ ...EC, kid: 'ec', alg: 'ES256' }] })
  })
  it('201 with accounts that it may speak for, and twice for the same iss', async () => {
    for (const name of ['one', 'two']) {
      const made = await world.must('issuers.create', { body: { ...good, name, accounts: ['ci', 'ada', 'ci'] } })
      expect([made.id, made.accounts]).toEqual([name, ['ada', 'ci']])
    }
  })
  it.each([
    ['without a subject or a condition', {}],
    ['with no condition at all', { conditions: {} }],
  ])('422 conditions_required for a fixed account %s (D10)', async (_, more) => {
    const answer = await world.call('issuers.create', { body: { ...good, account: 'ci', ...more } })
    const errors = [{ path: 'conditions', message: expect.any(String) }]
    expect(answer.body).toMatchObject({ status: 422, code: 'conditions_required', errors })
  })
  it.each([
    ['plain HTTP', 'http://192.0.2.1/keys', {}],
    ['a private address', 'https://10.0.0.1/keys', {}],
    ['a metadata service', 'http://169.254.169.254/keys', { allow_private: true, allow_http: true }],
    ['a private address out of those that are opened', 'https://10.0.0.1/keys', { allow_private: ['192.168.0.0/16'] }],
  ])('422 insecure_upstream for keys at %s', async (_, jwks_uri, network) => {
    const answer = await world.call('issuers.create', { body: at(jwks_uri, { network }) })
    const errors = [{ path: 'jwks_uri', message: expect.any(String) }]
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream', errors })
  })
  it('422 insecure_upstream for keys at Octroi itself', async () => {
    const network = { allow_private: true, allow_http: true }
    const answer = await world.call('issuers.create', { body: at(`${world.gate.url}/keys`, { network }) })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream' })
  })
  it('201 for keys at an address that its network opens', async () => {
    const network = { allow_private: ['127.0.0.0/8'], allow_http: true }
    expect((await world.must('issuers.create', { body: at(world.upstream.url, { network }) })).network).toEqual(network)
  })
  it('409 conflict for an id that is taken', async () => {
    await world.must('issuers.create', { body: { ...good, id: 'taken' } })
    const answer = await world.call('issuers.create', { body: { ...good, id: 'taken' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('403 for whoever may write issuers and is no administrator (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['issuers.write', 'connections.write_network'] })
    const answer = await world.call('issuers.create', { body: good, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted', detail: expect.stringContaining('*') })
  })

  const keys = (...given: unknown[]) => ({ ...good, jwks: { keys: given } })
  refusals(
    'issuers.create',
    () => world,
    () => ({ body: good }),
    [
      ['nothing', {}, 'issuer', 'audience'],
      ['no keys', { issuer: 'x', audience: 'y' }, 'jwks_uri'],
      ['both keys', { ...good, jwks_uri: 'https://keys.example.org/' }, 'jwks'],
      ['an empty set of keys', keys(), 'jwks.keys'],
      ['a symmetric key', keys({ kty: 'oct', k: 'c2VjcmV0' }), 'jwks.keys.0'],
      ['a private key', keys(PUBLIC, PRIVATE), 'jwks.keys.1'],
      ['a key for encryption', keys({ ...PUBLIC, use: 'enc' }), 'jwks.keys.0'],
      ['a key of 1024 bits', keys(WEAK), 'jwks.keys.0'],
      ['a key that is none', keys({ kty: 'RSA', n: 'x', e: '' }), 'jwks.keys.0'],
      ['a curve that nobody uses', keys({ ...EC, crv: 'secp256k1' }), 'jwks.keys.0'],
      ['a point that is not on its curve', keys({ ...EC, x: EC.y, y: EC.x }), 'jwks.keys.0'],
      ['two keys of one name', keys(PUBLIC, { ...EC, kid: 'one' }), 'jwks.keys'],
      ['a key without a type', keys({}), 'jwks.keys.0'],
      ['HS256', { ...good, algorithms: ['RS256', 'HS256'] }, 'algorithms.1'],
      ['none', { ...good, algorithms: ['none'] }, 'algorithms.0'],
      ['no algorithm', { ...good, algorithms: [] }, 'algorithms'],
      ['an empty audience', { ...good, audience: '' }, 'audience'],
      ['no audience', { ...good, audience: [] }, 'audience'],
      ['an empty issuer', { ...good, issuer: '' }, 'issuer'],
      ['a control character in the issuer', { ...good, issuer: 'x\u0000' }, 'issuer'],
      ['an address with a password', at('https://a:b@keys.example.org/'), 'jwks_uri'],
      ['an address that is none', at('keys.example.org'), 'jwks_uri'],
      ['a file', at('file:///etc/passwd'), 'jwks_uri'],
      ['a network without an address', { ...good, network: { allow_http: true } }, 'network'],
      ['an account that is not there', { ...good, account: 'nobody', subject: 'me' }, 'account'],
      ['accounts that are not there', { ...good, accounts: ['ci', 'nobody'] }, 'accounts.1'],
      ['one account and several', { ...good, account: 'ci', subject: 'me', accounts: ['ci'] }, 'accounts'],
      ['a condition of nothing', { ...good, conditions: { ref: [] } }, 'conditions.ref'],
      ['a condition that is true', { ...good, conditions: { email_verified: true } }, 'conditions.email_verified'],
      ['a condition on what all tokens have alike', { ...good, conditions: { aud: 'octroi' } }, 'conditions.aud'],
      ['the subject said twice', { ...good, subject: 'a', conditions: { sub: 'b' } }, 'subject'],
      ['a negative skew', { ...good, clock_skew_s: -1 }, 'clock_skew_s'],
      ['a skew of an hour', { ...good, clock_skew_s: 3_600 }, 'clock_skew_s'],
      ['an empty typ', { ...good, typ: '' }, 'typ'],
    ],
  )
})
