import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLdap } from '../../src/sign_in/methods/ldap.ts'
import { ldapMethod, ldapParts } from '../support/ldap_method.ts'
import { type Slapd, startSlapd } from '../support/slapd.ts'

const person = (uid: string) =>
  `dn: uid=${uid},ou=people,dc=example,dc=org\nchangetype: add\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: X\nuserPassword: password of ${uid}\n`
const group = (name: string, ...members: string[]) =>
  `dn: ${name},ou=groups,dc=example,dc=org\nchangetype: add\nobjectClass: groupOfNames\n${members.map((member) => `member: ${member},dc=example,dc=org`).join('\n')}\n`

const LDIF = [
  person('zoe'),
  person('jane'),
  group('cn=Treasurers', 'uid=zoe,ou=people'),
  group('cn=Board\\, honorary', 'cn=Treasurers,ou=groups', 'cn=Gone,ou=groups'),
  // A circle: everybody is in Everybody, which is in Inner, which is in Everybody.
  group('cn=Inner', 'cn=Board\\, honorary,ou=groups'),
  group('cn=Outer', 'cn=Inner,ou=groups'),
  'dn: cn=Inner,ou=groups,dc=example,dc=org\nchangetype: modify\nadd: member\nmember: cn=Outer,ou=groups,dc=example,dc=org\n',
].join('\n')

let slapd: Slapd
beforeAll(async () => {
  slapd = await startSlapd(LDIF)
})
afterAll(() => slapd?.stop())

const MAP = {
  'cn=treasurers,ou=groups,dc=example,dc=org': 'treasurers',
  'cn=Board\\2C honorary,ou=groups,dc=example,dc=org': 'board',
  outer: 'outer',
  'cn=nobody,ou=groups,dc=example,dc=org': 'unused',
}
const RANGE = ['treasurers', 'board', 'outer', 'unused']

async function groupsOf(login: string, groups: Readonly<Record<string, unknown>>) {
  const settings = {
    preset: 'openldap',
    urls: [slapd.url],
    bind_dn: slapd.searcher.dn,
    base_dn: slapd.base,
    groups: { map: MAP, ...groups },
  }
  const method = ldapMethod(settings, { allow_private: true, ca: slapd.ca })
  const open = openLdap(method, { bind_password: slapd.searcher.password }, ldapParts().parts)
  const proof = await open.check({ login, password: `password of ${login}`, address: '192.0.2.1' })
  if (proof?.kind !== 'identity') throw new Error('nobody signed in')
  return proof.claims.groups
}

describe('groups of a directory', () => {
  it.each([
    ['member_of', { from: 'member_of' }],
    ['search', { from: 'search' }],
  ])('%s: the direct ones, by distinguished name whatever its spelling', async (_, groups) => {
    expect(await groupsOf('zoe', groups)).toEqual({ named: ['treasurers'], range: RANGE })
    expect(await groupsOf('jane', groups)).toEqual({ named: [], range: RANGE })
  })

  it.each([
    ['member_of', { from: 'member_of', nested: true }],
    ['search', { from: 'search', nested: true }],
  ])('%s, nested: round in circles, past what is gone, and by common name', async (_, groups) => {
    const found = await groupsOf('zoe', groups)
    expect(new Set(found?.named)).toEqual(new Set(['treasurers', 'board', 'outer']))
    expect(await groupsOf('jane', groups)).toEqual({ named: [], range: RANGE })
  })

  it('a filter by login finds groups that name no entry (RFC 2307)', async () => {
    slapd.modify(
      'dn: cn=posix,ou=groups,dc=example,dc=org\nchangetype: add\nobjectClass: posixGroup\ncn: posix\ngidNumber: 1\nmemberUid: jane\n',
    )
    const groups = { from: 'search', filter: '(memberUid={login})', map: { posix: 'posix' } }
    expect(await groupsOf('jane', groups)).toEqual({ named: ['posix'], range: ['posix'] })
  })

  it('nothing changes where nothing is mapped', async () => {
    expect(await groupsOf('zoe', { from: 'none' })).toBeNull()
    expect(await groupsOf('zoe', { from: 'member_of', map: {} })).toBeNull()
  })
})
