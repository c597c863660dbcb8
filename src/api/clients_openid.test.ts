import { generateKeyPairSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
const APP = { name: 'Wiki', redirect_uris: ['https://wiki.example.org/cb'] }
const LOGOUT = 'https://93.184.215.14/logout'
const USUAL = {
  auth_method: 'client_secret_basic',
  jwks: null,
  grant_types: ['authorization_code', 'refresh_token'],
  id_token_alg: 'ES256',
  id_token_claims: false,
  pkce: true,
  par: false,
  dpop: false,
  scopes: ['openid', 'profile', 'email'],
  email: { from: 'primary', required: false },
  claims: [],
  first_party: true,
  max_age_s: null,
  resources: [],
  access_token_ttl_s: 600,
  refresh_token_ttl_s: 2_592_000,
  backchannel_logout_uri: null,
  network: {},
}
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const JWKS = { keys: [{ ...jwk, kid: 'one' }] }

beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
})
afterAll(() => world.stop())

const create = (openid: object | null, more: object = {}, key?: string) =>
  world.call('clients.create', { body: { ...APP, openid, ...more }, key })
const update = (id: string, openid: object | null, key?: string) =>
  world.call('clients.update', { params: { id }, body: { openid }, key })
const keyFor = async (...permissions: readonly string[]) => (await world.newKey({ permissions })).key

describe('an OpenID client', () => {
  it('201 with all that is usual where nothing is said, and no API keys of people', async () => {
    const { status, body } = await create({}, { id: 'wiki' })
    expect([status, body.openid, body.warnings]).toEqual([201, USUAL, []])
    expect(body.token).toEqual({ enabled: false, grants: [], ttl_s: 43_200 })
    expect(body.client_secret).toMatch(/^ocs_.{43}$/)
    expect((await world.must('clients.get', { params: { id: 'wiki' } })).openid).toEqual(USUAL)
  })
  it('201 with everything that can be said of it, in one way of writing', async () => {
    const openid = {
      auth_method: 'private_key_jwt',
      jwks: JWKS,
      grant_types: ['device_code', 'client_credentials', 'authorization_code', 'refresh_token', 'device_code'],
      id_token_alg: 'RS256',
      id_token_claims: true,
      par: true,
      dpop: true,
      scopes: ['offline_access', 'organization', 'openid', 'email', 'profile', 'groups'],
      email: { from: '@Example.ORG', required: true },
      claims: [
        { claim: 'profile.name', from: 'name', scope: 'profile' },
        { claim: 'siret', from: 'organization_siret', scope: 'organization' },
      ],
      first_party: false,
      max_age_s: 3_600,
      resources: [{ id: 'https://api.example.org/v1', scopes: ['write', 'read', 'read'] }, { id: 'urn:example:till' }],
      access_token_ttl_s: 60,
      refresh_token_ttl_s: 86_400,
      backchannel_logout_uri: LOGOUT,
      network: { allow_private: ['10.0.0.0/8'] },
    }
    const { status, body } = await create(openid, { id: 'full' })
    expect([status, body.openid]).toEqual([
      201,
      {
        ...openid,
        pkce: true,
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', 'device_code'],
        scopes: ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access'],
        email: { from: '@example.org', required: true },
        resources: [
          { id: 'https://api.example.org/v1', scopes: ['read', 'write'] },
          { id: 'urn:example:till', scopes: [] },
        ],
      },
    ])
  })
  it('201 without an address where no code is given', async () => {
    const openid = { grant_types: ['client_credentials'], resources: [{ id: 'urn:example:api' }] }
    expect((await create(openid, { redirect_uris: undefined })).body).toMatchObject({ redirect_uris: [], warnings: [] })
  })
  it.each([
    ['PKCE off', { pkce: false }, /^openid\.pkce: /],
    ['offline_access that is good for nothing', OFFLINE(), /^openid\.scopes: offline_access/],
    ['devices', { grant_types: ['device_code'] }, /^openid\.grant_types: .*device/],
    ['tokens for no API', { grant_types: ['client_credentials'] }, /^openid\.grant_types: .*nowhere/],
  ])('201 with a warning for %s', async (_, openid, warning) => {
    expect((await create(openid)).body.warnings).toEqual([expect.stringMatching(warning)])
  })
})

function OFFLINE() {
  return { scopes: ['openid', 'offline_access'], grant_types: ['authorization_code'] }
}

describe('one that keeps no secret', () => {
  it.each([
    ['none', {}, 'PKCE'],
    ['private_key_jwt', { jwks: JWKS }, 'keys'],
  ])('201 with none for %s, and 409 where a new one is asked for', async (auth_method, more, how) => {
    const { body } = await create({ auth_method, ...more })
    expect(body.client_secret).toBeNull()
    const rotated = await world.call('clients.rotate', { params: { id: body.id } })
    expect(rotated.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining(how) })
  })
  it('200 when it becomes one, whose secret has ended; and a warning when it is to have one again', async () => {
    const { body: made } = await create({}, { id: 'public' })
    const signIn = () => exchange('public', made.client_secret)
    expect(await signIn()).toBe(400)
    expect((await update('public', { auth_method: 'none' })).status).toBe(200)
    expect(await signIn()).toBe(401)
    const { body } = await update('public', { auth_method: 'client_secret_post' })
    expect(body.warnings).toEqual([expect.stringContaining('rotating gives it one')])
    expect((await world.call('clients.rotate', { params: { id: 'public' } })).status).toBe(200)
  })
})

