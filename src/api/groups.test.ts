import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'shops' }
const GRANTS = [{ connection: 'shop', allow: ['GET /orders/**'] }]
beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop' })
  for (const id of ['tills', 'shops', 'z.1']) await world.must('groups.create', { body: { id, name: `Group ${id}` } })
})
afterAll(() => world.stop())

const lastEvent = async (id: string) => {
  const { items } = await world.must('events.list', { query: { subject: `group:${id}`, limit: '1' } })
  return items[0]
}

describe('groups.create', () => {
  it('201 with the group, its code made of its name', async () => {
    const body = { name: 'Caisses n° 2', description: 'All of them', grants: GRANTS }
    const answer = await world.call('groups.create', { body })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      ...body,
      id: 'caisses-n-2',
      created_at: answer.body.updated_at,
      updated_at: expect.stringMatching(/Z$/),
    })
    expect(await world.must('groups.get', { params: { id: 'caisses-n-2' } })).toEqual(answer.body)
    expect(await lastEvent('caisses-n-2')).toMatchObject({ type: 'group.created', data: { name: 'Caisses n° 2' } })
  })
  it('201 with nothing but a name', async () => {
    expect(await world.must('groups.create', { body: { name: 'Bare' } })).toMatchObject({ description: '', grants: [] })
  })
  it('409 conflict for a code that is taken: codes are unique', async () => {
    const named = await world.call('groups.create', { body: { name: 'Tills' } })
    expect([named.body.code, named.body.detail]).toEqual(['conflict', 'There is a group tills already.'])
    const answer = await world.call('groups.create', { body: { id: 'tills', name: 'Again' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('tills') })
  })

  const good = { name: 'Good' }
  refusals(
    'groups.create',
    () => world,
    () => ({ body: good }),
    [
      ['no name', {}, 'name'],
      ['a code in capitals', { ...good, id: 'Shops' }, 'id'],
      ['a comma in the code, which separates them in a header', { ...good, id: 'a,b' }, 'id'],
      ['a control character in the description', { ...good, description: 'a\u0000' }, 'description'],
      ['a rule that is none', { ...good, grants: [{ connection: 'shop', allow: ['get /a'] }] }, 'grants.0.allow.0'],
      [
        'a name that the connector does not have',
        { ...good, grants: [{ connection: 'shop', allow: ['x'] }] },
        'grants.0.allow.0',
      ],
    ],
  )
})

describe('groups.list', () => {
  it('200 with every group in order of its code', async () => {
    const { items } = await world.must('groups.list')
    const ids = items.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toEqual(expect.arrayContaining(['shops', 'tills', 'z.1']))
  })
  it('200 page by page to the end', () => expectPaged(world, 'groups.list'))

  refusals(
    'groups.list',
    () => world,
    () => ({}),
  )
})

describe('groups.get', () => {
  it('200 with the group', async () => {
    const { status, body } = await world.call('groups.get', { params })
    expect([status, body]).toMatchObject([200, { id: 'shops', name: 'Group shops', description: '', grants: [] }])
  })
  it('404 not_found for a code that no group has', () => expectNotFound('groups.get'))

  refusals(
    'groups.get',
    () => world,
    () => ({ params }),
  )
})

describe('groups.update', () => {
  it.each([
    ['name', 'All shops'],
    ['description', 'Of ours'],
    ['grants', GRANTS],
    ['grants', []],
    ['description', ''],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('groups.get', { params })
    const { status, body } = await world.call('groups.update', { params, body: { [field]: value } })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('groups.get', { params })).toEqual(body)
    expect(await lastEvent('shops')).toMatchObject({ type: 'group.updated', data: { fields: [field] } })
  })
  it('404 not_found for a code that no group has', () => expectNotFound('groups.update', { name: 'x' }))

  refusals(
    'groups.update',
    () => world,
    () => ({ params, body: { name: 'Shops' } }),
    [
      ['another code', { id: 'other' }, 'id'],
      ['an empty name', { name: ' ' }, 'name'],
      ['grants that are null', { grants: null }, 'grants'],
      ['a rule that is none', { grants: [{ connection: 'shop', allow: ['GET a'] }] }, 'grants.0.allow.0'],
    ],
  )
})

describe('groups.delete', () => {
  it('204 with nothing', async () => {
    await world.must('groups.create', { body: { id: 'short', name: 'Short' } })
    const { status, body } = await world.call('groups.delete', { params: { id: 'short' } })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('groups.get', { params: { id: 'short' } })).status).toBe(404)
    expect(await lastEvent('short')).toMatchObject({ type: 'group.deleted' })
  })
  it.each<[string, OperationName, object]>([
    ['a key', 'keys.create', { name: 'Member', groups: ['used'] }],
    ['an account', 'accounts.create', { kind: 'service', name: 'Member', groups: ['used'] }],
    [
      'a route',
      'routes.create',
      { host: 'a.example.org', path: '/', accept: { any: ['jwt'] }, allow: { groups: ['used'] } },
    ],
  ])('409 conflict while %s uses it', async (_, name, body) => {
    await world.must('groups.create', { body: { id: 'used', name: 'Used' } })
    const { id } = await world.must(name, { body })
    const answer = await world.call('groups.delete', { params: { id: 'used' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining(id) })
    if (name === 'routes.create') await world.must('routes.delete', { params: { id } })
    else await world.must(name.replace('create', 'update') as OperationName, { params: { id }, body: { groups: [] } })
    expect((await world.call('groups.delete', { params: { id: 'used' } })).status).toBe(204)
  })
  it('404 not_found for a code that no group has', () => expectNotFound('groups.delete'))

  refusals(
    'groups.delete',
    () => world,
    () => ({ params: { id: 'tills' } }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobodys' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
