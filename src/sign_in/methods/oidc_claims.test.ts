import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at, mapClaims, subjectOf } from './oidc_claims.ts'
import { OIDC_DEFAULTS } from './oidc_presets.ts'

const mapping = {
  claims: { ...OIDC_DEFAULTS.claims, name: ['/name'], organizations: null },
  trust_email: true,
  group_map: {},
}
const map = (said: object, more: object = {}) => mapClaims(said as never, { ...mapping, ...more } as never)

describe('where a claim is (RFC 6901)', () => {
  const said = { a: { 'b/c': [{ d: 1 }] }, 'm~n': 2, 'https://x.test/g': 3 }
  it.each([
    ['/a/b~1c/0/d', 1],
    ['/m~0n', 2],
    ['/https:~1~1x.test~1g', 3],
    ['/a/none', undefined],
    ['/constructor', undefined],
    ['/a/__proto__', undefined],
    ['/a/b~1c/length', 1],
  ])('%s', (pointer, value) => {
    expect(at(said, pointer)).toEqual(value)
  })
})

describe('T28, T30 addresses', () => {
  it.each([
    [true, true],
    ['true', false],
    [1, false],
    [undefined, false],
    [null, false],
    [false, false],
  ])('email_verified %j: %s', (email_verified, wanted) => {
    expect(map({ email: 'a@example.org', email_verified }).emailVerified).toBe(wanted)
  })

  it('never without trust', () => {
    expect(map({ email: 'a@example.org', email_verified: true }, { trust_email: false }).emailVerified).toBe(false)
  })

  it.each(['a@b@evil.example', 'a＠example.org', '', 'no address', 'a@example.org\n', 7, null, ['a@example.org']])(
    '%j is none, and nothing of it is verified',
    (email) => {
      const isSpelled = email === 'a@example.org\n'
      expect(map({ email, email_verified: true })).toMatchObject({
        email: isSpelled ? 'a@example.org' : null,
        emailVerified: isSpelled,
      })
    },
  )
})

describe('names', () => {
  it.each([
    ['  Alix \n Martin ', 'Alix Martin'],
    ['Alix\u202Enitram', 'Alixnitram'],
    ['', null],
    ['x'.repeat(201), null],
    [{ first: 'Alix' }, null],
  ])('%j: %j', (name, wanted) => {
    expect(map({ name }).name).toBe(wanted)
  })

  it('of two claims, one of which is missing', () => {
    const claims = { ...mapping.claims, name: ['/given_name', '/family_name'] }
    expect(map({ family_name: 'Martin' }, { claims }).name).toBe('Martin')
  })
})

describe('organizations', () => {
  const claims = { ...mapping.claims, organizations: { list: '/organizations', siret: '/siret', label: '/label' } }
  it.each([
    ['13002526500013', true],
    ['130 025 265 00013', true],
    ['1300252650001', false],
    ['130025265000134', false],
    ['١٣٠٠٢٥٢٦٥٠٠٠١٣', false],
    [13002526500013, false],
    [null, false],
  ])('SIRET %j: %s', (siret, known) => {
    expect(map({ organizations: [{ siret }] }, { claims }).organizations).toEqual(
      known ? [{ siret: '13002526500013', label: null }] : [],
    )
  })

  it('each once, in their order; nothing said is none, and no mapping is nothing said', () => {
    const organizations = [
      { siret: '1'.repeat(14), label: 'A' },
      { siret: '2'.repeat(14) },
      { siret: '1'.repeat(14), label: 'B' },
    ]
    expect(map({ organizations }, { claims }).organizations).toEqual([
      { siret: '1'.repeat(14), label: 'A' },
      { siret: '2'.repeat(14), label: null },
    ])
    expect(map({}, { claims }).organizations).toEqual([])
    expect(map({ organizations }).organizations).toBeNull()
  })
})

describe('sub', () => {
  it.each([
    ['x', false, 'x'],
    [154, true, '154'],
    [154, false, undefined],
    [1.5, true, undefined],
    [2 ** 60, true, undefined],
    ['', true, undefined],
    ['a\u0000b', false, undefined],
    ['x'.repeat(256), false, undefined],
    [{}, true, undefined],
  ])('%j, numeric %s: %j', (sub, numeric, wanted) => {
    expect(subjectOf(sub, numeric)).toBe(wanted)
  })
})

it('property: whatever is said is mapped, and nothing throws', () => {
  const claims = {
    ...mapping.claims,
    groups: '/groups',
    organizations: { list: '/organizations', siret: '/siret', label: '/label' },
  }
  const some = fc.jsonValue()
  const said = fc.record(
    { name: some, email: some, email_verified: some, groups: some, organizations: some },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(said, (value) => {
      const mapped = map(value, { claims, group_map: { a: 'ours' } })
      expect(mapped.groups?.range).toEqual(['ours'])
      expect(mapped.emailVerified).toBe(mapped.email !== null && value.email_verified === true)
      for (const { siret } of mapped.organizations ?? []) expect(siret).toMatch(/^\d{14}$/)
    }),
  )
})
