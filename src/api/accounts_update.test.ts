import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'caisse' }
beforeAll(async () => {
  world = await startWorld()
  await world.must('groups.create', { body: { id: 'shops', name: 'Shops' } })
  await world.must('accounts.create', { body: { ...params, kind: 'service', name: 'Caisse', description: 'First' } })
})
afterAll(() => world.stop())

describe('accounts.update', () => {
  it('200 with what was given changed and nothing else', async () => {
    const before = await world.must('accounts.get', { params })
    const { status, body } = await world.call('accounts.update', { params, body: { name: 'Caisse 1' } })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, name: 'Caisse 1', updated_at: expect.any(String) })
    expect(await world.must('accounts.get', { params })).toEqual(body)
  })
  it('200 with an empty description, which is not the same as none', async () => {
    expect(await world.must('accounts.update', { params, body: { description: '' } })).toMatchObject({
      description: '',
    })
  })
  it.each([
    ['email', 'caisse@example.org'],
    ['email', null],
    ['groups', ['shops']],
    ['groups', []],
    ['grants', [{ connector: 'generic-api-key', allow: ['GET /a'] }]],
    ['grants', []],
    ['certificate_subjects', ['CN=caisse']],
    ['certificate_subjects', []],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('accounts.get', { params })
    const body = await world.must('accounts.update', { params, body: { [field]: value } })
    expect(body).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('accounts.get', { params })).toEqual(body)
  })
  it('200 and an event that names the fields, not what is in them', async () => {
    await world.must('accounts.update', { params, body: { name: 'Told', email: 'a@example.org' } })
    const { items } = await world.must('events.list', { query: { subject: 'account:caisse', limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.updated', data: { fields: ['email', 'name'] } }])
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.update', {}))
  it('409 conflict for the certificate of another account', async () => {
    const other = { id: 'other', kind: 'service', name: 'Other', certificate_subjects: ['CN=other'] }
    await world.must('accounts.create', { body: other })
    const answer = await world.call('accounts.update', { params, body: { certificate_subjects: ['CN=other'] } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })

  refusals(
    'accounts.update',
    () => world,
    () => ({ params, body: { name: 'Caisse' } }),
    [
      ['an empty name', { name: '' }, 'name'],
      ['a name that is null', { name: null }, 'name'],
      ['an over-long description', { description: 'x'.repeat(2_001) }, 'description'],
      ['a tab in the description', { description: 'a\tb' }, 'description'],
      ['an address that is none', { email: 'caisse' }, 'email'],
      ['a group that is not there', { groups: ['zoo'] }, 'groups.0'],
      ['groups that are null', { groups: null }, 'groups'],
      ['a subject that is none', { certificate_subjects: ['caisse'] }, 'certificate_subjects.0'],
      ['a password, which is set by itself', { password: 'correct horse battery' }, 'password'],
      ['another kind', { kind: 'person' }, 'kind'],
    ],
  )
})

describe('accounts.disable', () => {
  it('200 with the time, the same when it is disabled again', async () => {
    const first = await world.call('accounts.disable', { params })
    expect(first.status).toBe(200)
    expect(first.body.disabled_at).toMatch(/Z$/)
    expect((await world.must('accounts.disable', { params })).disabled_at).toBe(first.body.disabled_at)
  })
  it('200, and its keys are unknown from the next request, but those that may outlive their owner', async () => {
    await world.must('accounts.enable', { params })
    const mine = await world.newKey({ account: 'caisse' })
    const lasting = await world.must('keys.create', {
      body: { name: 'Lasting', account: 'caisse', usable_when_owner_inactive: true },
    })
    expect((await world.call('keys.self', { key: mine.key })).status).toBe(200)
    await world.must('accounts.disable', { params })
    expect((await world.call('keys.self', { key: mine.key })).body).toMatchObject({ code: 'unauthenticated' })
    expect((await world.call('keys.self', { key: lasting.key })).status).toBe(200)
    await world.must('accounts.enable', { params })
    expect((await world.call('keys.self', { key: mine.key })).status).toBe(200)
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.disable'))

  refusals(
    'accounts.disable',
    () => world,
    () => ({ params }),
  )
  it('400 with a body, which it does not take', async () => {
    const answer = await world.call('accounts.disable', { params, body: { until: 'tomorrow' } })
    expect(answer.body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'until' }] })
  })
})

describe('accounts.enable', () => {
  it('200 with no time of disabling', async () => {
    await world.must('accounts.disable', { params })
    const { status, body } = await world.call('accounts.enable', { params })
    expect([status, body.disabled_at]).toEqual([200, null])
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.enable'))

  refusals(
    'accounts.enable',
    () => world,
    () => ({ params }),
  )
})

describe('accounts.delete', () => {
  it('204 with nothing, and its revoked keys are gone with it', async () => {
    await world.must('accounts.create', { body: { id: 'short', kind: 'service', name: 'Short' } })
    const { id } = await world.newKey({ account: 'short' })
    await world.must('keys.revoke', { params: { id } })
    const { status, body } = await world.call('accounts.delete', { params: { id: 'short' } })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('keys.get', { params: { id } })).status).toBe(404)
    expect((await world.call('accounts.get', { params: { id: 'short' } })).status).toBe(404)
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.delete'))
  it.each([
    ['route', { host: 'named.example.org', path: '/', accept: { any: ['api_key'] }, allow: { accounts: ['named'] } }],
    ['issuer', { issuer: 'https://one.example.org', jwks_uri: 'https://one.example.org/keys', accounts: ['named'] }],
    ['issuer', { issuer: 'x', jwks_uri: 'https://two.example.org/keys', account: 'named', subject: 'me' }],
  ])('409 conflict while a %s names it: another of the same id would be taken for it', async (noun, fields) => {
    await world.must('accounts.create', { body: { id: 'named', kind: 'service', name: 'Named' } })
    const body = { id: 'naming', ...fields, ...(noun === 'issuer' ? { audience: 'octroi' } : {}) }
    await world.must(`${noun}s.create` as OperationName, { body })
    const answer = await world.call('accounts.delete', { params: { id: 'named' } })
    const detail = expect.stringContaining(`the ${noun} naming`)
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail })
    await world.must(`${noun}s.delete` as OperationName, { params: { id: 'naming' } })
    expect((await world.call('accounts.delete', { params: { id: 'named' } })).status).toBe(204)
  })
  it('409 conflict while a live key belongs to it', async () => {
    const answer = await world.call('accounts.delete', { params: { id: 'administrator' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })

  refusals(
    'accounts.delete',
    () => world,
    () => ({ params }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
