import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { freshSettings, removeFolders, temporaryFolder } from '../../test/faults/places.ts'
import { consent, openid, providerEntry, sessionClient } from '../../test/store/openid_rows.ts'
import {
  client,
  email,
  identity,
  method,
  organization,
  passkey,
  session,
  ticket,
  totp,
} from '../../test/store/people_rows.ts'
import { group, route } from '../../test/store/program_rows.ts'
import { account, apiKey, keySecret } from '../../test/store/rows.ts'
import { stopSharedPostgres } from '../../test/support/postgres.ts'
import type { Settings } from '../config/settings.ts'
import { backupInstallation } from './backup.ts'
import { initInstallation } from './init.ts'
import { openInstallation } from './open.ts'
import { restoreInstallation } from './restore.ts'

/** Who signs in, through a backup and back: everything but what signs somebody in now (D15). */

afterEach(removeFolders)
afterAll(() => stopSharedPostgres())

const AT = '2026-01-01T00:00:00.000Z'
const FOREVER = '2999-01-01T00:00:00.000Z'
const ACTIVATED = { activate: true, adoptKeys: false, replace: false }
const ALLOW = { accounts: [], groups: ['g1'], organizations: ['o1'], authenticated: false }

async function filled(settings: Settings): Promise<void> {
  await initInstallation(settings)
  const { open } = await openInstallation(settings)
  const { store, activity } = open
  try {
    await store.groups.insert(group('g1'))
    await store.accounts.insert(account('zoe', { kind: 'person', email: 'Zoe@example.org' }))
    await store.emails.put(email('zoe', 'z@example.org', { verified_at: AT }))
    await store.identities.insert(identity('i1', 'zoe', { last_used_at: AT }))
    await store.organizations.insert(organization('o1', { siret: '13002526500013', groups: ['g1'] }))
    await store.organizations.setMemberships('zoe', 'manual', ['o1'], AT)
    await store.signInMethods.insert({ method: method('company', { groups: ['g1'] }), sealed: 'sealed' })
    await store.signInMethods.delete('passkey')
    await store.factors.insertTotp(totp('t1', 'zoe', { confirmed_at: AT, last_step: 58_000_000 }))
    await store.factors.insertPasskey(passkey('p1', 'zoe', { counter: 4_294_967_295, backed_up: true }))
    await store.factors.setRecoveryCodes('zoe', ['r1', 'r2'], AT)
    await store.factors.useRecoveryCode('zoe', 'r1', AT)
    const shop = client('shop', { allow: ALLOW, roles: [{ group: 'g1', role: 'x' }], openid: openid() })
    await store.clients.insert(shop, 'client-hash')
    await store.clients.insert(client('blog', { openid: openid({ auth_method: 'none' }) }), null)
    await store.routes.insert(route('r1', { session: { mfa: true, max_age_s: 600 } }))
    await store.sessions.insert(session('s1', 'zoe', { organization: 'o1', expires_at: FOREVER }), 'token-1')
    const below = { host: 'h', parent: 's1', expires_at: FOREVER }
    await store.sessions.insert(session('s2', 'zoe', below), 'token-2')
    const key = apiKey('k1', 'zoe', { environment: settings.environment })
    await store.keys.insert(key, keySecret('hash-1', 'k1'))
    await store.sessions.giveKey('s1', 'shop', 'k1', AT)
    // Whoever comes under this id later is another to the applications, in the copy as well.
    await store.accounts.insert(account('gone'))
    await store.subjects.of('gone')
    await store.accounts.delete('gone')
    await store.accounts.insert(account('gone'))
    await store.consents.put(consent('zoe', 'shop'))
    await store.sessions.insert(session('s3', 'zoe'), 'token-3')
    for (const id of ['s1', 's3']) await store.sessionClients.put(sessionClient(id, 'shop'))
    await store.sessions.end('s3', AT)
    await activity.providerEntries.put(providerEntry('e1', { expires_at: FOREVER }))
    await activity.tickets.put(ticket('t1', { expires_at: FOREVER }))
    await activity.noteSessionUses([{ session: 's1', at: AT }])
  } finally {
    await open.close()
  }
}

