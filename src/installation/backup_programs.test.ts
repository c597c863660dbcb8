import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { freshSettings, removeFolders, temporaryFolder } from '../../test/faults/places.ts'
import { group, issuer, route, signingKey } from '../../test/store/program_rows.ts'
import { account, apiKey, keySecret } from '../../test/store/rows.ts'
import { stopSharedPostgres } from '../../test/support/postgres.ts'
import type { Settings } from '../config/settings.ts'
import { DUMP_TABLES } from '../store/dump.ts'
import { sqliteFiles } from '../store/sqlite.ts'
import { backupInstallation } from './backup.ts'
import { initInstallation } from './init.ts'
import { openInstallation } from './open.ts'
import { restoreInstallation } from './restore.ts'
import { rotateVault } from './rotate.ts'

/** Who may call in, where, and what it did, through a backup and back. */

afterEach(removeFolders)
afterAll(() => stopSharedPostgres())

const OPTIONS = { activate: true, adoptKeys: false, replace: false }
const GRANT = { connection: 'paheko', allow: ['GET /api/**'] }
const PRIVATE_KEY = 'the private half'

async function filled(settings: Settings): Promise<void> {
  await initInstallation(settings)
  const { open, ring } = await openInstallation(settings)
  const { store, activity } = open
  try {
    for (const id of ['shop', 'books']) await store.groups.insert(group(id, { grants: [GRANT] }))
    const member = account('member', {
      groups: ['shop', 'books'],
      certificate_subjects: ['CN=a\\, b'],
      grants: [GRANT],
    })
    await store.accounts.insert({ ...member, email: 'a@example.org' })
    await store.accounts.setPassword('member', '$argon2id$hash')
    const key = apiKey('k1', 'member', { groups: ['books'], tech_name: 'shop', environment: settings.environment })
    await store.keys.insert(key, keySecret('hash-1', 'k1'))
    const allow = { keys: ['k1'], accounts: [], groups: ['shop'], authenticated: false }
    await store.routes.insert(route('r1', { allow }))
    await store.issuers.insert(issuer('i1'))
    const sealed = ring.sealer('a purpose').seal(Buffer.from(PRIVATE_KEY), 's1')
    await store.signingKeys.insert(signingKey('s1', 'current', { sealed }))
    await activity.append(undefined, [], [], [{ key_id: 'k1', day: '2026-01-01', calls: 4_000_000_000, refused: 2 }])
    await activity.takePlaces('k1', 1, { limit: 1, window_s: 60 }, 1_000)
  } finally {
    await open.close()
  }
}

async function contents(settings: Settings) {
  const { open, ring } = await openInstallation(settings)
  const { store, hot, activity } = open
  const page = { limit: 100 }
  try {
    const [signing] = await store.signingKeys.list()
    return {
      groups: await store.groups.list(page),
      accounts: await store.accounts.list(page),
      member: await hot.findCertificate('CN=a\\, b'),
      key: await hot.findTechName('shop'),
      byHash: await hot.findKey('hash-1'),
      routes: await store.routes.all(),
      issuers: await store.issuers.list(page),
      signing,
      opened: ring
        .sealer('a purpose')
        .open(signing?.sealed ?? '', 's1')
        .toString(),
      days: await activity.keyDays('k1', '2026-01-01', '2026-01-01'),
    }
  } finally {
    await open.close()
  }
}

describe.each([
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['postgres', 'postgres'],
] as const)('a backup of %s restored into %s', (from, to) => {
  it('has groups, passwords, certificates, routes, issuers, signing keys that open, and days, but no windows', async () => {
    const settings = await freshSettings(from)
    await filled(settings)
    await rotateVault(settings, {})
    const before = await contents(settings)
    expect(before).toMatchObject({ opened: PRIVATE_KEY, member: { password_hash: '$argon2id$hash' } })
    const file = join(temporaryFolder(), 'octroi.backup')
    await backupInstallation(settings, file)
    const other = await freshSettings(to)
    mkdirSync(other.data_dir, { recursive: true })
    copyFileSync(join(settings.data_dir, 'master.key'), join(other.data_dir, 'master.key'))
    await restoreInstallation(other, file, OPTIONS)
    expect(await contents(other)).toEqual(before)
    await rotateVault(other, { masterKeyFile: join(other.data_dir, 'another.key') })
    const rotated = { ...other, master_key_file: join(other.data_dir, 'another.key') }
    expect(await contents(rotated)).toEqual(before)
    const { open } = await openInstallation(rotated)
    expect((await open.activity.takePlaces('k1', 1, { limit: 1, window_s: 60 }, 1_000)).given).toBe(1)
    await expect(open.store.groups.delete('shop')).rejects.toMatchObject({ code: 'conflict' })
    await open.close()
    await restoreInstallation(other, file, { ...OPTIONS, replace: true })
    expect(await contents(other)).toEqual(before)
  }, 60_000)
})

describe('a copy of it (D15)', () => {
  const copied = async (options: typeof OPTIONS) => {
    const settings = await freshSettings('sqlite')
    await filled(settings)
    const file = join(temporaryFolder(), 'octroi.backup')
    await backupInstallation(settings, file)
    const staging = { ...(await freshSettings('sqlite')), environment: 'staging' }
    mkdirSync(staging.data_dir, { recursive: true })
    copyFileSync(join(settings.data_dir, 'master.key'), join(staging.data_dir, 'master.key'))
    const { foreign_passwords } = await restoreInstallation(staging, file, options)
    const { open } = await openInstallation(staging)
    const { password_hash } = (await open.hot.findAccount('member')) ?? {}
    const signing = await open.store.signingKeys.list()
    await open.close()
    return { foreign_passwords, password_hash, signing: signing.map(({ id }) => id) }
  }

  it('signs nothing in the name of the original, and has no password of it', async () => {
    const options = { activate: false, adoptKeys: false, replace: false }
    expect(await copied(options)).toEqual({ foreign_passwords: 1, password_hash: null, signing: [] })
  })

  it('has both where it takes the place of the original', async () => {
    const options = { activate: true, adoptKeys: true, replace: false }
    expect(await copied(options)).toEqual({ foreign_passwords: 0, password_hash: '$argon2id$hash', signing: ['s1'] })
  })
})

describe('the list of what a backup holds', () => {
  /** What is under way, or is written anew by whoever makes the store. */
  const LEFT_OUT = [
    ...['connect_sessions', 'sessions', 'session_clients', 'session_uses', 'tickets', 'replays', 'rate_windows'],
    ...['logout_notices', 'provider_entries'],
    ...['schema_migrations', 'activity_migrations'],
  ]

  it('names every table, those that others refer to first', async () => {
    const settings = await freshSettings('sqlite')
    await initInstallation(settings)
    const known: string[] = []
    const referred: [string, string][] = []
    for (const file of Object.values(sqliteFiles(settings.data_dir))) {
      const db = new DatabaseSync(file, { readOnly: true })
      const found = db.prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'").all()
      for (const name of found.map((row) => String(row.name))) {
        known.push(name)
        for (const row of db.prepare(`pragma foreign_key_list(${name})`).all()) referred.push([name, String(row.table)])
      }
      db.close()
    }
    const tables = Object.keys(DUMP_TABLES)
    expect([...tables, ...LEFT_OUT].sort()).toEqual(known.sort())
    expect(
      referred.filter(([name, to]) => tables.includes(name) && tables.indexOf(to) >= tables.indexOf(name)),
    ).toEqual([])
    expect(referred.length).toBeGreaterThan(10)
  })
})
