import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Issuer } from '../core/program_types.ts'
import { claimsFit, endOf, headerFits, type JsonObject, readToken, subjectOf } from './jwt_token.ts'

const NOW = 1_800_000_000
const ISSUER: Issuer = {
  id: 'idp',
  name: 'idp',
  issuer: 'https://idp.example',
  jwks_uri: null,
  jwks: { keys: [] },
  audience: ['octroi', 'octroi-2'],
  algorithms: ['RS256', 'ES256'],
  typ: null,
  subject_claim: 'sub',
  account: null,
  accounts: [],
  conditions: {},
  network: {},
  clock_skew_s: 60,
  disabled_at: null,
  created_at: '',
  updated_at: '',
}
const GOOD = { iss: ISSUER.issuer, aud: 'octroi', exp: NOW + 300, sub: 'till' }

const token = (claims: JsonObject, header: JsonObject = { alg: 'RS256' }) => ({ text: '', header, claims })
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = (more: JsonObject, issuer: Partial<Issuer> = {}) =>
  headerFits(token({}, { alg: 'RS256', ...more }), { ...ISSUER, ...issuer })
const claims = (more: JsonObject, issuer: Partial<Issuer> = {}) =>
  claimsFit(token({ ...GOOD, ...more }), { ...ISSUER, ...issuer }, NOW * 1000)

describe('what is a token', () => {
  it.each([
    '',
    'a.b',
    'a.b.c',
    'oct_key_526fsctc_x',
    `${part({})}.${part([])}.x`,
    `${part('x')}.${part({})}.x`,
    `${part(null)}.${part({})}.x`,
    `${part({})}.${part({})}`,
    `${part({})}.${part({})}.x.y`,
    `${part({})}.${part({})}.x.y.z`,
    `${part({})}..x`,
    ` ${part({})}.${part({})}.x`,
    `${part({})}.${part({})}.x=`,
  ])('%j is none', (text) => expect(readToken(text)).toBeUndefined())

  it('two JSON objects and a signature, or none, are one', () => {
    const text = `${part({ alg: 'none' })}.${part({ iss: 'x' })}.`
    expect(readToken(text)).toEqual({ text, header: { alg: 'none' }, claims: { iss: 'x' } })
  })
})

describe('headers', () => {
  it.each<[JsonObject]>([
    [{}],
    [{ alg: 'ES256', kid: 'x' }],
    [{ typ: 'JWT' }],
    [{ typ: 'jwt' }],
    [{ typ: 'at+jwt' }],
    [{ typ: 'application/at+jwt' }],
    [{ typ: 'AT+JWT' }],
    [{ cty: 'x' }],
  ])('%j fits', (more) => expect(header(more)).toBe(true))

  it.each<[JsonObject]>([
    [{ alg: 'none' }],
    [{ alg: 'None' }],
    [{ alg: 'HS256' }],
    [{ alg: 'rs256' }],
    [{ alg: 'PS256' }],
    [{ alg: undefined }],
    [{ alg: ['RS256'] }],
    [{ alg: '' }],
    [{ kid: 1 }],
    [{ kid: null }],
    [{ kid: ['x'] }],
    [{ typ: 'logout+jwt' }],
    [{ typ: 'secevent+jwt' }],
    [{ typ: 'dpop+jwt' }],
    [{ typ: 'JWS' }],
    [{ typ: null }],
    [{ typ: '' }],
    [{ crit: ['b64'], b64: false }],
    [{ crit: ['exp'], exp: 1 }],
    [{ crit: [] }],
    [{ b64: true }],
    [{ jwk: { kty: 'RSA' } }],
    [{ jku: 'https://evil.example/jwks' }],
    [{ x5u: 'https://evil.example/cert' }],
    [{ x5c: ['MII'] }],
    [{ zip: 'DEF' }],
  ])('%j does not', (more) => expect(header(more)).toBe(false))

  it('none and HS* never fit, even where an issuer lists them', () => {
    const algorithms = ['none', 'HS256', 'RS256']
    expect(header({ alg: 'none' }, { algorithms })).toBe(false)
    expect(header({ alg: 'HS256' }, { algorithms })).toBe(false)
    expect(header({ alg: 'RS256' }, { algorithms })).toBe(true)
  })

  it('where an issuer has a typ, only that one fits', () => {
    const fits = (typ: string | undefined) => header(typ === undefined ? {} : { typ }, { typ: 'at+jwt' })
    expect(['at+jwt', 'application/at+jwt', 'AT+JWT'].map(fits)).toEqual([true, true, true])
    expect(['JWT', 'jwt', 'at', undefined].map(fits)).toEqual([false, false, false, false])
  })
})

