import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimConflicts, claimFault } from './client_openid_claims.ts'

const conflicts = (...claims: string[]) =>
  claimConflicts(
    'c',
    claims.map((claim) => ({ claim })),
  )

describe('the name of a claim', () => {
  it.each(['department', 'profile.name', 'name', 'role', 'organization_siret', 'address.country', 'a1_b.c_2'])(
    'is taken: %s',
    (claim) => expect(claimFault(claim)).toBeUndefined(),
  )
  it.each<readonly [string, string]>([
    ['', 'small letters'],
    ['Name', 'small letters'],
    ['_claim_names', 'small letters'],
    ['__proto__', 'small letters'],
    ['profile.name.first', 'one dot'],
    ['profile.', 'small letters'],
    ['.name', 'small letters'],
    ['9to5', 'small letters'],
    ['na me', 'small letters'],
    ['urn:x', 'small letters'],
    ['profile.__proto__', 'small letters'],
    ['constructor', 'every object'],
    ['profile.constructor', 'every object'],
    ['email', 'openid.email'],
    ['email.work', 'openid.email'],
    ['email_verified', 'protocol'],
    ...['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'sid', 'azp', 'at_hash'].map(
      (claim) => [claim, 'protocol'] as const,
    ),
    ['sub.name', 'protocol'],
    ['cnf.jkt', 'protocol'],
    ['name.first', 'no object'],
    ['groups.first', 'no object'],
  ])('is refused: %j (%s)', (claim, why) => expect(claimFault(claim)).toContain(why))
})

describe('claims together', () => {
  it.each([
    [['name', 'profile.name', 'profile.email_address'], []],
    [['a', 'b', 'a'], ['c.2.claim']],
    [['profile', 'profile.name'], ['c.1.claim']],
    [['profile.name', 'profile'], ['c.1.claim']],
    [['profile', 'profile_name'], []],
  ])('%j', (claims, paths) => expect(conflicts(...claims).map(({ path }) => path)).toEqual(paths))

  const word = fc.constantFrom(
    'a',
    'b',
    'ab',
    'sub',
    'aud',
    'email',
    'name',
    'groups',
    'profile',
    'constructor',
    'A',
    '',
  )
  const path = fc.oneof(
    word,
    fc.tuple(word, word).map(([first, second]) => `${first}.${second}`),
  )

  it('what is taken can be written one after the other: each value stays, no name of the protocol changes', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), (claims) => {
        if (claims.some((claim) => claimFault(claim) !== undefined) || conflicts(...claims).length > 0) return
        const protocol = { sub: 's', aud: 'a', email: 'e' }
        const whole: Record<string, unknown> = { ...protocol, name: 'n', groups: [] }
        for (const [i, claim] of claims.entries()) put(whole, claim.split('.'), i)
        expect(claims.map((claim) => claim.split('.').reduce((at: unknown, name) => Object(at)[name], whole))).toEqual(
          claims.map((_, i) => i),
        )
        expect(whole).toMatchObject(protocol)
      }),
      { numRuns: 2_000 },
    )
  })
  it('whatever is given, it is judged: nothing throws, and only the shape is taken', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (claim) => {
        if (claimFault(claim) === undefined) expect(claim).toMatch(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/)
      }),
      { numRuns: 2_000 },
    )
  })
})

function put(whole: Record<string, unknown>, [first = '', second]: readonly string[], value: unknown): void {
  if (second === undefined) whole[first] = value
  else whole[first] = { ...Object(whole[first]), [second]: value }
}
