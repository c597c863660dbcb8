import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'shop' }
const APP = { name: 'Shop', redirect_uris: ['https://shop.example.org/cb'] }
const TOKENS = { params: { id: 'tokens' } }
let low: string

beforeAll(async () => {
  world = await startWorld()
  await world.must('groups.create', { body: { id: 'staff', name: 'Staff' } })
  await world.must('accounts.create', { body: { id: 'ada', kind: 'person', name: 'Ada' } })
  await world.must('organizations.create', { body: { id: 'asso', label: 'Association' } })
  await world.must('clients.create', { body: { ...APP, ...params } })
  await world.must('clients.create', { body: { ...APP, ...TOKENS.params, token: { enabled: true } } })
  low = (await world.newKey({ permissions: ['clients.write', 'clients.read'] })).key
})
afterAll(() => world.stop())

const update = (body: object, more: object = {}) => world.call('clients.update', { params, body, ...more })

describe('clients.update', () => {
  it.each([
    ['name', 'Shop of the museum'],
    ['description', 'What is for sale'],
    ['redirect_uris', ['https://shop.example.org/new', 'http://localhost/cb']],
    ['post_logout_redirect_uris', ['https://shop.example.org/bye']],
    ['allow', { accounts: ['ada'], groups: ['staff'], organizations: ['asso'], authenticated: false }],
    ['allow', { accounts: [], groups: [], organizations: [], authenticated: true }],
    ['methods', ['passkey', 'password']],
    ['methods', []],
    ['mfa', true],
    ['roles', [{ group: 'staff', role: 'seller' }]],
    ['roles', []],
    ['default_role', 'buyer'],
    ['token', { enabled: true, grants: [], ttl_s: 600 }],
    ['token_in_query', false],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('clients.get', { params })
    const { status, body } = await update({ [field]: value })
    const { warnings: _, ...kept } = body
    expect(status).toBe(200)
    expect(kept).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('clients.get', { params })).toEqual(kept)
    const { items } = await world.must('events.list', { query: { subject: 'client:shop', limit: '1' } })
    expect(items).toMatchObject([{ type: 'client.updated', data: { fields: [field] } }])
  })
  it('200 disabled and enabled, by the time of the first', async () => {
    const { disabled_at } = (await update({ disabled: true })).body
    expect(disabled_at).toMatch(/Z$/)
    expect((await update({ disabled: true })).body.disabled_at).toBe(disabled_at)
    expect((await update({ disabled: false })).body.disabled_at).toBeNull()
  })
  it('D6 403 for what gets tokens without *, but to disable it; neither may it come to get them', async () => {
    const send = (body: object) => world.call('clients.update', { ...TOKENS, body, key: low })
    for (const body of [{ name: 'x' }, { redirect_uris: ['https://evil.example/'] }, { token: { enabled: false } }]) {
      expect((await send(body)).body).toMatchObject({ status: 403, code: 'not_granted' })
    }
    expect((await send({ disabled: true })).status).toBe(200)
    expect((await send({ disabled: false })).body).toMatchObject({ status: 403 })
    await world.must('clients.create', { body: { ...APP, id: 'plain', token: { enabled: false } } })
    const plain = (body: object) => world.call('clients.update', { params: { id: 'plain' }, body, key: low })
    expect((await plain({ name: 'Plain' })).status).toBe(200)
    expect((await plain({ token: { enabled: true } })).body).toMatchObject({ status: 403 })
  })
  it('404 not_found for an id that no application has', () => expectNotFound('clients.update', {}))
  it('422 insecure_upstream with logout at an address that its network does not reach', async () => {
    const { body } = await update({ openid: { backchannel_logout_uri: 'https://10.0.0.7/' } })
    expect(body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    expect((await world.must('clients.get', { params })).openid).toBeNull()
  })

  refusals(
    'clients.update',
    () => world,
    () => ({ params, body: { name: 'Shop' } }),
    [
      ['no address left', { redirect_uris: [] }, 'redirect_uris'],
      ['a wildcard', { redirect_uris: ['https://*.example.org/'] }, 'redirect_uris.0'],
      ['a group that is not there', { allow: { groups: ['zoo'] } }, 'allow.groups.0'],
      ['another id', { id: 'other' }, 'id'],
      ['a client_id', { client_id: 'other' }, 'client_id'],
      ['the time of disabling', { disabled_at: null }, 'disabled_at'],
      ['a role without a name', { roles: [{ group: 'staff', role: '' }] }, 'roles.0.role'],
    ],
  )
})