describe('claims', () => {
  it.each<[JsonObject]>([
    [{}],
    [{ aud: ['other', 'octroi-2'] }],
    [{ nbf: NOW + 60, iat: NOW + 60 }],
    [{ exp: NOW - 10_000 }],
    [{ exp: NOW + 0.5 }],
    [{ typ: 'Bearer' }],
    [{ nonce: 'x' }],
  ])('%j fit', (more) => expect(claims(more)).toBe(true))

  it.each<[JsonObject]>([
    [{ iss: `${ISSUER.issuer}/` }],
    [{ iss: ISSUER.issuer.toUpperCase() }],
    [{ iss: [ISSUER.issuer] }],
    [{ iss: undefined }],
    [{ aud: undefined }],
    [{ aud: 'other' }],
    [{ aud: 'Octroi' }],
    [{ aud: 'octroi ' }],
    [{ aud: [] }],
    [{ aud: ['other'] }],
    [{ aud: ['octroi', 1] }],
    [{ aud: [['octroi']] }],
    [{ aud: { octroi: true } }],
    [{ exp: undefined }],
    [{ exp: String(NOW + 300) }],
    [{ exp: null }],
    [{ exp: -1 }],
    [{ exp: 1e300 }],
    [{ exp: 253_402_300_800 }],
    [{ nbf: NOW + 61 }],
    [{ nbf: 'now' }],
    [{ nbf: null }],
    [{ iat: NOW + 61 }],
    [{ iat: 1e300 }],
    [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    [{ events: null }],
    [{ at_hash: 'x' }],
    [{ c_hash: 'x' }],
    [{ cnf: { jkt: 'x' } }],
    [{ typ: 'ID' }],
    [{ typ: 'Refresh' }],
    [{ typ: 'Logout' }],
  ])('%j do not', (more) => expect(claims(more)).toBe(false))

  it('D10: every condition has to be met, by one of its values', () => {
    const conditions = { repository: ['a/b', 'a/c'], ref_protected: ['true'], run: ['7'] }
    const met = { repository: 'a/c', ref_protected: true, run: 7 }
    const meets = (more: JsonObject) => claims({ ...met, ...more }, { conditions })
    expect(meets({})).toBe(true)
    expect(meets({ repository: ['x', 'a/b'] })).toBe(true)
    for (const more of [
      { repository: 'a/bb' },
      { repository: 'A/B' },
      { repository: undefined },
      { repository: null },
      { repository: [] },
      { repository: { 0: 'a/b' } },
      { ref_protected: false },
      { run: 7.5 },
    ])
      expect(meets(more)).toBe(false)
  })

  it('D10: a condition on what every object has is not met by that', () => {
    expect(claims({}, { conditions: { constructor: ['function Object() { [native code] }'] } })).toBe(false)
    expect(claims({}, { conditions: { toString: ['x'] } })).toBe(false)
  })

  it('the end is the claim and the difference that clocks may have', () => {
    expect(endOf(token(GOOD), ISSUER)).toBe((NOW + 360) * 1000)
    expect(endOf(token({ exp: 253_402_300_799 }), ISSUER)).toBe(253_402_300_799_000)
  })
})

describe('who the token speaks for', () => {
  const subject = (more: JsonObject, issuer: Partial<Issuer> = {}) =>
    subjectOf(token({ ...GOOD, ...more }), { ...ISSUER, ...issuer })

  it('the account that its claim names, of those that the issuer may speak for', () => {
    expect(subject({})).toBe('till')
    expect(subject({ client: 'shop' }, { subject_claim: 'client' })).toBe('shop')
    expect(subject({}, { accounts: ['till', 'shop'] })).toBe('till')
    expect(subject({}, { accounts: ['shop'] })).toBeUndefined()
    expect(subject({}, { subject_claim: 'constructor' })).toBeUndefined()
    for (const sub of [undefined, null, 1, ['till'], { id: 'till' }]) expect(subject({ sub })).toBeUndefined()
  })

  it('D10: a fixed account only where there are conditions', () => {
    expect(subject({}, { account: 'ci' })).toBeUndefined()
    expect(subject({ sub: 'whoever' }, { account: 'ci', conditions: { ref: ['main'] } })).toBe('ci')
  })
})

describe('property', () => {
  it('no text is thrown at, and what is a token has two objects', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'ey.J_-=+/ {}'), maxLength: 40 })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), odd), (text) => {
        const read = readToken(text)
        if (read !== undefined) expect(typeof read.header).toBe(typeof read.claims)
      }),
      { numRuns: 5_000 },
    )
  })

  it('no header or claims of any shape are thrown at, and none fits by chance', () => {
    const name = fc.constantFrom(
      'alg',
      'typ',
      'kid',
      'crit',
      'iss',
      'aud',
      'exp',
      'nbf',
      'sub',
      '__proto__',
      'toString',
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 2 })), (object) => {
        const read = readToken(`${part(object)}.${part(object)}.`)
        if (read === undefined) throw new Error('not read')
        headerFits(read, ISSUER)
        expect(claimsFit(read, ISSUER, NOW * 1000)).toBe(false)
        subjectOf(read, ISSUER)
      }),
      { numRuns: 5_000 },
    )
  })
})
