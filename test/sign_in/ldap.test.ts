import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NetworkPolicy } from '../../src/core/types.ts'
import { openLdap } from '../../src/sign_in/methods/ldap.ts'
import { ldapMethod, ldapParts } from '../support/ldap_method.ts'
import { type Slapd, startSlapd } from '../support/slapd.ts'

/** Names that a directory has and a careless program trips over. The first part of each DN is written as RFC 4514 wants it. */
const PEOPLE = [
  { rdn: 'uid=zoe', uid: 'zoe', cn: 'Zoé Müller', mail: 'zoe@example.org' },
  { rdn: 'cn=Doe\\, Jane', uid: 'jane', cn: 'Doe, Jane', mail: 'jane@example.org' },
  { rdn: 'cn=Plus+uid=plus', uid: 'plus', cn: 'Plus', mail: 'plus@example.org' },
  { rdn: 'uid=a(b)*c', uid: 'a(b)*c', cn: 'Brackets', mail: 'brackets@example.org' },
  { rdn: 'cn=\\ leading', uid: 'leading', cn: ' leading', mail: 'leading@example.org' },
  { rdn: 'uid=twin1', uid: 'twin1', cn: 'Twin', mail: 'twin@example.org' },
  { rdn: 'uid=twin2', uid: 'twin2', cn: 'Twin', mail: 'twin@example.org' },
  { rdn: 'uid=locked', uid: 'locked', cn: 'Locked', mail: 'locked@example.org' },
  { rdn: 'uid=fresh', uid: 'fresh', cn: 'Fresh', mail: 'fresh@example.org' },
]
const encoded = (text: string) => `: ${Buffer.from(text).toString('base64')}`
const LDIF = PEOPLE.map(
  ({ rdn, uid, cn, mail }) =>
    `dn:${encoded(`${rdn},ou=people,dc=example,dc=org`)}\nchangetype: add\nobjectClass: inetOrgPerson\nuid:${encoded(uid)}\ncn:${encoded(cn)}\nsn: X\nmail: ${mail}\nuserPassword: password of ${uid}\n`,
).join('\n')

let slapd: Slapd
const allowed = (): NetworkPolicy => ({ allow_private: true, ca: slapd.ca })

beforeAll(async () => {
  slapd = await startSlapd(LDIF)
  slapd.modify(
    'dn: uid=locked,ou=people,dc=example,dc=org\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n',
  )
  slapd.modify('dn: uid=fresh,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n')
})
afterAll(() => slapd?.stop())

const secrets = () => ({ bind_password: slapd.searcher.password })

function opened(more: Readonly<Record<string, unknown>> = {}, network = allowed(), known = new Map<string, string>()) {
  const settings = { preset: 'openldap', urls: [slapd.url], bind_dn: slapd.searcher.dn, base_dn: slapd.base, ...more }
  const { parts, warnings } = ldapParts(known)
  const method = openLdap(ldapMethod(settings, network), secrets(), parts)
  const check = (login: string, password: string, address = '192.0.2.1') => method.check({ login, password, address })
  return { check, warnings }
}

