import fc from 'fast-check'
import { FilterParser } from 'ldapts'
import { describe, expect, it } from 'vitest'
import { comparableDn, filterFor, firstName, identifierText, isBlank, isNoLogin } from './ldap_names.ts'

describe('filters', () => {
  it('T43: whatever is typed is one value', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (login) => {
      const filter = FilterParser.parseString(filterFor('(uid={login})', { login }))
      expect(filter).toMatchObject({ attribute: 'uid' })
      expect(filter.constructor.name).toBe('EqualityFilter')
    })
    fc.assert(property, { numRuns: 2_000 })
  })
  it('escapes as RFC 4515 §3 has it', () => {
    expect(filterFor('(|(uid={login})(mail={login}))', { login: 'a*(b)\\c\0' })).toBe(
      '(|(uid=a\\2a\\28b\\29\\5cc\\00)(mail=a\\2a\\28b\\29\\5cc\\00))',
    )
  })
})

describe('names', () => {
  it.each([
    ['cn=Doe\\, Jane,dc=example', 'CN=Doe\\2C Jane,DC=Example'],
    ['cn=plus+uid=plus,dc=example', 'uid=plus+cn=Plus, dc=example'],
    ['cn=Zo\\C3\\A9,dc=example', 'cn=Zoé,dc=example'],
  ])('%s is %s', (a, b) => expect(comparableDn(a)).toBe(comparableDn(b)))
  it('other names differ', () => expect(comparableDn('cn=a,dc=b')).not.toBe(comparableDn('cn=a\\,dc\\=b')))
  it('the first part of a name', () => {
    expect(firstName('CN=Équipe\\, bureau,ou=groups,dc=example')).toBe('équipe, bureau')
    expect(firstName('not a name')).toBe('not a name')
  })
})

describe('identifiers', () => {
  it('MS-DTYP §2.3.4: the first three fields are turned round', () => {
    const bytes = Buffer.from('33221100554477668899aabbccddeeff', 'hex')
    expect(identifierText(bytes)).toBe('00112233-4455-6677-8899-aabbccddeeff')
    expect(identifierText(Buffer.from('ab', 'hex'))).toBe('ab')
  })
})

describe('what is not even asked', () => {
  it.each(['', ' ', '\t\n', '\0', ' \0 ', '\u00a0'])('%j is blank', (text) => expect(isBlank(text)).toBe(true))
  it('a password may have blanks in it', () => expect(isBlank(' a ')).toBe(false))
  it.each(['', 'a\0', 'a\nb', 'x'.repeat(257)])('%j is no login', (text) => expect(isNoLogin(text)).toBe(true))
  it('Zoé is one', () => expect(isNoLogin('Zoé O’Connor')).toBe(false))
})
