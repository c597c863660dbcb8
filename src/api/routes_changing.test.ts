import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'orders' }
const ORDERS = { id: 'orders', host: 'shop.example.org', path: '/orders/**', accept: { any: ['api_key'] } }
beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
  await world.must('groups.create', { body: { id: 'shops', name: 'Shops' } })
  for (const id of ['b', 'a', 'c.1']) {
    await world.must('routes.create', { body: { ...ORDERS, id, path: `/${id}`, allow: { groups: ['shops'] } } })
  }
  await world.must('routes.create', { body: ORDERS })
})
afterAll(() => world.stop())

describe('routes.list', () => {
  it('200 with every route in order of id', async () => {
    const { items } = await world.must('routes.list')
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['a', 'b', 'c.1', 'orders'])
  })
  it('200 page by page to the end', () => expectPaged(world, 'routes.list'))

  refusals(
    'routes.list',
    () => world,
    () => ({}),
  )
})

describe('routes.get', () => {
  it('200 with the route', async () => {
    const { status, body } = await world.call('routes.get', { params: { id: 'a' } })
    const allow = { keys: [], accounts: [], groups: ['shops'], authenticated: false }
    expect([status, body]).toMatchObject([200, { ...ORDERS, id: 'a', path: '/a', allow }])
  })
  it('404 not_found for an id that no route has', () => expectNotFound('routes.get'))

  refusals(
    'routes.get',
    () => world,
    () => ({ params }),
  )
})

describe('routes.update', () => {
  it.each([
    ['name', 'Orders'],
    ['description', 'What for'],
    ['host', '*.example.org'],
    ['path', '/orders'],
    ['methods', ['GET', 'POST']],
    ['accept', { all: ['api_key', 'mtls'] }],
    ['accept', { any: ['jwt', 'basic'] }],
    ['allow', { keys: [], accounts: [], groups: ['shops'], authenticated: false }],
    ['cors', { origins: ['https://app.example.org'] }],
    ['cors', { origins: [] }],
    ['session', { mfa: true, max_age_s: 600 }],
    ['session', { mfa: false, max_age_s: null }],
    ['methods', ['*']],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('routes.get', { params })
    const { status, body } = await world.call('routes.update', { params, body: { [field]: value } })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, [field]: value, updated_at: expect.any(String), warnings: expect.any(Array) })
    const { warnings: _, ...stored } = body
    expect(await world.must('routes.get', { params })).toEqual(stored)
    const { items } = await world.must('events.list', { query: { subject: 'route:orders', limit: '1' } })
    expect(items).toMatchObject([{ type: 'route.updated', data: { fields: [field] } }])
  })
  it('200 with a list of those who pass as a whole: what is not said again is gone', async () => {
    await world.must('routes.update', { params, body: { allow: { groups: ['shops'] } } })
    const { allow, warnings } = await world.must('routes.update', { params, body: { allow: {} } })
    expect(allow).toEqual({ keys: [], accounts: [], groups: [], authenticated: false })
    expect(warnings).toEqual([expect.stringMatching(/^allow: names nobody/)])
  })
  it('200 while it names a key that is gone, which nobody else comes to be; it is not named anew', async () => {
    await world.must('accounts.create', { body: { id: 'leaving', kind: 'service', name: 'Leaving' } })
    const { id } = await world.newKey({ account: 'leaving' })
    await world.must('routes.update', { params, body: { allow: { keys: [id] } } })
    await world.must('keys.revoke', { params: { id } })
    await world.must('accounts.delete', { params: { id: 'leaving' } })
    expect((await world.must('routes.update', { params, body: { name: 'Orders' } })).allow.keys).toEqual([id])
    await world.must('routes.update', { params, body: { allow: {} } })
    const again = await world.call('routes.update', { params, body: { allow: { keys: [id] } } })
    expect(again.body).toMatchObject({ status: 400, errors: [{ path: 'allow.keys.0' }] })
  })
  it('200 where it is already: it is no conflict with itself', async () => {
    const { host, path, methods } = await world.must('routes.get', { params })
    expect((await world.call('routes.update', { params, body: { host, path, methods } })).status).toBe(200)
  })
  it('409 conflict with another route', async () => {
    const body = { host: 'shop.example.org', path: '/a/', methods: ['*'] }
    const answer = await world.call('routes.update', { params, body })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('404 not_found for an id that no route has', () => expectNotFound('routes.update', {}))

  refusals(
    'routes.update',
    () => world,
    () => ({ params, body: { name: 'Orders' } }),
    [
      ['an empty name', { name: '' }, 'name'],
      ['another id', { id: 'other' }, 'id'],
      ['a host that is none', { host: 'a b' }, 'host'],
      ['the host of Octroi itself (D2)', { host: 'octroi.example.org' }, 'host'],
      ['a path that is none', { path: 'a' }, 'path'],
      ['a group that is not there', { allow: { groups: ['zoo'] } }, 'allow.groups.0'],
      ['allow as null', { allow: null }, 'allow'],
      ['a kind that is none', { accept: { any: ['x'] } }, 'accept'],
    ],
  )
})

describe('routes.delete', () => {
  it('204 with nothing, and its place is free', async () => {
    const body = { ...ORDERS, id: 'short', path: '/short' }
    await world.must('routes.create', { body })
    const answer = await world.call('routes.delete', { params: { id: 'short' } })
    expect([answer.status, answer.body]).toEqual([204, undefined])
    const { items } = await world.must('events.list', { query: { subject: 'route:short', limit: '1' } })
    expect(items).toMatchObject([{ type: 'route.deleted', data: { host: 'shop.example.org', path: '/short' } }])
    expect((await world.call('routes.create', { body })).status).toBe(201)
  })
  it('204 and the key that it named stays', async () => {
    const { id } = await world.newKey()
    await world.must('routes.create', { body: { ...ORDERS, id: 'naming', path: '/naming', allow: { keys: [id] } } })
    await world.must('routes.delete', { params: { id: 'naming' } })
    expect((await world.must('keys.get', { params: { id } })).state).toBe('active')
  })
  it('404 not_found for an id that no route has', () => expectNotFound('routes.delete'))

  refusals(
    'routes.delete',
    () => world,
    () => ({ params: { id: 'a' } }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobodys' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
