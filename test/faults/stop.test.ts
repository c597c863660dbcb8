import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { verifyAuditTrail } from '../../src/installation/verify.ts'
import { startUpstream } from '../support/upstream.ts'
import { endProcesses, Octroi, request, serve } from './gate_process.ts'
import { addConnection, filledInstallation, freshSettings, removeFolders } from './places.ts'

afterEach(async () => {
  await endProcesses()
  removeFolders()
})

it('finishes answers under way, refuses new connections, closes the store and exits 0 on SIGTERM', async () => {
  const settings = await freshSettings('sqlite')
  const admin = await filledInstallation(settings, 0)
  const upstream = await startUpstream()
  await addConnection(settings, 'slow', upstream.url)
  const gate = await serve(settings)
  const grants = [{ connection: 'slow', allow: ['GET /**'] }]
  const key = (await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'k', grants }))?.body.key
  const slow = request(gate.url, 'GET', '/proxy/slow/slow/1500', key)
  const dripping = request(gate.url, 'GET', '/proxy/slow/drip/10/100', key)
  await expect.poll(() => upstream.stats().inFlight).toBe(2)
  gate.child.kill('SIGTERM')
  await wait(300)
  expect(await request(gate.url, 'GET', '/health', admin)).toBeUndefined()
  expect((await slow)?.status).toBe(200)
  expect((await dripping)?.status).toBe(200)
  expect(await gate.exit()).toBe(0)
  // A store that was closed leaves no journal behind.
  expect(readdirSync(settings.data_dir).filter((name) => /-(?:wal|shm|journal)$/.test(name))).toEqual([])
  expect(await verifyAuditTrail(settings)).toMatchObject({ ok: true, lines: 4 })
  await upstream.stop()
})

describe('a start that must not be', () => {
  const digest = (folder: string) =>
    readdirSync(folder)
      .sort()
      .map((name) => {
        const path = join(folder, name)
        return [name, statSync(path).mode, createHash('sha256').update(readFileSync(path)).digest('hex')]
      })

  const faults: [string, (file: string) => void, RegExp][] = [
    ['without its master key', (file) => renameSync(file, `${file}.away`), /master key is missing/],
    ['with another master key', (file) => writeFileSync(file, randomBytes(32).toString('base64')), /not the one/],
    ['with half a master key', (file) => writeFileSync(file, 'c2hvcnQ='), /32 bytes in base64/],
  ]
  it.each(faults)('exits 78 %s, and not a byte of the data folder changes', async (_, spoil, said) => {
    const settings = await freshSettings('sqlite')
    await filledInstallation(settings, 2)
    spoil(join(settings.data_dir, 'master.key'))
    const before = digest(settings.data_dir)
    const octroi = new Octroi(settings, ['serve'])
    expect(await octroi.exit()).toBe(78)
    expect(octroi.errors).toMatch(said)
    expect(digest(settings.data_dir)).toEqual(before)
  })
})