describe('a directory (OpenLDAP)', () => {
  it.each(PEOPLE.slice(0, 5))('S0-21: $cn signs in by user name and by address', async ({ uid, cn, mail }) => {
    const { check } = opened()
    const proof = await check(uid, `password of ${uid}`)
    expect(proof).toMatchObject({ kind: 'identity', issuer: 'ldap:directory', amr: ['pwd'], acr: null, idToken: null })
    expect(proof).toMatchObject({ claims: { name: cn, email: mail, emailVerified: false, groups: null } })
    expect(await check(mail, `password of ${uid}`)).toMatchObject({ subject: (proof as { subject: string }).subject })
  })

  it('who he is says entryUUID, whatever he typed', async () => {
    const proof = await opened().check('ZOE', 'password of zoe')
    expect(proof).toMatchObject({ subject: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/) })
  })

  it('over ldaps too; an address counts as verified where the settings say so', async () => {
    const { check } = opened({ urls: [slapd.secureUrl], trust_email: true })
    expect(await check('zoe', 'password of zoe')).toMatchObject({ claims: { emailVerified: true } })
  })

  it.each([
    ['a wrong password', 'zoe', 'password of jane'],
    ['nobody of that name', 'nobody', 'password of zoe'],
    ['a locked account', 'locked', 'password of locked'],
    ['an address that two have', 'twin@example.org', 'password of twin1'],
    ['T43: an asterisk', '*', 'password of zoe'],
    ['T43: a filter in the name', '*)(uid=*', 'password of zoe'],
    ['T43: half a filter', 'zoe)(|(uid=*', 'password of zoe'],
    ['T43: an escaped NUL', '\\00', 'password of zoe'],
    ['T43: a NUL', 'zoe\0', 'password of zoe'],
    ['T43: a distinguished name', 'uid=zoe,ou=people,dc=example,dc=org', 'password of zoe'],
    ['T43: ten thousand characters', 'z'.repeat(10_000), 'password of zoe'],
    ['a name of blanks', '  ', 'password of zoe'],
    ['T43: an empty password', 'zoe', ''],
    ['T43: a password of blanks', 'zoe', '   '],
    ['T43: a password of NUL', 'zoe', '\0'],
  ])('nobody with %s', async (_, login, password) => {
    expect(await opened().check(login, password)).toBeUndefined()
  })

  it('two entries for one address are told to the log, and to nobody else', async () => {
    const { check, warnings } = opened()
    await check('twin@example.org', 'password of twin1')
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('several entries')])
    expect(JSON.stringify(warnings)).not.toContain('twin')
  })

  it('a password that an administrator has set is to be changed there first', async () => {
    const { check } = opened()
    await expect(check('fresh', 'password of fresh')).rejects.toMatchObject({ reason: 'denied' })
    expect(await check('fresh', 'another')).toBeUndefined()
  })

  it('T41: user name, spelling and address have one bucket, and so has the account', async () => {
    const { check } = opened()
    const tries = ['zoe', 'ZOE', ' zoe', 'zoe@example.org', 'Zoe@Example.org']
    for (let i = 0; i < 10; i++) expect(await check(tries[i % tries.length] as string, `wrong ${i}`)).toBeUndefined()
    await expect(check('zoe@example.org', 'password of zoe')).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await check('zoe', 'password of zoe', '198.51.100.7')).toBeDefined()
    expect(await check('jane', 'password of jane')).toBeDefined()
  })

  it('502 for who searches with a wrong password, never "wrong" for the person', async () => {
    const { parts } = ldapParts()
    const settings = { preset: 'openldap', urls: [slapd.url], bind_dn: slapd.searcher.dn, base_dn: slapd.base }
    const method = openLdap(ldapMethod(settings, allowed()), { bind_password: 'not it' }, parts)
    const trying = method.check({ login: 'zoe', password: 'password of zoe', address: '192.0.2.1' })
    await expect(trying).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})

describe('the way to a directory', () => {
  it('502 where its certificate is of nobody we trust', async () => {
    const { check } = opened({}, { allow_private: true })
    await expect(check('zoe', 'password of zoe')).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
  it('502 where its certificate has another name', async () => {
    const { check } = opened({ server_name: 'directory.example.org' })
    await expect(check('zoe', 'password of zoe')).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
  it('T32: 502 where private addresses are not allowed', async () => {
    const { check } = opened({}, { ca: slapd.ca })
    await expect(check('zoe', 'password of zoe')).rejects.toMatchObject({ code: 'upstream_refused_address' })
  })
  it('T32: 502 for a name that leads to a metadata service', async () => {
    const { check } = opened({ urls: ['ldaps://169.254.169.254'] })
    await expect(check('zoe', 'password of zoe')).rejects.toMatchObject({ code: 'upstream_refused_address' })
  })
  it('the next one where the first does not answer', async () => {
    const { check, warnings } = opened({ urls: ['ldap://127.0.0.1:1', slapd.url] })
    expect(await check('zoe', 'password of zoe')).toBeDefined()
    expect(warnings).toHaveLength(1)
  })
})
