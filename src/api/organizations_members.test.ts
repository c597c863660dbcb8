import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { addSession, inStore } from '../../test/api/people.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'mairie', account: 'ada' }
const PEOPLE = ['ada', 'ben', 'eve']

beforeAll(async () => {
  world = await startWorld()
  for (const id of ['own', 'readers']) await world.must('groups.create', { body: { id, name: id } })
  for (const id of PEOPLE) await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  await world.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till' } })
  for (const id of ['mairie', 'other']) await world.must('organizations.create', { body: { id, label: id } })
})
afterAll(() => world.stop())

const add = (account: string, id = 'mairie', key?: string) =>
  world.call('organizations.add_member', { params: { id, account }, key })
const sources = async (account: string) => {
  const { items } = await world.must('organizations.members', { params: { id: 'mairie' } })
  const member = items.find((one: { account: string }) => one.account === account)
  return member?.sources.map(({ source }: { source: string }) => source)
}
/** As the claims of a provider said. */
const claimed = (account: string, source: string) =>
  inStore(world, (database) =>
    database
      .prepare("insert into memberships values (?, 'mairie', ?, '2026-01-01T00:00:00.000Z')")
      .run(account, source),
  )
const low = async () => {
  const body = { name: 'low', permissions: ['organizations.write'], groups: ['own'] }
  return (await world.must('keys.create', { body })).key as string
}

describe('organizations.add_member', () => {
  it('200 with who says so, the same when it is said again, and other organizations as they were', async () => {
    await add('ada', 'other')
    const first = await add('ada')
    const manual = { source: 'manual', since: expect.stringMatching(/Z$/) }
    expect([first.status, first.body]).toEqual([200, { account: 'ada', organization: 'mairie', sources: [manual] }])
    expect((await add('ada')).body).toEqual(first.body)
    const { items } = await world.must('organizations.members', { params: { id: 'other' } })
    expect(items).toMatchObject([{ account: 'ada' }])
    const events = await world.must('events.list', { query: { subject: 'organization:mairie' } })
    const told = { type: 'organization.updated', data: { fields: ['members'], account: 'ada' } }
    expect(events.items.filter(({ type }: { type: string }) => type === told.type)).toMatchObject([told])
  })
  it('200 beside what a provider says', async () => {
    claimed('ben', 'corp')
    expect((await add('ben')).body.sources).toMatchObject([{ source: 'corp' }, { source: 'manual' }])
  })
  it('D6 403 where the organization is in groups that the caller is not in, and for an account that holds more', async () => {
    await world.must('organizations.update', { params: { id: 'mairie' }, body: { groups: ['readers'] } })
    expect((await add('eve', 'mairie', await low())).body).toMatchObject({ status: 403, code: 'not_granted' })
    await world.must('organizations.update', { params: { id: 'mairie' }, body: { groups: [] } })
    await world.newKey({ account: 'eve', permissions: ['audit.read'] })
    expect((await add('eve', 'mairie', await low())).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await add('ada', 'mairie', await low())).status).toBe(200)
  })
  it('404 not_found for an organization or an account that is not there', async () => {
    expect((await add('ada', 'nobody')).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await add('nobody')).body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('409 conflict for a service, which acts for nobody', async () => {
    expect((await add('till')).body).toMatchObject({ status: 409, code: 'conflict' })
  })

  refusals(
    'organizations.add_member',
    () => world,
    () => ({ params }),
  )
})

describe('organizations.members', () => {
  it('200 with each account once, in order, with all who say so', async () => {
    await add('eve')
    const { status, body } = await world.call('organizations.members', { params: { id: 'mairie' } })
    expect(status).toBe(200)
    expect(body.items.map(({ account }: { account: string }) => account)).toEqual(PEOPLE)
  })
  it('200 page by page to the end, nobody split between two', async () => {
    await expectPaged(pagedWorld(), 'organizations.members')
  })
  it('404 not_found for an id that no organization has', async () => {
    const answer = await world.call('organizations.members', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'organizations.members',
    () => world,
    () => ({ params: { id: 'mairie' } }),
  )
})

/** Pages of an operation whose path has an id. */
function pagedWorld(): World {
  const id = { params: { id: 'mairie' } }
  return {
    ...world,
    call: (name: OperationName, call) => world.call(name, { ...call, ...id }),
    must: (name: OperationName, call) => world.must(name, { ...call, ...id }),
  }
}

describe('organizations.remove_member', () => {
  it('204 whoever said so, and sessions that act for it end (B-36)', async () => {
    addSession(world, 'acting', 'ben', { organization: 'mairie' })
    addSession(world, 'elsewhere', 'ben', { organization: 'other' })
    const { status, body } = await world.call('organizations.remove_member', { params: { ...params, account: 'ben' } })
    expect([status, body]).toEqual([204, undefined])
    expect(await sources('ben')).toBeUndefined()
    expect((await world.call('sessions.get', { params: { id: 'acting' } })).status).toBe(404)
    expect((await world.call('sessions.get', { params: { id: 'elsewhere' } })).status).toBe(200)
  })
  it('404 not_found for somebody who does not belong to it', async () => {
    const answer = await world.call('organizations.remove_member', { params: { ...params, account: 'ben' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('D6 403 for an account that holds more than the caller', async () => {
    const answer = await world.call('organizations.remove_member', {
      params: { ...params, account: 'eve' },
      key: await low(),
    })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  refusals(
    'organizations.remove_member',
    () => world,
    () => ({ params }),
  )
})
