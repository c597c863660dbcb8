import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  CANARY,
  contents,
  type EngineName,
  filledInstallation,
  freshSettings,
  removeFolders,
  temporaryFolder,
} from '../../test/faults/places.ts'
import { stopSharedPostgres } from '../../test/support/postgres.ts'
import type { Settings } from '../config/settings.ts'
import { ConfigurationError } from '../core/errors.ts'
import { backupInstallation } from './backup.ts'
import { openInstallation } from './open.ts'
import { restoreInstallation } from './restore.ts'
import { verifyAuditTrail } from './verify.ts'

afterEach(removeFolders)
afterAll(() => stopSharedPostgres())

const PLAIN = { activate: false, adoptKeys: false, replace: false }

/** The master key of one installation where another one looks for it. */
function giveMasterKey(from: Settings, to: Settings): void {
  mkdirSync(to.data_dir, { recursive: true })
  copyFileSync(join(from.data_dir, 'master.key'), join(to.data_dir, 'master.key'))
}

async function backedUp(engine: EngineName = 'sqlite') {
  const settings = await freshSettings(engine)
  const key = await filledInstallation(settings)
  const file = join(temporaryFolder(), 'octroi.backup')
  return { settings, file, key, report: await backupInstallation(settings, file) }
}

const ways = [
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['postgres', 'postgres'],
] as const

describe.each(ways)('a backup of %s restored into %s', (from, to) => {
  it('has every row, the same secrets, the same keys, and a trail that verifies', async () => {
    const { settings, file, report } = await backedUp(from)
    const other = await freshSettings(to)
    giveMasterKey(settings, other)
    const before = await contents(settings)
    const restored = await restoreInstallation(other, file, { ...PLAIN, activate: true })
    expect(restored).toMatchObject({ rows: report.rows, suspended_connections: 0, foreign_keys: 0 })
    const after = await contents(other)
    expect(after.connections).toEqual(before.connections)
    expect(after.keys).toEqual(before.keys)
    expect(after.events).toEqual([...before.events, 'installation.restored'].sort())
    expect(await verifyAuditTrail(other)).toMatchObject({ ok: true, lines: 1 })
  })

  it('suspends connections, and says which keys are of another environment, unless told otherwise (D15)', async () => {
    const { settings, file } = await backedUp(from)
    const staging = await freshSettings(to, { OCTROI_ENVIRONMENT: 'staging' })
    giveMasterKey(settings, staging)
    expect(await restoreInstallation(staging, file, PLAIN)).toMatchObject({ suspended_connections: 3, foreign_keys: 1 })
    const copy = await contents(staging)
    expect(copy.connections.map(({ state }) => state)).toEqual(['suspended', 'suspended', 'suspended'])
    expect(copy.keys[0]?.environment).toBe('default')
    await restoreInstallation(staging, file, { activate: false, adoptKeys: true, replace: true })
    expect((await contents(staging)).keys[0]?.environment).toBe('staging')
  })

  it('conflict where an installation is, busy where one is served; neither changes anything', async () => {
    const { settings, file } = await backedUp(from)
    const other = await freshSettings(to)
    await filledInstallation(other, 1)
    const mine = await contents(other)
    copyFileSync(join(settings.data_dir, 'master.key'), join(other.data_dir, 'theirs.key'))
    const withKey = { ...other, master_key_file: join(other.data_dir, 'theirs.key') }
    await expect(restoreInstallation(withKey, file, PLAIN)).rejects.toMatchObject({ code: 'conflict' })
    const { open } = await openInstallation(other)
    const lock = await open.lockForServing()
    await expect(restoreInstallation(withKey, file, { ...PLAIN, replace: true })).rejects.toMatchObject({
      code: 'busy',
    })
    await lock.release()
    await open.close()
    expect(await contents(other)).toEqual(mine)
    await restoreInstallation(withKey, file, { ...PLAIN, activate: true, replace: true })
    expect((await contents(withKey)).connections).toEqual((await contents(settings)).connections)
  })
})