async function contents(settings: Settings) {
  const { open } = await openInstallation(settings)
  const { store, hot } = open
  try {
    return {
      emails: await store.emails.of('zoe'),
      holders: (await store.emails.holders('zoe@example.org')).map(({ id }) => id),
      identity: await store.identities.get('i1'),
      organizations: await store.organizations.list({ limit: 9 }),
      memberships: await store.organizations.membershipsOf('zoe'),
      methods: await hot.signInMethods(),
      totps: await store.factors.totps('zoe'),
      passkeys: await store.factors.passkeys('zoe'),
      recoveryCodes: await store.factors.recoveryCodes('zoe'),
      clients: await store.clients.list({ limit: 9 }),
      bySecret: (await store.clients.findBySecret('shop', 'client-hash', AT))?.id,
      routes: await store.routes.all(),
      subject: (await store.subjects.find('zoe'))?.id,
      consents: await store.consents.of('zoe'),
    }
  } finally {
    await open.close()
  }
}

/** What would let somebody in at once. */
async function signedIn(settings: Settings) {
  const { open } = await openInstallation(settings)
  const { store, hot, activity } = open
  try {
    return {
      sessions: (await store.sessions.list({ limit: 9 })).map(({ id }) => id),
      found: (await hot.findSession('token-2'))?.session.id,
      isLive: (await store.keys.get('k1'))?.revoked_at === null,
      ticket: (await activity.tickets.peek('t1', 'step', AT))?.id,
      uses: (await activity.sessionUses(['s1'])).size,
      applications: (await store.sessionClients.of('s1')).length,
      notice: await store.logoutNotices.nextDue(),
      entry: (await activity.providerEntries.get('RefreshToken', 'e1'))?.id,
    }
  } finally {
    await open.close()
  }
}

async function subjectOf(settings: Settings, id: string): Promise<string> {
  const { open } = await openInstallation(settings)
  return open.store.subjects.of(id).finally(() => open.close())
}

async function copyOf(settings: Settings, other: Settings, options = ACTIVATED) {
  const file = join(temporaryFolder(), 'octroi.backup')
  await backupInstallation(settings, file)
  mkdirSync(other.data_dir, { recursive: true })
  copyFileSync(join(settings.data_dir, 'master.key'), join(other.data_dir, 'master.key'))
  return { file, report: await restoreInstallation(other, file, options) }
}

describe.each([
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['postgres', 'postgres'],
] as const)('a backup of %s restored into %s', (from, to) => {
  it('D15 has everybody and everything, and nobody who is signed in', async () => {
    const settings = await freshSettings(from)
    await filled(settings)
    const before = await contents(settings)
    expect(before.methods.map((each) => each.method.id)).toEqual(['password', 'company'])
    expect(await signedIn(settings)).toEqual({
      ...{ sessions: ['s1', 's2'], found: 's2', isLive: true, ticket: 't1', uses: 1 },
      ...{ applications: 1, notice: AT, entry: 'e1' },
    })
    const other = await freshSettings(to)
    const { file } = await copyOf(settings, other)
    const none = { applications: 0, notice: undefined, entry: undefined }
    const nobody = { sessions: [], found: undefined, isLive: false, ticket: undefined, uses: 0, ...none }
    expect(await contents(other)).toEqual(before)
    expect(await signedIn(other)).toEqual(nobody)
    expect(await subjectOf(other, 'gone')).toMatch(/^gone~/)
    await restoreInstallation(other, file, { ...ACTIVATED, replace: true })
    expect(await contents(other)).toEqual(before)
    expect(await signedIn(other)).toEqual(nobody)
  }, 60_000)
})

describe('a copy in another environment', () => {
  const copied = async (options: typeof ACTIVATED) => {
    const settings = await freshSettings('sqlite')
    await filled(settings)
    const staging = { ...(await freshSettings('sqlite')), environment: 'staging' }
    const { report } = await copyOf(settings, staging, options)
    const { methods, passkeys, bySecret } = await contents(staging)
    return {
      enabled: methods.filter(({ method }) => method.enabled).map(({ method }) => method.id),
      ...{ passkeys: passkeys.length, bySecret },
      ...{ methods: report.suspended_sign_in_methods, secrets: report.foreign_client_secrets },
    }
  }

  it('D15 asks no provider in the name of the original, and no application of the original gets at it', async () => {
    expect(await copied({ activate: false, adoptKeys: false, replace: false })).toEqual({
      ...{ enabled: ['password'], passkeys: 1, bySecret: undefined, methods: 1, secrets: 1 },
    })
  })

  it('does both where it takes the place of the original', async () => {
    expect(await copied({ activate: true, adoptKeys: true, replace: false })).toEqual({
      ...{ enabled: ['password', 'company'], passkeys: 1, bySecret: 'shop', methods: 0, secrets: 0 },
    })
  })
})
