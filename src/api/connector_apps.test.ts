import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const params = { id: 'generic-oauth2' }
const settings = {
  base_url: 'https://a.example',
  authorization_url: 'https://a.example/a',
  token_url: 'https://a.example/t',
}
const secrets = { client_id: 'an-id', client_secret: 'canary-app-secret' }
const body = { settings, secrets }
const set = (extra: object = {}) => world.call('connector-apps.set', { params, body: { ...body, ...extra } })
/** One that begins with a token obtained elsewhere, so that nobody has to agree. */
const user = (id: string) =>
  world.must('connections.create', {
    body: { id, connector: 'generic-oauth2', settings, secrets: { oauth_access_token: 'given' } },
  })

afterEach(async () => {
  for (const { id } of (await world.must('connections.list')).items)
    await world.must('connections.delete', { params: { id } })
  await world.call('connector-apps.delete', { params })
})

describe('connector-apps.set', () => {
  it('200 with where people come back to, and never a secret', async () => {
    const { status, body: app } = await set()
    expect(status).toBe(200)
    expect(app).toEqual({
      connector: 'generic-oauth2',
      scheme: 'oauth2',
      settings: { ...settings, scope: '' },
      network: {},
      redirect_uri: expect.stringMatching(/\/connect\/callback\/generic-oauth2$/),
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
  })
  it('200: connections that bring no application use it, with new secrets from the next request on', async () => {
    await set()
    expect((await user('lent')).app).toBe('generic-oauth2')
    await set({ secrets: { ...secrets, client_secret: 'canary-second' } })
    const read = await world.must('connections.credentials', { params: { id: 'lent' } })
    expect(read.secrets.oauth_client_secret).toBe('canary-second')
  })
  it('D7: a tenant’s key reads the credentials of its connection without the secret of the application', async () => {
    await set()
    await user('lent')
    const { key } = await world.newKey({
      permissions: [{ permission: 'connections.read_credentials', connection: 'lent' }],
      grants: [{ connection: 'lent', allow: [], credentials: true }],
    })
    const read = await world.must('connections.credentials', { params: { id: 'lent' }, key })
    expect(read.secrets).toMatchObject({ oauth_access_token: 'given' })
    expect(JSON.stringify(read)).not.toContain('canary-app-secret')
  })
  it('409 conflict where it would move while connections use it (D8); other secrets for the same place are taken', async () => {
    await set()
    await user('lent')
    const moved = await set({ settings: { ...settings, token_url: 'https://b.example/t' } })
    expect(moved.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('lent') })
    expect((await set({ network: { allow_http: true } })).body).toMatchObject({ status: 409, code: 'conflict' })
    expect((await set()).status).toBe(200)
  })
  it('422 insecure_upstream for an address inside that is not opened', async () => {
    const answer = await set({ settings: { ...settings, token_url: 'https://127.0.0.1/t' } })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream' })
  })
  it('403 with a network and without connections.write_network (D9)', async () => {
    const { key } = await world.newKey({ permissions: ['connectors.write'] })
    const call = { params, body: { ...body, network: { allow_http: true } }, key }
    expect((await world.call('connector-apps.set', call)).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await world.call('connector-apps.set', { params, body, key })).status).toBe(200)
  })
  it('404 not_found for a connector that is not there', async () => {
    const answer = await world.call('connector-apps.set', { params: { id: 'nosuch' }, body })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('400 where the scheme has nothing of an application', async () => {
    const answer = await world.call('connector-apps.set', { params: { id: 'paheko' }, body: { ...body, settings: {} } })
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' })
  })
  refusals(
    'connector-apps.set',
    () => world,
    () => ({ params, body }),
    [
      ['no secrets', { settings }, 'secrets'],
      ['a secret too few', { settings, secrets: { client_secret: 'x' } }, 'secrets.client_id'],
      [
        'a secret of a connection',
        { settings, secrets: { ...secrets, oauth_access_token: 'x' } },
        'secrets.oauth_access_token',
      ],
      [
        'no address',
        { settings: { base_url: 'https://a.example' }, secrets },
        'settings.authorization_url',
        'settings.token_url',
      ],
      ['another scheme', { ...body, scheme: 'basic' }, 'scheme'],
    ],
  )
})

describe('connector-apps.get', () => {
  it('200 with what was set, and never a secret', async () => {
    const { body: app } = await set()
    const read = await world.must('connector-apps.get', { params })
    expect(read).toEqual(app)
    expect(JSON.stringify(read)).not.toContain('canary')
  })
  it('404 not_found where there is none', async () => {
    expect((await world.call('connector-apps.get', { params })).body).toMatchObject({ status: 404, code: 'not_found' })
  })
  refusals(
    'connector-apps.get',
    () => world,
    () => ({ params }),
  )
})

describe('connector-apps.delete', () => {
  it('204 with nothing, and it is forgotten', async () => {
    await set()
    expect((await world.call('connector-apps.delete', { params })).status).toBe(204)
    expect((await world.call('connector-apps.get', { params })).status).toBe(404)
  })
  it('404 not_found where there is none', async () => {
    expect((await world.call('connector-apps.delete', { params })).body).toMatchObject({
      status: 404,
      code: 'not_found',
    })
  })
  it('409 conflict while connections use it', async () => {
    await set()
    await user('lent')
    const answer = await world.call('connector-apps.delete', { params })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('lent') })
  })
  refusals(
    'connector-apps.delete',
    () => world,
    () => ({ params }),
  )
})
