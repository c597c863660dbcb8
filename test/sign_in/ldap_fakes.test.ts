import { afterEach, describe, expect, it } from 'vitest'
import { checkLdap, openLdap } from '../../src/sign_in/methods/ldap.ts'
import { type FakeAnswer, type FakeDirectory, type Operation, startFakeDirectory } from '../support/fake_directory.ts'
import { ldapMethod, ldapParts } from '../support/ldap_method.ts'

/** What OpenLDAP does not do: Active Directory's words and identifiers, servers that are silent, and servers that undo TLS. */

let fake: FakeDirectory | undefined
afterEach(() => fake?.stop())

const BASE = 'dc=example,dc=org'
const GUID = Buffer.from('33221100554477668899aabbccddeeff', 'hex')
const PERSON = {
  dn: `CN=Zoé\\, M.,CN=Users,${BASE}`,
  attributes: { objectGUID: GUID, displayName: 'Zoé M.', mail: 'zoe@example.org' },
}
/** Bind of who searches, search, bind of the person, bind of who searches. */
const working = (operation: Operation, nth: number): FakeAnswer =>
  operation === 'search' && nth === 0 ? { code: 0, entries: [PERSON] } : { code: 0 }

async function opened(answers: Parameters<typeof startFakeDirectory>[0], more: Readonly<Record<string, unknown>> = {}) {
  fake = await startFakeDirectory(answers)
  const settings = { preset: 'active_directory', urls: [fake.url], start_tls: false, bind_dn: `cn=octroi,${BASE}` }
  const method = ldapMethod({ ...settings, base_dn: BASE, timeout_s: 1, ...more }, { allow_private: true })
  const { parts, warnings } = ldapParts()
  const open = openLdap(method, { bind_password: 'of the searcher' }, parts)
  return {
    check: (password = 'of-zoe', address = '192.0.2.1') => open.check({ login: 'zoe', password, address }),
    test: () => checkLdap(method, { bind_password: 'of the searcher' }, parts),
    warnings,
  }
}

const sent = () => Buffer.concat(fake?.received ?? []).toString('latin1')

describe('Active Directory', () => {
  it('who he is says objectGUID, as people write it', async () => {
    const { check } = await opened(working)
    expect(await check()).toMatchObject({ subject: '00112233-4455-6677-8899-aabbccddeeff', claims: { name: 'Zoé M.' } })
  })

  it.each([
    ['a wrong password', '52e'],
    ['a disabled account', '533'],
    ['an account that has expired', '701'],
    ['a locked account', '775'],
  ])('nobody with %s (data %s)', async (_, data) => {
    const text = `80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data ${data}, v4563`
    const { check } = await opened((operation, nth) =>
      operation === 'bind' && nth === 1 ? { code: 49, text } : working(operation, nth),
    )
    expect(await check()).toBeUndefined()
  })

  it.each(['773', '532'])('a password that has to be changed first (data %s) is said', async (data) => {
    const text = `80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data ${data}, v4563`
    const { check } = await opened((operation, nth) =>
      operation === 'bind' && nth === 1 ? { code: 49, text } : working(operation, nth),
    )
    await expect(check()).rejects.toMatchObject({ reason: 'denied' })
  })

  it('nested groups are asked for in one search, with the name escaped', async () => {
    const groups = { from: 'search', in_chain: true, map: { board: 'board' } }
    const found = { code: 0, entries: [{ dn: `CN=Board,${BASE}`, attributes: {} }] }
    const { check } = await opened(
      (operation, nth) => (operation === 'search' && nth === 1 ? found : working(operation, nth)),
      { groups },
    )
    expect(await check()).toMatchObject({ claims: { groups: { named: ['board'], range: ['board'] } } })
    expect(sent()).toContain('1.2.840.113556.1.4.1941')
  })

  it('an entry that hides its identifier is trouble of the directory, not of the person', async () => {
    const hidden = { dn: PERSON.dn, attributes: { displayName: 'Zoé M.' } }
    const { check } = await opened((operation) =>
      operation === 'search' ? { code: 0, entries: [hidden] } : { code: 0 },
    )
    await expect(check()).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})

describe('a directory that does not do as it should', () => {
  it('T43: StartTLS refused: nothing more is said, and no password', async () => {
    const { check } = await opened((operation) => (operation === 'starttls' ? { code: 2 } : { code: 0 }), {
      start_tls: true,
    })
    await expect(check()).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(sent()).toContain('1.3.6.1.4.1.1466.20037')
    expect(sent()).not.toMatch(/of the searcher|of-zoe/)
  })

  it('T43: StartTLS accepted and broken off: no connection is made anew in clear', async () => {
    const { check } = await opened(
      (operation) => {
        if (operation === 'starttls') setTimeout(() => fake?.stop(), 5)
        return operation === 'starttls' ? { code: 0 } : undefined
      },
      { start_tls: true },
    )
    await expect(check()).rejects.toMatchObject({ code: expect.stringMatching(/^upstream_/) })
    expect(sent()).not.toMatch(/of the searcher|of-zoe/)
  })

  it('504 when it is silent', async () => {
    const { check } = await opened((operation) => (operation === 'bind' ? undefined : { code: 0 }))
    await expect(check()).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('a referral is not followed', async () => {
    const { check } = await opened((operation) => (operation === 'search' ? { code: 10 } : { code: 0 }))
    await expect(check()).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })

  it('8 (stronger authentication required) is its trouble', async () => {
    const { check } = await opened(() => ({ code: 8 }))
    await expect(check()).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })

  it('503 when too many wait for it', async () => {
    const { check } = await opened(() => undefined)
    const from = (i: number) => check('of-zoe', `192.0.2.${i}`)
    const all = Array.from({ length: 73 }, (_, i) => from(i).catch((error) => error.code as string))
    expect((await Promise.race(all)) as string).toBe('busy')
    await fake?.stop()
    expect((await Promise.all(all)).filter((code) => code === 'busy')).toHaveLength(1)
  })

  it('503 for one address that would have all places', async () => {
    const { check } = await opened(() => undefined)
    const all = Array.from({ length: 20 }, () => check().catch((error) => error.code as string))
    expect(await Promise.race(all)).toBe('busy')
    await fake?.stop()
    expect((await Promise.all(all)).filter((code) => code === 'busy')).toHaveLength(4)
  })

  it('a test of the settings says what is wrong with which server', async () => {
    const { test } = await opened(() => ({ code: 49 }))
    expect(await test()).toEqual({ ok: false, problems: [`${fake?.url}: bind_dn and bind_password are refused`] })
    const good = await opened(() => ({ code: 0 }))
    expect(await good.test()).toEqual({ ok: true, problems: [] })
  })
})
