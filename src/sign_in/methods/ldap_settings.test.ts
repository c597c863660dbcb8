import { describe, expect, it } from 'vitest'
import { LDAP_PRESETS, LdapSettings } from './ldap_settings.ts'

const GOOD = { ...LDAP_PRESETS.openldap, urls: ['ldaps://ldap.example.org'], base_dn: 'dc=example,dc=org' }

const faults = (more: Readonly<Record<string, unknown>>) => {
  const result = LdapSettings.safeParse({ ...GOOD, ...more })
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

describe('the settings of a directory', () => {
  it('a preset, an address and a base are enough', () => {
    expect(faults({})).toEqual([])
    expect(LdapSettings.parse(GOOD)).toMatchObject({ start_tls: true, timeout_s: 5, groups: { from: 'none' } })
    expect(LdapSettings.safeParse({ ...GOOD, ...LDAP_PRESETS.active_directory }).success).toBe(true)
  })
  it('passwords in clear are for loopback alone', () => {
    expect(faults({ urls: ['ldap://ldap.example.org'] })).toEqual([])
    expect(faults({ urls: ['ldap://ldap.example.org'], start_tls: false })).toEqual([
      'urls.0 carries passwords in clear: use ldaps://, or start_tls; without TLS only on loopback',
    ])
    expect(faults({ urls: ['ldap://127.0.0.1:389', 'ldap://10.0.0.1'], start_tls: false })).toHaveLength(1)
    expect(faults({ urls: ['ldap://localhost'], start_tls: false })).toEqual([])
  })
  it.each([
    ['http://ldap.example.org'],
    ['ldaps://user:secret@ldap.example.org'],
    ['ldaps://ldap.example.org/dc=example'],
    ['ldap.example.org'],
    ['ldaps://ldap.example.org?x'],
  ])('%s is no address of a directory', (url) => {
    expect(faults({ urls: [url] })).toEqual([expect.stringMatching(/^urls\.0 must be ldap:/)])
  })
  it.each([
    ['(uid=zoe)', 'must contain {login}'],
    ['(uid={login}', 'is not a filter (RFC 4515)'],
    ['uid={user}{login}', 'has {user}; known is {login}'],
    ['{login}', 'is not a filter (RFC 4515)'],
  ])('user_filter %s %s', (user_filter, message) => {
    expect(faults({ user_filter })).toEqual([`user_filter ${message}`])
  })
  it('names of fields that are not known, and groups that cannot be', () => {
    expect(faults({ bind_password: 'x' })).toEqual([expect.stringContaining('bind_password')])
    expect(faults({ groups: { from: 'search', filter: '(member=x)' } })).toEqual([
      'groups.filter must contain {dn} or {login}',
    ])
  })
})
