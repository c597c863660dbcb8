import { afterAll, afterEach, expect, it } from 'vitest'
import { verifyAuditTrail } from '../../src/installation/verify.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream } from '../support/upstream.ts'
import { endProcesses, request, serve } from './gate_process.ts'
import { addConnection, filledInstallation, freshSettings, removeFolders } from './places.ts'

afterEach(async () => {
  await endProcesses()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

it('two gates on one PostgreSQL: a key revoked through one stops at the other within a second, and the trail of both verifies', async () => {
  const settings = await freshSettings('postgres')
  const admin = await filledInstallation(settings, 0)
  const upstream = await startUpstream()
  await addConnection(settings, 'target', upstream.url)
  const [one, two] = await Promise.all([serve(settings), serve(settings)])
  const grants = [{ connection: 'target', allow: ['GET /**'] }]
  for (let round = 0; round < 5; round++) {
    const made = await request(one.url, 'POST', '/api/v1/keys', admin, { name: `k${round}`, grants })
    expect(made?.status).toBe(201)
    const { id, key } = made!.body
    const call = async () => (await request(two.url, 'GET', '/proxy/target/echo', key))?.status
    await expect.poll(call, { timeout: 1_000, interval: 20 }).toBe(200)
    expect((await request(one.url, 'DELETE', `/api/v1/keys/${id}`, admin))?.status).toBe(204)
    await expect.poll(call, { timeout: 1_000, interval: 20 }).toBe(401)
  }
  // Both write, and on one host to one chain.
  const burst = Array.from({ length: 200 }, (_, i) =>
    request([one, two][i % 2]!.url, 'GET', '/proxy/target/x', 'nobody'),
  )
  await Promise.all(burst)
  expect(await Promise.all([one.kill('SIGTERM'), two.kill('SIGTERM')])).toEqual([0, 0])
  const report = await verifyAuditTrail(settings)
  expect(report.faults).toEqual([])
  expect(report.lines).toBeGreaterThanOrEqual(200 + 5 * 6)
  await upstream.stop()
})

it('a gate killed -9 leaves the other one serving, its lock free and its trail whole', async () => {
  const settings = await freshSettings('postgres', { OCTROI_AUDIT: 'strict' })
  const admin = await filledInstallation(settings, 1)
  const [one, two] = await Promise.all([serve(settings), serve(settings)])
  const writes = Array.from({ length: 30 }, () => request(one.url, 'POST', '/api/v1/keys', admin, { name: 'k' }))
  await Promise.race(writes)
  await one.kill()
  const kept = (await Promise.all(writes)).flatMap((answer) => (answer?.status === 201 ? [answer.body.id] : []))
  for (const id of kept) expect((await request(two.url, 'GET', `/api/v1/keys/${id}`, admin))?.status).toBe(200)
  expect((await request(two.url, 'POST', '/api/v1/keys', admin, { name: 'after' }))?.status).toBe(201)
  expect(await two.kill('SIGTERM')).toBe(0)
  expect((await verifyAuditTrail(settings)).faults).toEqual([])
})