describe('clients.rotate', () => {
  it('200 with a new secret; the old one ends when it was told to', async () => {
    const made = await world.must('clients.create', { body: { ...APP, id: 'rotated', token: { enabled: false } } })
    const { status, body } = await world.call('clients.rotate', {
      params: { id: 'rotated' },
      body: { overlap_s: 60 },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ client_id: 'rotated', client_secret: expect.stringMatching(/^ocs_.{43}$/) })
    expect(body.client_secret).not.toBe(made.client_secret)
    const ends = secretsOf('rotated').map(({ expires_at }) => expires_at)
    expect(ends).toHaveLength(2)
    expect(ends).toContain(null)
    const { items } = await world.must('events.list', { query: { subject: 'client:rotated', limit: '1' } })
    expect(items).toMatchObject([{ type: 'client.rotated', data: { overlap_s: 60 } }])
  })
  it('D14 secrets are stored as hashes under a key of the vault', async () => {
    const { client_secret } = await world.must('clients.rotate', { params: { id: 'rotated' } })
    expect(JSON.stringify(secretsOf('rotated'))).not.toContain(client_secret.slice(4))
  })
  it('D6 403 for what gets tokens, without *', async () => {
    expect((await world.call('clients.rotate', { ...TOKENS, key: low })).body).toMatchObject({ status: 403 })
    expect((await world.call('clients.rotate', { params: { id: 'rotated' }, key: low })).status).toBe(200)
  })
  it('404 not_found for an id that no application has', () => expectNotFound('clients.rotate'))
  it('409 conflict for one that keeps no secret', async () => {
    await world.must('clients.create', { body: { ...APP, id: 'public', openid: { auth_method: 'none' } } })
    const { body } = await world.call('clients.rotate', { params: { id: 'public' } })
    expect(body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('PKCE') })
    expect(secretsOf('public')).toEqual([])
  })

  refusals(
    'clients.rotate',
    () => world,
    () => ({ params, body: { overlap_s: 0 } }),
    [
      ['an overlap of a year', { overlap_s: 31_536_000 }, 'overlap_s'],
      ['a negative overlap', { overlap_s: -1 }, 'overlap_s'],
    ],
  )
})

describe('what an application names', () => {
  it('409 conflict for the account, the group and the organization that it allows', async () => {
    const allow = { accounts: ['ada'], groups: ['staff'], organizations: ['asso'] }
    await world.must('clients.create', { body: { ...APP, id: 'naming', allow } })
    for (const [name, id] of [
      ['accounts.delete', 'ada'],
      ['groups.delete', 'staff'],
      ['organizations.delete', 'asso'],
    ] as const) {
      const answer = await world.call(name, { params: { id } })
      expect(answer.body, name).toMatchObject({
        status: 409,
        code: 'conflict',
        detail: expect.stringContaining('naming'),
      })
    }
  })
})

describe('clients.delete', () => {
  it('204 with nothing, and it is gone with its secrets; whoever may write applications may end one', async () => {
    const { status, body } = await world.call('clients.delete', { ...TOKENS, key: low })
    expect([status, body]).toEqual([204, undefined])
    expect(secretsOf('tokens')).toEqual([])
    await expectNotFound('clients.get', undefined, 'tokens')
  })
  it('404 not_found for an id that no application has', () => expectNotFound('clients.delete'))

  refusals(
    'clients.delete',
    () => world,
    () => ({ params }),
  )
})

function secretsOf(id: string): { hash: string; expires_at: string | null }[] {
  const folder = world.gate.settings.data_dir
  const file = readdirSync(folder).find((name) => /^octroi.*\.(db|sqlite3?)$/.test(name) && !name.includes('activity'))
  const database = new DatabaseSync(join(folder, file as string), { readOnly: true })
  const rows = database.prepare('select hash, expires_at from client_secrets where client_id = ?').all(id)
  database.close()
  return rows as never
}

async function expectNotFound(name: OperationName, body?: unknown, id = 'nobody'): Promise<void> {
  const answer = await world.call(name, { params: { id }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
