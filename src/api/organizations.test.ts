import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'mairie' }
const SIRET = '13002526500013'
const GET_SHOP = { connection: 'shop', allow: ['GET /**'] }

beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop' })
  for (const [id, grants] of [
    ['own', []],
    ['readers', [GET_SHOP]],
  ] as const) {
    await world.must('groups.create', { body: { id, name: id, grants } })
  }
  await world.must('organizations.create', { body: { ...params, label: 'Mairie', siret: SIRET } })
  await world.must('organizations.create', { body: { id: 'other', label: 'Other' } })
})
afterAll(() => world.stop())

/** A key of an account that is in "own" and nothing else. */
const low = async () => (await world.must('keys.create', { body: LOW })).key as string
const LOW = { name: 'low', permissions: ['organizations.write', 'organizations.read'], groups: ['own'] }

describe('organizations.create', () => {
  const create = (body: object, key?: string) => world.call('organizations.create', { body, key })
  it('201 with its SIRET without spaces, and an id made of its label', async () => {
    const answer = await create({ label: 'École n° 2', siret: '732 829 320 00074', groups: ['own'] })
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        id: 'ecole-n-2',
        siret: '73282932000074',
        label: 'École n° 2',
        groups: ['own'],
        created_at: expect.stringMatching(/Z$/),
        updated_at: expect.stringMatching(/Z$/),
      },
    ])
    expect(await world.must('organizations.get', { params: { id: 'ecole-n-2' } })).toEqual(answer.body)
    const { items } = await world.must('events.list', { query: { subject: 'organization:ecole-n-2' } })
    expect(items).toMatchObject([{ type: 'organization.created' }])
  })
  it('201 without a SIRET: an association may have none', async () => {
    expect((await create({ label: 'Association' })).body).toMatchObject({ siret: null, groups: [] })
  })
  it('409 conflict with an id or a SIRET that is taken', async () => {
    expect((await create({ id: 'mairie', label: 'x' })).body).toMatchObject({ status: 409, code: 'conflict' })
    const answer = await create({ label: 'x', siret: SIRET })
    expect(answer.body).toMatchObject({ status: 409, detail: expect.stringContaining('SIRET') })
  })
  it('D6 403 with groups that the caller is not in: whoever acts for it would be', async () => {
    const key = await low()
    const answer = await create({ label: 'x', groups: ['readers'] }, key)
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await create({ label: 'Mine', groups: ['own'] }, key)).status).toBe(201)
    expect((await create({ label: 'None' }, key)).status).toBe(201)
  })
  it('D6 403 with a group for which a route opens to sessions that the caller’s key does not pass', async () => {
    const key = await low()
    const route = { id: 'people', host: 'people.example.org', path: '/**', accept: { any: ['session'] } }
    await world.must('routes.create', { body: { ...route, allow: { groups: ['own'] } } })
    const answer = await create({ label: 'x', groups: ['own'] }, key)
    expect(answer.body).toMatchObject({ status: 403, detail: expect.stringContaining('people') })
    await world.must('routes.delete', { params: { id: 'people' } })
  })

  refusals(
    'organizations.create',
    () => world,
    () => ({ body: { label: 'Good' } }),
    [
      ['no label', { siret: null }, 'label'],
      ['an empty label', { label: ' ' }, 'label'],
      ['a SIRET whose check digit does not fit', { label: 'x', siret: '13002526500014' }, 'siret'],
      ['a SIREN', { label: 'x', siret: '130025265' }, 'siret'],
      ['a group that is not there', { label: 'x', groups: ['zoo'] }, 'groups.0'],
      ['an id that is none', { label: 'x', id: 'A B' }, 'id'],
    ],
  )
})

describe('organizations.list', () => {
  it('200 with every organization in order of id', async () => {
    const { items } = await world.must('organizations.list', { query: { limit: '200' } })
    const ids = items.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toContain('mairie')
  })
  it('200 page by page to the end', () => expectPaged(world, 'organizations.list'))

  refusals(
    'organizations.list',
    () => world,
    () => ({}),
  )
})

describe('organizations.get', () => {
  it('200 with the organization', async () => {
    const { status, body } = await world.call('organizations.get', { params })
    expect([status, body]).toMatchObject([200, { ...params, siret: SIRET }])
  })
  it('404 not_found for an id that no organization has', () => expectNotFound('organizations.get'))

  refusals(
    'organizations.get',
    () => world,
    () => ({ params }),
  )
})

describe('organizations.update', () => {
  const update = (body: object, key?: string) => world.call('organizations.update', { params, body, key })
  it.each([
    ['label', 'Mairie de Lille'],
    ['siret', null],
    ['siret', SIRET],
    ['groups', ['own', 'readers']],
    ['groups', []],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('organizations.get', { params })
    const { status, body } = await update({ [field]: value })
    expect([status, body]).toEqual([200, { ...before, [field]: value, updated_at: expect.any(String) }])
    const { items } = await world.must('events.list', { query: { subject: 'organization:mairie', limit: '1' } })
    expect(items).toMatchObject([{ type: 'organization.updated', data: { fields: [field] } }])
  })
  it('D6 403 for its SIRET, its label and its groups while it is in groups that the caller is not in', async () => {
    const key = await low()
    await update({ groups: ['readers'] })
    for (const body of [{ siret: null }, { label: 'x' }, { groups: [] }]) {
      expect((await update(body, key)).body, JSON.stringify(body)).toMatchObject({ status: 403, code: 'not_granted' })
    }
    await update({ groups: [] })
    expect((await update({ groups: ['readers'] }, key)).body).toMatchObject({ status: 403 })
    expect((await update({ label: 'Mairie' }, key)).status).toBe(200)
  })
  it('409 conflict with the SIRET of another one', async () => {
    const answer = await world.call('organizations.update', { params: { id: 'other' }, body: { siret: SIRET } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('404 not_found for an id that no organization has', () => expectNotFound('organizations.update', {}))

  refusals(
    'organizations.update',
    () => world,
    () => ({ params, body: { label: 'Mairie' } }),
    [
      ['an empty label', { label: '' }, 'label'],
      ['a SIRET that is none', { siret: '1' }, 'siret'],
      ['another id', { id: 'x' }, 'id'],
      ['members', { members: ['ada'] }, 'members'],
      ['a group that is not there', { groups: ['zoo'] }, 'groups.0'],
    ],
  )
})

describe('organizations.delete', () => {
  it('204 with nothing, and it is gone', async () => {
    const { id } = await world.must('organizations.create', { body: { label: 'Short' } })
    const { status, body } = await world.call('organizations.delete', { params: { id } })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('organizations.get', { params: { id } })).status).toBe(404)
  })
  it('409 conflict while an application allows it: the next one of the id would be taken for it', async () => {
    const app = { id: 'app', name: 'App', redirect_uris: ['https://a.example.org/'] }
    await world.must('clients.create', { body: { ...app, allow: { organizations: ['other'] } } })
    const answer = await world.call('organizations.delete', { params: { id: 'other' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('app') })
  })
  it('404 not_found for an id that no organization has', () => expectNotFound('organizations.delete'))

  refusals(
    'organizations.delete',
    () => world,
    () => ({ params }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
