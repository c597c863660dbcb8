import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addConsent, addSession, addSessionClient, giveKey, inStore } from '../../test/api/people.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['ada', 'ben']) await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  for (const id of ['shop', 'wiki', 'blog']) {
    const openid = { scopes: ['openid', 'profile', 'email', 'offline_access'], first_party: id === 'shop' }
    await world.must('clients.create', {
      body: {
        id,
        name: `The ${id}`,
        redirect_uris: [`https://${id}.example.org/in`],
        token: { enabled: true },
        openid,
      },
    })
  }
  for (const id of ['s1', 's2']) addSession(world, id, 'ada')
  addSession(world, 's3', 'ben')
  for (const id of ['s1', 's2', 's3']) addSessionClient(world, id, 'shop')
  addSessionClient(world, 's1', 'wiki')
  const resources = '[{"id":"https://api.example.org/","scopes":["read"]}]'
  addConsent(world, 'ada', 'wiki', { resources })
  addConsent(world, 'ada', 'blog')
  addConsent(world, 'ben', 'blog')
})
afterAll(() => world.stop())

const list = async (id = 'ada') => (await world.must('accounts.applications_list', { params: { id } })).items
const idsOf = async (id: string) => (await list(id)).map(({ client }: { client: string }) => client)
const revoke = (client: string, call: object = {}, id = 'ada') =>
  world.call('accounts.applications_delete', { params: { id, client }, ...call })

describe('accounts.applications_list', () => {
  it('200 with what each may know, since when, and whether he is there', async () => {
    const { status } = await world.call('accounts.applications_list', { params: { id: 'ada' } })
    expect(status).toBe(200)
    const item = (client: string, more: object) => ({
      ...{ client, name: `The ${client}`, since: '2026-01-01T00:00:00.000Z', resources: [], offline: false },
      ...more,
    })
    const consented = { scopes: ['openid', 'email'], consented_at: '2026-01-01T00:00:00.000Z' }
    expect(await list()).toEqual([
      item('blog', { ...consented, signed_in: false }),
      item('shop', {
        scopes: ['openid', 'profile', 'email'],
        ...{ signed_in: true, consented_at: null },
      }),
      item('wiki', { ...consented, signed_in: true, resources: ['https://api.example.org/'] }),
    ])
    expect(JSON.stringify(await list())).not.toContain('canary')
  })
  it('404 not_found for an account that is not there', () => expectNotFound('nobody'))

  refusals(
    'accounts.applications_list',
    () => world,
    () => ({ params: { id: 'ada' } }),
  )
})

describe('accounts.applications_delete', () => {
  it('204 and consent, sessions there and tokens are gone; his sessions here and all others stay', async () => {
    const { id, key } = await world.newKey({ account: 'ada' })
    giveKey(world, id, 's2', 'shop')
    expect((await revoke('shop')).status).toBe(204)
    expect((await revoke('blog')).status).toBe(204)
    expect([await idsOf('ada'), await idsOf('ben')]).toEqual([['wiki'], ['blog', 'shop']])
    expect((await world.call('keys.self', { key })).body).toMatchObject({ code: 'key_revoked' })
    expect((await world.call('sessions.get', { params: { id: 's1' } })).status).toBe(200)
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '2' } })
    const event = { type: 'account.application_revoked' }
    expect(items).toMatchObject([
      { ...event, data: { client: 'blog' } },
      { ...event, data: { client: 'shop' } },
    ])
  })
  it('D6 403 for an account that holds more than the caller, and nothing changes', async () => {
    await world.newKey({ account: 'ben', permissions: ['audit.read'] })
    const { key } = await world.newKey({ permissions: ['sessions.write'] })
    expect((await revoke('blog', { key }, 'ben')).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect(await idsOf('ben')).toEqual(['blog', 'shop'])
  })
  it('404 not_found for an application without access, and an account that is not there', async () => {
    for (const answer of [await revoke('shop'), await revoke('nobody'), await revoke('shop', {}, 'nobody')])
      expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
    expect(inStore(world, (db) => db.prepare('select count(*) as n from session_clients').get())).toEqual({ n: 2 })
  })

  refusals(
    'accounts.applications_delete',
    () => world,
    () => ({ params: { id: 'ada', client: 'wiki' } }),
  )
})

async function expectNotFound(id: string): Promise<void> {
  const answer = await world.call('accounts.applications_list', { params: { id } })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
