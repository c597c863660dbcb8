import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionBody, startWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

let made = 0
const unique = () => `once-${++made}`
const once = (value: string) => ({ 'Idempotency-Key': value })
const account = (name: string, idempotencyKey: string, key?: string) =>
  world.call('accounts.create', { body: { kind: 'service', name }, headers: once(idempotencyKey), key })
const accountsNamed = async (name: string) => {
  const { items } = await world.must('accounts.list', { query: { limit: '200' } })
  return items.filter((item: { name: string }) => item.name === name).length
}

describe('Idempotency-Key on POST', () => {
  it('201 twice with one effect, the second marked as replayed', async () => {
    const key = unique()
    const [first, second] = [await account('Once', key), await account('Once', key)]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    expect(await accountsNamed('Once')).toBe(1)
  })
  it('201 with the key of keys.create shown once and not again, nor kept (D13)', async () => {
    const headers = once(unique())
    const send = () => world.call('keys.create', { body: { name: 'Shown once' }, headers })
    const [first, second] = [await send(), await send()]
    const { key, ...rest } = first.body
    expect(second.body).toEqual(rest)
    expect((await world.call('keys.self', { key })).body.id).toBe(rest.id)
  })
  it('200 with keys.rotate: rotated once, the new key shown once', async () => {
    const { id } = await world.newKey()
    const headers = once(unique())
    const send = () => world.call('keys.rotate', { params: { id }, headers, body: { overlap_s: 0 } })
    const [first, second] = [await send(), await send()]
    expect(second.body).not.toHaveProperty('key')
    expect((await world.call('keys.self', { key: first.body.key })).status).toBe(200)
  })
  it('422 idempotency_mismatch with another body, and no effect', async () => {
    const key = unique()
    await account('First', key)
    expect((await account('Second', key)).body).toMatchObject({ status: 422, code: 'idempotency_mismatch' })
    expect(await accountsNamed('Second')).toBe(0)
  })
  it('201 once for twenty at the same time; the others are replayed or told to wait (503 busy)', async () => {
    const key = unique()
    const answers = await Promise.all(Array.from({ length: 20 }, () => account('Crowd', key)))
    const fresh = answers.filter(({ status, headers }) => status === 201 && !headers.has('idempotent-replayed'))
    expect(fresh).toHaveLength(1)
    for (const { status, headers, body } of answers) {
      if (status === 201) continue
      expect(body).toMatchObject({ status: 503, code: 'busy' })
      expect(headers.get('retry-after')).toBe('1')
    }
    expect(await accountsNamed('Crowd')).toBe(1)
    expect((await account('Crowd', key)).headers.get('idempotent-replayed')).toBe('true')
  })
  it('a failure is not kept: 409, then 201 once the id is free', async () => {
    const body = { ...connectionBody(world.upstream.url), id: 'again' }
    await world.must('connections.create', { body })
    const headers = once(unique())
    const send = () => world.call('connections.create', { body, headers })
    expect((await send()).status).toBe(409)
    await world.must('connections.delete', { params: { id: 'again' } })
    expect((await send()).status).toBe(201)
    expect((await send()).headers.get('idempotent-replayed')).toBe('true')
  })
  it('201 for another caller with the same key and body: it is another request', async () => {
    const key = unique()
    const other = await world.newKey({ permissions: ['accounts.write'] })
    await account('Scoped', key)
    const second = await account('Scoped', key, other.key)
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, null])
    expect(await accountsNamed('Scoped')).toBe(2)
  })
  it('200 for another target with the same key: it is another request', async () => {
    const headers = once(unique())
    for (const id of [(await world.newKey()).id, (await world.newKey()).id]) {
      const answer = await world.call('keys.rotate', { params: { id }, headers })
      expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([200, null])
    }
  })
  it('403 for a caller who lost the permission since: the kept answer is not for him', async () => {
    const key = unique()
    const caller = await world.newKey({ permissions: ['accounts.write'] })
    expect((await account('Before', key, caller.key)).status).toBe(201)
    await world.must('keys.update', { params: { id: caller.id }, body: { permissions: [] } })
    expect((await account('Before', key, caller.key)).status).toBe(403)
  })
  it('is kept over a restart', async () => {
    const key = unique()
    await account('Restarted', key)
    await world.gate.restart()
    expect((await account('Restarted', key)).headers.get('idempotent-replayed')).toBe('true')
    expect(await accountsNamed('Restarted')).toBe(1)
  })
  it.each(['', 'x'.repeat(256)])('400 with %j', async (key) => {
    expect((await account('Bad', key)).body).toMatchObject({ status: 400, errors: [{ path: 'Idempotency-Key' }] })
  })
  it('200 on PATCH without a meaning: it is not a POST', async () => {
    const headers = once(unique())
    const update = (name: string) =>
      world.call('accounts.update', { params: { id: 'administrator' }, body: { name }, headers })
    expect([(await update('A')).status, (await update('B')).status]).toEqual([200, 200])
  })
})
