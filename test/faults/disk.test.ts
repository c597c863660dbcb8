import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { openInstallation } from '../../src/installation/open.ts'
import { verifyAuditTrail } from '../../src/installation/verify.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { endProcesses, request, type Serving, serve } from './gate_process.ts'
import { addConnection, filledInstallation, freshSettings, removeFolders, temporaryFolder } from './places.ts'

const mounted: string[] = []
let upstream: Upstream | undefined
afterEach(async () => {
  await endProcesses()
  await upstream?.stop()
  for (const folder of mounted.splice(0)) execFileSync('umount', [folder])
  removeFolders()
})

async function gateOn(folder: string, more: Record<string, string> = {}) {
  const settings = await freshSettings('sqlite', { OCTROI_DATA_DIR: join(folder, 'data'), ...more })
  const admin = await filledInstallation(settings, 0)
  upstream = await startUpstream()
  await addConnection(settings, 'target', upstream.url)
  const gate = await serve(settings)
  const grants = [{ connection: 'target', allow: ['GET /**'] }]
  const caller = (await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'k', grants }))?.body.key as string
  const call = () => request(gate.url, 'GET', '/proxy/target/echo', caller)
  const write = (name: string) => request(gate.url, 'POST', '/api/v1/keys', admin, { name })
  return { settings, gate, call, write }
}

/** Requests without a credential, many on one socket: each costs the trail a line. Counts the answers. */
function refusals(url: string, count: number): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let seen = 0
    let tail = ''
    socket.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1')
      seen += text.split('HTTP/1.1 401').length - 1
      tail = text.slice(-11)
      if (seen >= count) socket.end(() => resolve(seen))
    })
    socket.on('error', reject)
    socket.write('GET /proxy/target/x HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count))
  })
}

interface Disk {
  readonly folder: string
  fill(gate: Serving): void
  free(gate: Serving): void
}

/** The kernel refuses every write to a file by this process (EFBIG). Works for everybody. */
function byLimit(): Disk {
  const limit = (value: string) => (gate: Serving) =>
    void execFileSync('prlimit', ['--pid', String(gate.child.pid), `--fsize=${value}:unlimited`])
  return { folder: temporaryFolder(), fill: limit('0'), free: limit('unlimited') }
}

/** A file system of a few megabytes that is full (ENOSPC). Only root may mount one. */
function byTmpfs(): Disk {
  const folder = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder])
  mounted.push(folder)
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder)
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize))
      } catch (error) {
        // The gate wrote meanwhile: full is what it should be.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    free: () => rmSync(ballast),
  }
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false
  const folder = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  }
}

const disks: [string, () => Disk][] = [['refused by a limit', byLimit]]
if (canMount()) disks.push(['a full tmpfs', byTmpfs])

describe.each(disks)('a full disk (%s)', (_, makeDisk) => {
  it('503 for management, with nothing half-written; calls go on until the audit queue is full, then 503; all is well afterwards', async () => {
    const disk = makeDisk()
    const { settings, gate, call, write } = await gateOn(disk.folder)
    disk.fill(gate)
    // The last free page of a journal may still take a line or two.
    await expect.poll(async () => (await write('while full'))?.status, { timeout: 20_000 }).toBe(503)
    expect((await write('while full'))?.body).toMatchObject({ code: 'store_unavailable' })
    expect((await call())?.status).toBe(200)
    for (let i = 0; i < 11; i++) await refusals(gate.url, 5_000)
    const refused = await call()
    expect(refused?.status).toBe(503)
    expect(refused?.headers.get('octroi-error')).toBe('store_unavailable')
    expect((await request(gate.url, 'GET', '/ready', 'x'))?.status).toBe(503)
    expect((await request(gate.url, 'GET', '/health', 'x'))?.status).toBe(200)
    disk.free(gate)
    await expect.poll(async () => (await call())?.status, { timeout: 20_000 }).toBe(200)
    await expect.poll(async () => (await write('afterwards'))?.status, { timeout: 20_000 }).toBe(201)
    expect(await gate.kill('SIGTERM')).toBe(0)
    const { open } = await openInstallation(settings)
    const names = (await open.store.keys.list({ limit: 100 })).map(({ name }) => name)
    await open.close()
    expect(names.filter((name) => name === 'afterwards')).toHaveLength(1)
    const report = await verifyAuditTrail(settings)
    expect(report.faults).toEqual([])
    expect(report.lines).toBeGreaterThan(50_000)
  }, 120_000)

  it('503 for every call in strict mode from the first on, and never an answer that is not recorded', async () => {
    const disk = makeDisk()
    const { gate, call } = await gateOn(disk.folder, { OCTROI_AUDIT: 'strict' })
    expect((await call())?.status).toBe(200)
    disk.fill(gate)
    await expect.poll(async () => (await call())?.status, { timeout: 20_000 }).toBe(503)
    disk.free(gate)
    await expect.poll(async () => (await call())?.status, { timeout: 20_000 }).toBe(200)
  }, 60_000)
})

it('a database locked by another process: management 503 within its bound, calls go on meanwhile', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'data'))
  const { settings, call, write } = await gateOn(folder)
  const other = new DatabaseSync(join(settings.data_dir, 'octroi.db'))
  other.exec('begin immediate')
  const began = performance.now()
  let waiting = true
  const writing = write('while locked').finally(() => {
    waiting = false
  })
  const statuses = new Set<number | undefined>()
  let slowest = 0
  for (let calls = 0; waiting; calls++) {
    const at = performance.now()
    statuses.add((await call())?.status)
    if (calls > 0) slowest = Math.max(slowest, performance.now() - at)
  }
  expect((await writing)?.status).toBe(503)
  expect(performance.now() - began).toBeLessThan(9_000)
  expect([...statuses]).toEqual([200])
  expect(slowest).toBeLessThan(2_000)
  other.exec('rollback')
  other.close()
  expect((await write('afterwards'))?.status).toBe(201)
})
