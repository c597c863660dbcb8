import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, expect, it } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { backupInstallation } from '../../src/installation/backup.ts'
import { restoreInstallation } from '../../src/installation/restore.ts'
import { verifyAuditTrail } from '../../src/installation/verify.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream } from '../support/upstream.ts'
import { endProcesses, Octroi, request, serve } from './gate_process.ts'
import {
  addConnection,
  CANARY,
  contents,
  filledInstallation,
  freshSettings,
  removeFolders,
  temporaryFolder,
} from './places.ts'

/** `octroi vault rotate`, `backup` and `restore`, each killed at many instants. */

afterEach(async () => {
  await endProcesses()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

const ROUNDS = process.env.OCTROI_TEST_LONG === '1' ? 60 : 8
const MANY = 2_000

/** How long the command takes when nobody kills it. */
async function timed(settings: Settings, args: readonly string[]): Promise<number> {
  const began = performance.now()
  const octroi = new Octroi(settings, args)
  expect(await octroi.exit(), octroi.errors).toBe(0)
  return performance.now() - began
}

/** Killed somewhere between the first third of its time, where it is still loading, and its end. */
async function killedMidway(settings: Settings, args: readonly string[], ms: number, part: number): Promise<void> {
  const octroi = new Octroi(settings, args)
  await wait(ms * (0.3 + 0.75 * part))
  await octroi.kill()
}

it('vault rotate killed anywhere beside a serving gate: every call is answered, every secret opens, the next one finishes', async () => {
  const settings = await freshSettings('sqlite')
  const admin = await filledInstallation(settings, MANY)
  const upstream = await startUpstream()
  await addConnection(settings, 'target', upstream.url)
  const gate = await serve(settings)
  const grants = [{ connection: 'target', allow: ['GET /**'] }]
  const key = (await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'k', grants }))?.body.key
  const ms = await timed(settings, ['vault', 'rotate'])
  let going = true
  const wrong: unknown[] = []
  const calls = (async () => {
    while (going) {
      const answer = await request(gate.url, 'GET', '/proxy/target/echo', key)
      if (answer?.status !== 200) wrong.push(answer?.body)
    }
  })()
  for (let round = 0; round < ROUNDS; round++) {
    await killedMidway(settings, ['vault', 'rotate'], ms, round / ROUNDS)
    const body = {
      connector: 'generic-api-key',
      settings: { base_url: 'http://127.0.0.1:9' },
      secrets: { api_key: 'x' },
    }
    const network = { allow_private: true, allow_http: true }
    const made = await request(gate.url, 'POST', '/api/v1/connections', admin, { ...body, network, verify: false })
    expect(made?.status, JSON.stringify(made?.body)).toBe(201)
  }
  await timed(settings, ['vault', 'rotate'])
  going = false
  await calls
  expect(wrong).toEqual([])
  const { connections } = await contents(settings)
  expect(connections).toHaveLength(MANY + 1 + ROUNDS)
  for (const { id, secret } of connections) if (/^c\d/.test(id)) expect(secret).toBe(`${CANARY}-${id}`)
  expect((await verifyAuditTrail(settings)).faults).toEqual([])
  await gate.kill('SIGTERM')
  await upstream.stop()
}, 240_000)

it('vault rotate --master-key-file killed anywhere: one of the two keys opens everything', async () => {
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 200)
  const original = join(settings.data_dir, 'master.key')
  let inUse = original
  const nextFile = (round: number) => join(settings.data_dir, `master-${round}.key`)
  const ms = await timed({ ...settings, master_key_file: inUse }, [
    'vault',
    'rotate',
    '--master-key-file',
    nextFile(99),
  ])
  inUse = nextFile(99)
  for (let round = 0; round < ROUNDS; round++) {
    const next = nextFile(round)
    const args = ['vault', 'rotate', '--master-key-file', next]
    await killedMidway({ ...settings, master_key_file: inUse }, args, ms, round / ROUNDS)
    const opening = async (file: string) => {
      if (!existsSync(file)) return undefined
      return contents({ ...settings, master_key_file: file }).catch(() => undefined)
    }
    const [withOld, withNew] = [await opening(inUse), await opening(next)]
    expect([withOld, withNew].filter(Boolean), `round ${round}`).toHaveLength(1)
    expect((withOld ?? withNew)?.connections).toHaveLength(200)
    if (withNew !== undefined) inUse = next
  }
}, 240_000)

it('backup killed anywhere beside a serving gate: the file is whole or not there', async () => {
  const settings = await freshSettings('sqlite')
  const admin = await filledInstallation(settings, MANY)
  const gate = await serve(settings)
  const folder = temporaryFolder()
  const ms = await timed(settings, ['backup', join(folder, 'whole')])
  for (let round = 0; round < ROUNDS; round++) {
    const file = join(folder, `backup-${round}`)
    await killedMidway(settings, ['backup', file], ms, round / ROUNDS)
    expect((await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'k' }))?.status).toBe(201)
    if (!existsSync(file)) continue
    const copy = await freshSettings('sqlite')
    const withKey = { ...copy, master_key_file: join(settings.data_dir, 'master.key') }
    await restoreInstallation(withKey, file, { activate: true, adoptKeys: false, replace: false })
    expect((await contents(withKey)).connections).toHaveLength(MANY)
  }
  for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).includes(CANARY)).toBe(false)
}, 240_000)

it.each(['sqlite', 'postgres'] as const)(
  'restore over an installation (%s) killed anywhere: all of the old or all of the new',
  async (engine) => {
    const source = await freshSettings('sqlite')
    await filledInstallation(source, MANY)
    const file = join(temporaryFolder(), 'octroi.backup')
    await backupInstallation(source, file)
    const settings = await freshSettings(engine)
    await filledInstallation(settings, 3)
    const old = { ...settings, master_key_file: join(settings.data_dir, 'master.key') }
    const fresh = { ...settings, master_key_file: join(settings.data_dir, 'theirs.key') }
    copyFileSync(join(source.data_dir, 'master.key'), fresh.master_key_file)
    const before = join(temporaryFolder(), 'before.backup')
    await backupInstallation(old, before)
    const again = () => restoreInstallation(old, before, { activate: true, adoptKeys: false, replace: true })
    const args = ['restore', file, '--replace', '--activate']
    const ms = await timed(fresh, args)
    await again()
    let replaced = 0
    for (let round = 0; round < ROUNDS; round++) {
      await killedMidway(fresh, args, ms, round / ROUNDS)
      const [withOld, withNew] = await Promise.all([
        contents(old).catch(() => undefined),
        contents(fresh).catch(() => undefined),
      ])
      expect([withOld, withNew].filter(Boolean), `round ${round}`).toHaveLength(1)
      expect((withOld ?? withNew)?.connections).toHaveLength(withOld === undefined ? MANY : 3)
      expect((await verifyAuditTrail(withOld === undefined ? fresh : old)).ok).toBe(true)
      if (withNew === undefined) continue
      replaced++
      await again()
    }
    expect(replaced).toBeLessThan(ROUNDS)
    for (const name of readdirSync(settings.data_dir)) {
      if (name.startsWith('replaced-')) rmSync(join(settings.data_dir, name), { recursive: true })
    }
  },
  240_000,
)
