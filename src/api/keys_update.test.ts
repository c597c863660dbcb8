import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
let params: { id: string }
beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop' })
  for (const id of ['shops', 'tills']) await world.must('groups.create', { body: { id, name: id } })
  params = { id: (await world.newKey()).id }
})
afterAll(() => world.stop())

describe('keys.update', () => {
  it.each([
    ['name', 'New'],
    ['description', 'What for'],
    ['grants', [{ connection: 'shop', allow: ['GET /a'] }]],
    ['permissions', ['keys.read', { permission: 'connections.read', tags: { team: 'blue' } }]],
    ['cidrs', ['192.0.2.0/24']],
    ['rate_limit', { limit: 5, window_s: 1 }],
    ['rate_limit', null],
    ['expires_at', '2999-01-01T00:00:00.000Z'],
    ['expires_at', null],
    ['usable_when_owner_inactive', true],
    ['groups', ['shops', 'tills']],
    ['groups', []],
    ['groups', null],
    ['tech_name', 'till_1'],
    ['tech_name', null],
    ['grants', []],
    ['permissions', []],
    ['cidrs', []],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('keys.get', { params })
    const { status, body } = await world.call('keys.update', { params, body: { [field]: value } })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('keys.get', { params })).toEqual(body)
  })
  it('200 with a key disabled and enabled, from the next request', async () => {
    const { id, key } = await world.newKey()
    const disabled = await world.must('keys.update', { params: { id }, body: { disabled: true } })
    expect(disabled).toMatchObject({ state: 'disabled', disabled_at: expect.stringMatching(/Z$/) })
    expect((await world.call('keys.self', { key })).status).toBe(401)
    const again = await world.must('keys.update', { params: { id }, body: { disabled: true } })
    expect(again.disabled_at).toBe(disabled.disabled_at)
    await world.must('keys.update', { params: { id }, body: { disabled: false } })
    expect((await world.call('keys.self', { key })).status).toBe(200)
  })
  it('200 with the codes of groups as a set, in order', async () => {
    const body = { groups: ['tills', 'shops', 'tills'] }
    expect((await world.must('keys.update', { params, body })).groups).toEqual(['shops', 'tills'])
  })
  it('200 and an event that names the fields, not what is in them', async () => {
    await world.must('keys.update', { params, body: { name: 'Told', cidrs: [] } })
    const { items } = await world.must('events.list', { query: { subject: `key:${params.id}`, limit: '1' } })
    expect(items).toMatchObject([{ type: 'key.updated', data: { fields: ['cidrs', 'name'] } }])
  })
  it('200 with nothing to change', async () => {
    expect((await world.call('keys.update', { params, body: {} })).status).toBe(200)
  })
  it('404 not_found for an id that no key has', async () => {
    const answer = await world.call('keys.update', { params: { id: 'aaaaaaaa' }, body: { name: 'x' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('409 conflict for a tech_name that another key has', async () => {
    await world.must('keys.create', { body: { name: 'Holder', tech_name: 'taken' } })
    const answer = await world.call('keys.update', { params, body: { tech_name: 'taken' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('taken') })
  })
  it('409 conflict for a revoked key: revoked is for good', async () => {
    const { id } = await world.newKey()
    await world.must('keys.revoke', { params: { id } })
    const answer = await world.call('keys.update', { params: { id }, body: { disabled: false } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })

  refusals(
    'keys.update',
    () => world,
    () => ({ params, body: { name: 'Good' } }),
    [
      ['an empty name', { name: '' }, 'name'],
      ['a name that is null', { name: null }, 'name'],
      ['a line break in the description', { description: 'a\r\nb' }, 'description'],
      ['a text for yes', { disabled: 'no' }, 'disabled'],
      ['an expiry in the past', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      ['a CIDR that is none', { cidrs: ['nowhere'] }, 'cidrs.0'],
      ['a limit without end', { rate_limit: { limit: 1, window_s: 86_401 } }, 'rate_limit.window_s'],
      ['grants that are no list', { grants: {} }, 'grants'],
      ['a rule that is none', { grants: [{ connection: 'shop', allow: ['GET a'] }] }, 'grants.0.allow.0'],
      [
        'a name that the connector does not have',
        { grants: [{ connection: 'shop', allow: ['x'] }] },
        'grants.0.allow.0',
      ],
      ['an unknown permission', { permissions: ['root'] }, 'permissions.0'],
      ['a group that is not there', { groups: ['shops', 'zoo'] }, 'groups.1'],
      ['groups that are no list', { groups: 'shops' }, 'groups'],
      ['a tech_name in capitals', { tech_name: 'Till' }, 'tech_name'],
      ['several faults', { name: '', cidrs: [1], disabled: 0 }, 'name', 'disabled', 'cidrs.0'],
    ],
  )
})