/** 400: known, but for the code; 401: not known. */
async function exchange(id: string, secret: string): Promise<number> {
  const headers = {
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ code: 'x'.repeat(43), code_verifier: 'v'.repeat(43) })
  return (await fetch(`${world.gate.url}/session/exchange`, { method: 'POST', headers, body })).status
}

describe('a change', () => {
  beforeAll(async () => {
    await create(
      { backchannel_logout_uri: LOGOUT, email: { from: '@example.org', required: true } },
      { id: 'changing' },
    )
  })
  const change = async (openid: object | null) => (await update('changing', openid)).body.openid
  it('200 with the members that are given, of the address too, and the rest as it was', async () => {
    const before = (await world.must('clients.get', { params: { id: 'changing' } })).openid
    expect(await change({ scopes: ['openid'], pkce: false })).toEqual({ ...before, scopes: ['openid'], pkce: false })
    expect((await change({ email: { required: false } })).email).toEqual({ from: '@example.org', required: false })
    const { items } = await world.must('events.list', { query: { subject: 'client:changing', limit: '1' } })
    expect(items).toMatchObject([{ type: 'client.updated', data: { fields: ['openid'] } }])
  })
  it('200 and what goes with something goes with it', async () => {
    await change({ auth_method: 'private_key_jwt', jwks: JWKS, network: { allow_private: true } })
    expect(await change({ auth_method: 'client_secret_basic', backchannel_logout_uri: null })).toMatchObject({
      jwks: null,
      network: {},
    })
  })
  it('200 with null: it is no OpenID client any more, and what the provider gave it is gone', async () => {
    remember('changing')
    expect(await change({ pkce: true })).toMatchObject({ pkce: true })
    expect(remembered('changing')).toBe(1)
    expect(await change(null)).toBeNull()
    expect(remembered('changing')).toBe(0)
  })
  it('200 disabled, 200 enabled, 204 deleted, 201 made anew: what the provider gave it is gone', async () => {
    await create({}, { id: 'ending' })
    const params = { id: 'ending' }
    remember('ending')
    remember('wiki')
    await world.must('clients.update', { params, body: { disabled: true } })
    expect(remembered('ending')).toBe(0)
    remember('ending')
    await world.must('clients.update', { params, body: { disabled: false } })
    expect(remembered('ending')).toBe(0)
    remember('ending')
    await world.call('clients.delete', { params })
    expect([remembered('ending'), remembered('wiki')]).toEqual([0, 1])
    remember('ending')
    await create({}, { id: 'ending' })
    expect(remembered('ending')).toBe(0)
  })
})

describe('D6, D9 who may do it', () => {
  it('403 for APIs without *: whoever asks for such a token says what it is for', async () => {
    const key = await keyFor('clients.write')
    const openid = { resources: [{ id: 'https://books.example.org', scopes: ['admin'] }] }
    expect((await create(openid, {}, key)).body).toMatchObject({ status: 403, code: 'not_granted' })
    const { id } = (await create({ scopes: ['openid'] }, {}, key)).body
    expect((await update(id, openid, key)).body).toMatchObject({ status: 403 })
    expect((await update(id, openid)).status).toBe(200)
    expect((await world.call('clients.rotate', { params: { id }, key })).body).toMatchObject({ status: 403 })
    expect((await update(id, { resources: [] }, key)).body).toMatchObject({ status: 403 })
  })
  it('403 for another network without connections.write_network, and for another address by one that is open', async () => {
    const [low, may] = [await keyFor('clients.write'), await keyFor('clients.write', 'connections.write_network')]
    const openid = { backchannel_logout_uri: 'http://127.0.0.1:9/logout', network: NEAR }
    expect((await create(openid, {}, low)).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('write_network'),
    })
    const { id } = (await create(openid, {}, may)).body
    const moved = { backchannel_logout_uri: 'http://127.0.0.1:10/logout' }
    expect((await update(id, moved, low)).body).toMatchObject({ status: 403 })
    expect((await update(id, { network: { allow_private: true } }, low)).body).toMatchObject({ status: 403 })
    expect((await update(id, { scopes: ['openid'] }, low)).status).toBe(200)
    expect((await update(id, moved, may)).status).toBe(200)
  })
  it('422 insecure_upstream for an address that the network does not reach', async () => {
    const inside = { backchannel_logout_uri: 'https://10.0.0.7/logout' }
    expect((await create(inside)).body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    expect((await update('wiki', inside)).body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    expect((await create({ ...inside, network: { allow_private: true } })).status).toBe(201)
  })
})

const NEAR = { allow_private: true, allow_http: true }

/** Something that the provider keeps for it. */
function remember(client: string): void {
  const row = ['Grant', `of-${client}`, null, null, client, null, 'sealed', null, '2099-01-01T00:00:00.000Z', '2026']
  inActivity((database) =>
    database.prepare(`insert into provider_entries values (${row.map(() => '?').join(', ')})`).run(...row),
  )
}

function remembered(client: string): number {
  return inActivity(
    (database) => database.prepare('select 1 from provider_entries where client = ?').all(client).length,
  )
}

function inActivity<T>(work: (database: DatabaseSync) => T): T {
  const folder = world.gate.settings.data_dir
  const file = readdirSync(folder).find((name) => /activity.*\.(db|sqlite3?)$/.test(name))
  const database = new DatabaseSync(join(folder, file as string), { timeout: 5_000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}