describe('the file', () => {
  it('is 0600, holds neither the master key nor a secret in the clear, and leaves no draft', async () => {
    const { settings, file, key, report } = await backedUp()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(report.bytes).toBe(statSync(file).size)
    const text = gunzipSync(readFileSync(file)).toString()
    const master = readFileSync(join(settings.data_dir, 'master.key'), 'utf8').trim()
    for (const secret of [master, key, CANARY]) expect(text).not.toContain(secret)
    expect(readdirSync(dirname(file))).toEqual(['octroi.backup'])
  })

  it('conflict where there is a file already, which stays as it is', async () => {
    const { settings, file } = await backedUp()
    writeFileSync(file, 'mine')
    await expect(backupInstallation(settings, file)).rejects.toMatchObject({ code: 'conflict' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })
})

describe('a backup that is not right changes nothing', () => {
  const faults: [string, (text: Buffer) => Buffer, object][] = [
    ['cut off', (packed) => packed.subarray(0, packed.length - 20), { code: 'invalid_request' }],
    ['not a backup', () => Buffer.from('hello'), { code: 'invalid_request' }],
    [
      'one row less',
      (packed) => edit(packed, (lines) => lines.filter((line) => !line.includes('"id":"c1"'))),
      { code: 'invalid_request' },
    ],
    [
      'one row altered',
      (packed) =>
        edit(packed, (lines) => lines.map((line) => line.replace('"name":"Administrator"', '"name":"Mallory"'))),
      { code: 'invalid_request' },
    ],
    ['its end cut away cleanly', (packed) => edit(packed, (lines) => lines.slice(0, -1)), { code: 'invalid_request' }],
    [
      'of a newer format',
      (packed) => edit(packed, (lines) => lines.map((line) => line.replace('"format":1', '"format":2'))),
      { name: 'ConfigurationError' },
    ],
    [
      'of a newer schema',
      (packed) =>
        edit(packed, (lines) => lines.map((line) => line.replace('["0001_main"', '["0001_main","9999_future"'))),
      { name: 'ConfigurationError' },
    ],
  ]
  const edit = (packed: Buffer, change: (lines: string[]) => string[]) =>
    gzipSync(`${change(gunzipSync(packed).toString().trimEnd().split('\n')).join('\n')}\n`)

  it.each(faults)('%s', async (_, spoil, wanted) => {
    const { settings, file } = await backedUp()
    const other = await freshSettings('sqlite')
    giveMasterKey(settings, other)
    writeFileSync(file, spoil(readFileSync(file)))
    await expect(restoreInstallation(other, file, PLAIN)).rejects.toMatchObject(wanted)
    expect(readdirSync(other.data_dir)).toEqual(['master.key'])
  })

  it('ConfigurationError with another master key', async () => {
    const { file } = await backedUp()
    const other = await freshSettings('sqlite')
    await filledInstallation(other, 0)
    const before = await contents(other)
    await expect(restoreInstallation(other, file, { ...PLAIN, replace: true })).rejects.toThrow(ConfigurationError)
    expect(await contents(other)).toEqual(before)
  })
})

it('keeps the replaced files aside under a dated name', async () => {
  const { settings, file } = await backedUp()
  const { aside } = await restoreInstallation(settings, file, { ...PLAIN, activate: true, replace: true })
  expect(aside).toMatch(/replaced-\d{4}-\d\d-\d\dT/)
  expect(existsSync(join(aside as string, 'octroi.db'))).toBe(true)
})

it('goes on numbering audit batches after those of the backup', async () => {
  const { settings, file } = await backedUp('postgres')
  await restoreInstallation(settings, file, { ...PLAIN, replace: true })
  const second = `${file}-2`
  await backupInstallation(settings, second)
  await restoreInstallation(settings, second, { ...PLAIN, replace: true })
  expect(await verifyAuditTrail(settings)).toMatchObject({ ok: true, lines: 2 })
})
