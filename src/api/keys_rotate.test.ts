import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
let params: { id: string }
beforeAll(async () => {
  world = await startWorld()
  params = { id: (await world.newKey()).id }
})
afterAll(() => world.stop())

const statusOf = async (key: string) => (await world.call('keys.self', { key })).status

describe('keys.rotate', () => {
  it('200 with a new secret under the same id; both work for the overlap', async () => {
    const old = await world.newKey()
    const before = await world.must('keys.get', { params: { id: old.id } })
    const { status, body } = await world.call('keys.rotate', { params: { id: old.id }, body: { overlap_s: 60 } })
    expect(status).toBe(200)
    const { key, warnings, ...rest } = body
    expect(rest).toEqual({ ...before, updated_at: expect.any(String) })
    expect(warnings).toEqual([])
    expect(key).not.toBe(old.key)
    expect([await statusOf(old.key), await statusOf(key)]).toEqual([200, 200])
  })
  it('200 without a body: an hour of overlap', async () => {
    const old = await world.newKey()
    expect((await world.call('keys.rotate', { params: { id: old.id } })).status).toBe(200)
    expect(await statusOf(old.key)).toBe(200)
  })
  it('200 with no overlap: the old secret has ended at once', async () => {
    const old = await world.newKey()
    const { key } = await world.must('keys.rotate', { params: { id: old.id }, body: { overlap_s: 0 } })
    expect([await statusOf(old.key), await statusOf(key)]).toEqual([401, 200])
  })
  it('200, and the old secret ends when the overlap does', async () => {
    const old = await world.newKey()
    await world.must('keys.rotate', { params: { id: old.id }, body: { overlap_s: 1 } })
    expect(await statusOf(old.key)).toBe(200)
    await wait(1_100)
    expect((await world.call('keys.self', { key: old.key })).body).toMatchObject({ code: 'key_expired' })
  })
  it('200 twice: a later overlap does not prolong the first', async () => {
    const old = await world.newKey()
    await world.must('keys.rotate', { params: { id: old.id }, body: { overlap_s: 0 } })
    await world.must('keys.rotate', { params: { id: old.id }, body: { overlap_s: 3_600 } })
    expect(await statusOf(old.key)).toBe(401)
  })
  it('200 for an imported key, which is then one of ours', async () => {
    const secret = 'imported-0123456789-abcdef'
    const { id } = await world.must('keys.import', { body: { name: 'Imported', secret } })
    const { key, imported } = await world.must('keys.rotate', { params: { id }, body: { overlap_s: 0 } })
    expect([imported, await statusOf(secret), await statusOf(key)]).toEqual([false, 401, 200])
  })
  it('404 not_found for an id that no key has', async () => {
    const answer = await world.call('keys.rotate', { params: { id: 'aaaaaaaa' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('409 conflict for a revoked key', async () => {
    const { id } = await world.newKey()
    await world.must('keys.revoke', { params: { id } })
    expect((await world.call('keys.rotate', { params: { id } })).body).toMatchObject({ status: 409, code: 'conflict' })
  })

  refusals(
    'keys.rotate',
    () => world,
    () => ({ params, body: { overlap_s: 60 } }),
    [
      ['a negative overlap', { overlap_s: -1 }, 'overlap_s'],
      ['an overlap of more than 30 days', { overlap_s: 30 * 86_400 + 1 }, 'overlap_s'],
      ['an overlap of half a second', { overlap_s: 0.5 }, 'overlap_s'],
      ['an overlap as text', { overlap_s: '60' }, 'overlap_s'],
    ],
  )
})

describe('keys.revoke', () => {
  it('204 with nothing, and the key is refused from the next request, saying why', async () => {
    const { id, key } = await world.newKey()
    const { status, body } = await world.call('keys.revoke', { params: { id } })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('keys.self', { key })).body).toMatchObject({ status: 401, code: 'key_revoked' })
  })
  it('204 again, at the time of the first', async () => {
    const { id } = await world.newKey()
    await world.must('keys.revoke', { params: { id } })
    const { revoked_at } = await world.must('keys.get', { params: { id } })
    expect((await world.call('keys.revoke', { params: { id } })).status).toBe(204)
    expect((await world.must('keys.get', { params: { id } })).revoked_at).toBe(revoked_at)
  })
  it('204 for the rotated secrets as well: all of them end', async () => {
    const old = await world.newKey()
    const { key } = await world.must('keys.rotate', { params: { id: old.id } })
    await world.must('keys.revoke', { params: { id: old.id } })
    expect([await statusOf(old.key), await statusOf(key)]).toEqual([401, 401])
  })
  it('404 not_found for an id that no key has', async () => {
    const answer = await world.call('keys.revoke', { params: { id: 'aaaaaaaa' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'keys.revoke',
    () => world,
    () => ({ params }),
  )
})
