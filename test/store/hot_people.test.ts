import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { client, email, identity, method, organization, passkey, session, totp } from './people_rows.ts'
import { Places } from './places.ts'
import { fill } from './rows.ts'

/** Which changes about people move the version on PostgreSQL; on SQLite every commit does. */

const NOW = '2026-01-01T01:00:00.000Z'

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

/** Read from the row that every trigger moves: no clock has a part in it. */
async function versionOf(open: OpenStore): Promise<number> {
  const sql = new pg.Client(places.locationOf(open).databaseUrl)
  await sql.connect()
  const { rows } = await sql.query('select version from store_version')
  await sql.end()
  return Number(rows[0].version)
}

describe('postgres', () => {
  /** In order: one needs another. */
  const PEOPLE: Record<string, (store: Store) => Promise<unknown>> = {
    'a new sign-in method': (store) => store.signInMethods.insert({ method: method('m1'), sealed: null }),
    'a deleted sign-in method': (store) => store.signInMethods.delete('passkey'),
    'a new organization': (store) => store.organizations.insert(organization('o2')),
    'a membership of an organization': (store) => store.organizations.setMemberships('a1', 'manual', ['o1'], NOW),
    'another token of a session': (store) => store.sessions.replaceToken('s1', 'token-2'),
    'a session that is forgotten': (store) => store.sessions.deleteExpired('2027-01-01T00:00:00.000Z'),
    'an address': (store) => store.emails.put(email('a1', 'a@example.org')),
    'an identity': (store) => store.identities.insert(identity('i2', 'a1')),
    'a second factor': (store) => store.factors.insertTotp(totp('t2', 'a1')),
    'a new application': (store) => store.clients.insert(client('shop'), 'client-hash'),
    codes: (store) => store.factors.setRecoveryCodes('a1', ['r1'], NOW),
    'a passkey': (store) => store.factors.insertPasskey(passkey('p2', 'a1')),
    'another name of a passkey': (store) => store.factors.renamePasskey('p2', 'Autre'),
    'a secret of an application': (store) => store.clients.replaceSecret('shop', 'another', NOW),
    'a key of a session': (store) => store.sessions.giveKey('s1', 'shop', 'k1', NOW),
  }

  it('moves the version with whatever is written about people', async () => {
    const open = await places.openFresh('postgres')
    await fill(open)
    await open.store.organizations.insert(organization('o1'))
    await open.store.sessions.insert(session('s1', 'a1', { expires_at: '2999-01-01T00:00:00.000Z' }), 'token-1')
    await open.store.sessions.insert(session('s3', 'a1'), 'token-3')
    for (const [change, write] of Object.entries(PEOPLE)) {
      const before = await versionOf(open)
      await write(open.store)
      expect(await versionOf(open), change).toBeGreaterThan(before)
    }
  }, 60_000)

  it('keeps the version while factors and identities are merely used', async () => {
    const open = await places.openFresh('postgres')
    await fill(open)
    await open.store.identities.insert(identity('i1', 'a1'))
    await open.store.factors.insertTotp(totp('t1', 'a1', { confirmed_at: NOW }))
    await open.store.factors.insertPasskey(passkey('p1', 'a1'))
    await open.store.factors.setRecoveryCodes('a1', ['r1'], NOW)
    const before = await versionOf(open)
    await open.store.identities.used('i1', 'Zoé', NOW)
    expect(await open.store.factors.useTotp('t1', 7)).toBe(true)
    expect(await open.store.factors.usePasskey('p1', 7, true, NOW)).toBe(true)
    expect(await open.store.factors.useRecoveryCode('a1', 'r1', NOW)).toBe(true)
    expect(await versionOf(open)).toBe(before)
  }, 60_000)
})
