import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { addSession, giveKey } from '../../test/api/people.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['ada', 'ben']) await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  await world.must('clients.create', {
    body: { id: 'app', name: 'App', redirect_uris: ['https://a.example.org/'], token: { enabled: true } },
  })
  addSession(world, 's1', 'ada', { acr: 'eidas1', amr: '["pwd","otp","mfa"]' })
  addSession(world, 's1-wiki', 'ada', { host: 'wiki.example.org', parent: 's1' })
  addSession(world, 's2', 'ada')
  addSession(world, 's3', 'ben')
})
afterAll(() => world.stop())

const idsOf = async (query: Record<string, string>) =>
  (await world.must('sessions.list', { query })).items.map(({ id }: { id: string }) => id)
const gone = async (id: string) => (await world.call('sessions.get', { params: { id } })).status === 404

describe('sessions.list', () => {
  it('200 with every session', async () => expect(await idsOf({})).toEqual(['s1', 's1-wiki', 's2', 's3']))
  it('200 with those of an account, of a host, and of Octroi’s own pages', async () => {
    expect(await idsOf({ account: 'ben' })).toEqual(['s3'])
    expect(await idsOf({ account: 'nobody' })).toEqual([])
    expect(await idsOf({ host: 'WIKI.example.org' })).toEqual(['s1-wiki'])
    expect(await idsOf({ host: '', account: 'ada' })).toEqual(['s1', 's2'])
  })
  it('200 page by page to the end', () => expectPaged(world, 'sessions.list'))
  it('never with a token, the hash of one, or what is sealed in it', async () => {
    const answer = await world.call('sessions.list')
    expect(JSON.stringify(answer.body)).not.toMatch(/canary|token|sealed|hash/)
  })

  refusals(
    'sessions.list',
    () => world,
    () => ({}),
  )
})

describe('sessions.get', () => {
  it('200 with how and from where', async () => {
    const { status, body } = await world.call('sessions.get', { params: { id: 's1' } })
    expect([status, body]).toEqual([
      200,
      {
        id: 's1',
        account: 'ada',
        host: null,
        parent: null,
        method: 'password',
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'eidas1',
        auth_time: expect.any(String),
        organization: null,
        address: '192.0.2.7',
        user_agent: 'Firefox',
        created_at: expect.any(String),
        last_used_at: null,
        expires_at: expect.any(String),
        idle_s: 7_200,
      },
    ])
  })
  it('404 not_found for an id that no session has', () => expectNotFound('sessions.get'))

  refusals(
    'sessions.get',
    () => world,
    () => ({ params: { id: 's1' } }),
  )
})

describe('sessions.delete', () => {
  it('204 and it is over with those below it and the keys that applications got; others stay', async () => {
    addSession(world, 's4', 'ada')
    addSession(world, 's4-wiki', 'ada', { host: 'wiki.example.org', parent: 's4' })
    const { id, key } = await world.newKey({ account: 'ada' })
    giveKey(world, id, 's4', 'app')
    const { status, body } = await world.call('sessions.delete', { params: { id: 's4' } })
    expect([status, body]).toEqual([204, undefined])
    expect([await gone('s4'), await gone('s4-wiki'), await gone('s2')]).toEqual([true, true, false])
    expect((await world.call('keys.self', { key })).body).toMatchObject({ code: 'key_revoked' })
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '1' } })
    expect(items).toMatchObject([{ type: 'session.ended', data: { session: 's4', why: 'revoked' } }])
  })
  it('D6 403 for the session of an account that holds more than the caller', async () => {
    await world.newKey({ account: 'ben', permissions: ['audit.read'] })
    const { key } = await world.newKey({ permissions: ['sessions.write'] })
    expect((await world.call('sessions.delete', { params: { id: 's3' }, key })).body).toMatchObject({ status: 403 })
    expect(await gone('s3')).toBe(false)
  })
  it('404 not_found for an id that no session has', () => expectNotFound('sessions.delete'))

  refusals(
    'sessions.delete',
    () => world,
    () => ({ params: { id: 's1' } }),
  )
})

describe('sessions.delete_all', () => {
  it('200 with how many, and none of the account is left', async () => {
    const { status, body } = await world.call('sessions.delete_all', { params: { id: 'ada' } })
    expect([status, body.ended]).toEqual([200, expect.any(Number)])
    expect(await idsOf({ account: 'ada' })).toEqual([])
    expect(await idsOf({ account: 'ben' })).toEqual(['s3'])
    expect(await world.must('sessions.delete_all', { params: { id: 'ada' } })).toEqual({ ended: 0 })
  })
  it('D6 403 for an account that holds more than the caller', async () => {
    const { key } = await world.newKey({ permissions: ['sessions.write'] })
    const answer = await world.call('sessions.delete_all', { params: { id: 'ben' }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('404 not_found for an id that no account has', () => expectNotFound('sessions.delete_all'))

  refusals(
    'sessions.delete_all',
    () => world,
    () => ({ params: { id: 'ada' } }),
  )
})

describe('T37 an account that is switched off', () => {
  it.each(['accounts.disable', 'accounts.delete'] as const)('%s ends its sessions', async (name) => {
    const id = name.replace('.', '-')
    await world.must('accounts.create', { body: { id, kind: 'person', name: 'x' } })
    addSession(world, `of-${id}`, id)
    addSession(world, `of-${id}-wiki`, id, { host: 'wiki.example.org', parent: `of-${id}` })
    const { id: given, key } = await world.newKey({ account: id })
    giveKey(world, given, `of-${id}`, 'app')
    await world.must(name, { params: { id } })
    expect([await gone(`of-${id}`), await gone(`of-${id}-wiki`)]).toEqual([true, true])
    expect((await world.call('keys.self', { key })).status).toBe(401)
    if (name === 'accounts.disable') await world.must('accounts.enable', { params: { id } })
    expect([await gone(`of-${id}`), (await world.call('keys.self', { key })).status]).toEqual([true, 401])
  })
})

async function expectNotFound(name: OperationName): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' } })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
