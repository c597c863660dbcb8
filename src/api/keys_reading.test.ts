import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type NewKey, startWorld, type World } from '../../test/api/world.ts'

let world: World
let plain: NewKey
beforeAll(async () => {
  world = await startWorld()
  await world.must('accounts.create', { body: { id: 'caisse', kind: 'service', name: 'Caisse' } })
  plain = await world.newKey({ account: 'caisse' })
  for (let i = 0; i < 3; i++) await world.newKey({ account: 'caisse' })
  for (const id of ['shops', 'tills']) await world.must('groups.create', { body: { id, name: id } })
  await world.must('accounts.create', { body: { id: 'shop', kind: 'service', name: 'Shop', groups: ['shops'] } })
})
afterAll(() => world.stop())

describe('keys.self', () => {
  it('200 with the key of the request, which needs no permission', async () => {
    const { status, body } = await world.call('keys.self', { key: plain.key })
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: plain.id, account: 'caisse', permissions: [], grants: [], state: 'active' })
    expect(body.last_used_at).toMatch(/Z$/)
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['key']))
  })
  it.each([
    ['API-KEY', (key: string) => key],
    ['X-API-Key', (key: string) => key],
    ['Authorization', (key: string) => `bearer ${key}`],
    ['Authorization', (key: string) => `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}`],
  ])('200 with the key as %s', async (name, value) => {
    const answer = await world.call('keys.self', { key: null, headers: { [name]: value(plain.key) } })
    expect([answer.status, answer.body.id]).toEqual([200, plain.id])
  })

  refusals(
    'keys.self',
    () => world,
    () => ({}),
  )
})

describe('keys.list', () => {
  it('200 with every key and no secret', async () => {
    const { items } = await world.must('keys.list')
    expect(items.length).toBeGreaterThan(4)
    expect(JSON.stringify(items)).not.toContain('oct_')
    for (const item of items) expect(item).not.toHaveProperty('hash')
  })
  it('200 with the keys of one account', async () => {
    const { items } = await world.must('keys.list', { query: { account: 'caisse' } })
    expect(items.map(({ account }: { account: string }) => account)).toEqual(Array(4).fill('caisse'))
    expect((await world.must('keys.list', { query: { account: 'nobody' } })).items).toEqual([])
  })
  it('200 with the keys of one group: by a list of their own, or by their account', async () => {
    const inherits = await world.newKey({ account: 'shop' })
    const listed = await world.must('keys.create', { body: { name: 'Listed', groups: ['shops', 'tills'] } })
    await world.must('keys.create', { body: { name: 'Neither', account: 'shop', groups: [] } })
    const idsOf = async (query: Record<string, string>) => {
      const { items } = await world.must('keys.list', { query })
      return items.map(({ id }: { id: string }) => id)
    }
    expect(await idsOf({ group: 'shops' })).toEqual([inherits.id, listed.id].sort())
    expect(await idsOf({ group: 'tills' })).toEqual([listed.id])
    expect(await idsOf({ group: 'shops', account: 'shop' })).toEqual([inherits.id])
    expect(await idsOf({ group: 'nobodys' })).toEqual([])
  })
  it('200 page by page to the end', async () => {
    await expectPaged(world, 'keys.list', { account: 'caisse' })
    // The administrator's own last use moves with every call, so the whole list is compared by id.
    const { items, next_cursor } = await world.must('keys.list', { query: { limit: '4' } })
    const rest = await world.must('keys.list', { query: { cursor: next_cursor } })
    const ids = [...items, ...rest.items].map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...new Set(ids)].sort())
    expect([ids.length > 4, rest.next_cursor]).toEqual([true, null])
  })
  it('400 with an account that no id can be', async () => {
    const answer = await world.call('keys.list', { query: { account: 'A B' } })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'account' }] })
  })

  refusals(
    'keys.list',
    () => world,
    () => ({}),
  )
})

describe('keys.get', () => {
  it('200 with the key as keys.list shows it', async () => {
    const { status, body } = await world.call('keys.get', { params: { id: plain.id } })
    expect(status).toBe(200)
    const { items } = await world.must('keys.list', { query: { account: 'caisse' } })
    expect(items).toContainEqual(body)
  })
  it('200 with the state of a key that is disabled, and of one that is revoked', async () => {
    const { id } = await world.newKey()
    const stateOf = async () => (await world.must('keys.get', { params: { id } })).state
    await world.must('keys.update', { params: { id }, body: { disabled: true } })
    expect(await stateOf()).toBe('disabled')
    await world.must('keys.revoke', { params: { id } })
    expect(await stateOf()).toBe('revoked')
  })
  it('404 not_found for an id that no key has', async () => {
    const answer = await world.call('keys.get', { params: { id: 'aaaaaaaa' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('400 with the key itself in the path, and no trace of it in the audit', async () => {
    const { key } = await world.newKey()
    const path = `/api/v1/keys/${key}?x=1`
    const answer = await fetch(world.gate.url + path, { headers: { 'api-key': world.gate.adminKey } })
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain(key)
    expect(JSON.stringify(await world.must('audit.list'))).not.toContain(key)
  })

  refusals(
    'keys.get',
    () => world,
    () => ({ params: { id: plain.id } }),
  )
})
