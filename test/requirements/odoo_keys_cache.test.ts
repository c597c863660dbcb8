import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HotReads } from '../../src/core/stores.ts'
import { Admissions, hashOfKey } from '../../src/inbound/admissions.ts'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { addConnection, filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import type { Scene } from '../gateway/scene.ts'
import { account, apiKey } from '../store/rows.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream } from '../support/upstream.ts'
import { check, keyOf, route, startKeyScene, through } from './keys_scene.ts'

/** Rows: what is remembered of a key, and until when. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
  await route(scene, {})
})
afterAll(() => scene.stop())
afterEach(async () => {
  await endProcesses()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

/** Both doors: a call through the gate, and a check for somebody else's proxy. */
const both = async (key: string) => {
  const { status, code } = await check(scene, { 'API-KEY': key })
  return [await through(scene, key), code ?? status]
}

it('A-20: a key that was looked up is not looked up again, for as long as the store stays as it was', async () => {
  const hashKey = createSecretKey(randomBytes(32))
  const secret = 'a-key-that-is-asked-for-often'
  let reads = 0
  const hot = {
    async findKey(hash: string) {
      reads++
      if (hash !== hashOfKey(hashKey, secret)) return undefined
      return { key: apiKey('k1', 'a1', { environment: 'default' }), account: account('a1'), secret_expires_at: null }
    },
  } as unknown as HotReads
  const admissions = new Admissions(hot, hashKey, 'default')
  // What comes once may never come again: it is kept from the second time on.
  const first = await admissions.find(1, secret)
  const second = await admissions.find(1, secret)
  const third = await admissions.find(1, secret)
  expect([first?.key?.id, third === second, reads]).toEqual(['k1', true, 2])
  // Any change of the store makes it another version (tested for every kind of change in test/store).
  const changed = await admissions.find(2, secret)
  expect([(await admissions.find(2, secret)) === changed, reads]).toEqual([true, 3])
  // What began under an older version is not kept for the newer one.
  const late = admissions.find(3, secret)
  admissions.forget()
  await late
  await admissions.find(3, secret)
  expect(reads).toBe(5)
})

it('A-21: a new secret: the old one fails and the new one works at once; a key never changes its account', async () => {
  const { id, key } = await keyOf(scene, 'webshop')
  expect(await both(key)).toEqual([200, 200])
  const { body } = await scene.gate.api('POST', `/keys/${id}/rotate`, { overlap_s: 0 })
  expect(await both(key)).toEqual(['key_expired', 'key_expired'])
  expect(await both(body.key)).toEqual([200, 200])
  await scene.gate.api('POST', '/accounts', { id: 'another', kind: 'service', name: 'Another' })
  const moved = await scene.gate.api('PATCH', `/keys/${id}`, { account: 'another' })
  expect([moved.status, moved.body.errors]).toEqual([400, [{ path: 'account', message: 'is not a known field' }]])
})

it('A-22: a key that is disabled is refused from the next request, however often it was used before', async () => {
  const { id, key } = await keyOf(scene, 'webshop')
  for (let i = 0; i < 5; i++) expect(await both(key)).toEqual([200, 200])
  await scene.gate.api('PATCH', `/keys/${id}`, { disabled: true })
  expect(await both(key)).toEqual(['unauthenticated', 'unauthenticated'])
  await scene.gate.api('PATCH', `/keys/${id}`, { disabled: false })
  expect(await both(key)).toEqual([200, 200])
})

it('A-23: a key that is deleted is refused from the next request, and with its account gone it stays so', async () => {
  const { id, key } = await keyOf(scene, 'short-lived')
  expect(await both(key)).toEqual([200, 200])
  expect((await scene.gate.api('DELETE', `/keys/${id}`)).status).toBe(204)
  expect(await both(key)).toEqual(['key_revoked', 'key_revoked'])
  expect((await scene.gate.api('DELETE', '/accounts/short-lived')).status).toBe(204)
  expect(await both(key)).toEqual(['unauthenticated', 'unauthenticated'])
})

describe('several replicas on one PostgreSQL', () => {
  it('A-22, A-23: T24: what is disabled, revoked or narrowed at one holds at the other within a second', async () => {
    const settings = await freshSettings('postgres', { OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
    const admin = await filledInstallation(settings, 0)
    const upstream = await startUpstream()
    await addConnection(settings, 'svc', upstream.url)
    const more = { OCTROI_TRUSTED_PROXIES: '127.0.0.1' }
    const [one, two] = await Promise.all([serve(settings, more), serve(settings, more)])
    const grants = [{ connection: 'svc', allow: ['GET /**'] }]
    const { id, key } = (await request(one.url, 'POST', '/api/v1/keys', admin, { name: 'k', grants }))!.body
    const call = async () => (await request(two.url, 'GET', '/proxy/svc/echo', key))?.status
    const change = async (body: object) => (await request(one.url, 'PATCH', `/api/v1/keys/${id}`, admin, body))?.status
    const within = { timeout: 1_000, interval: 20 }
    await expect.poll(call, within).toBe(200)
    for (const [body, status] of [
      [{ disabled: true }, 401],
      [{ disabled: false }, 200],
      [{ grants: [] }, 403],
      [{ grants }, 200],
      [{ cidrs: ['192.0.2.0/24'] }, 403],
      [{ cidrs: [] }, 200],
    ] as const) {
      expect(await change(body)).toBe(200)
      await expect.poll(call, within).toBe(status)
    }
    expect((await request(one.url, 'DELETE', `/api/v1/keys/${id}`, admin))?.status).toBe(204)
    await expect.poll(call, within).toBe(401)
    await upstream.stop()
  })
})

it('A-24: when its account is disabled a key fails at once, and works again when it is enabled', async () => {
  const { key } = await keyOf(scene, 'archived')
  expect(await both(key)).toEqual([200, 200])
  await scene.gate.api('POST', '/accounts/archived/disable')
  expect(await both(key)).toEqual(['unauthenticated', 'unauthenticated'])
  await scene.gate.api('POST', '/accounts/archived/enable')
  expect(await both(key)).toEqual([200, 200])
})
