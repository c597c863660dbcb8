import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'ci' }
const KEYS = { keys: [generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })] }
const CI = { issuer: 'https://ci.example.org', jwks: KEYS, audience: 'octroi' }
beforeAll(async () => {
  world = await startWorld()
  await world.must('accounts.create', { body: { id: 'robot', kind: 'service', name: 'Robot' } })
  for (const id of ['z', 'ci', 'a.1']) await world.must('issuers.create', { body: { ...CI, id } })
})
afterAll(() => world.stop())

describe('issuers.list', () => {
  it('200 with every issuer in order of id', async () => {
    const { items } = await world.must('issuers.list')
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['a.1', 'ci', 'z'])
  })
  it('200 page by page to the end', () => expectPaged(world, 'issuers.list'))

  refusals(
    'issuers.list',
    () => world,
    () => ({}),
  )
})

describe('issuers.get', () => {
  it('200 with the issuer', async () => {
    const { status, body } = await world.call('issuers.get', { params })
    expect([status, body]).toMatchObject([200, { ...params, issuer: CI.issuer, jwks: KEYS, audience: ['octroi'] }])
  })
  it('404 not_found for an id that no issuer has', () => expectNotFound('issuers.get'))

  refusals(
    'issuers.get',
    () => world,
    () => ({ params }),
  )
})

describe('issuers.update', () => {
  const update = (body: object) => world.must('issuers.update', { params, body })
  it.each([
    ['name', 'Builds'],
    ['issuer', 'https://builds.example.org'],
    ['audience', ['a', 'b']],
    ['algorithms', ['EdDSA']],
    ['typ', 'at+jwt'],
    ['typ', null],
    ['subject_claim', 'client_id'],
    ['accounts', ['robot']],
    ['accounts', []],
    ['conditions', { ref: ['main'] }],
    ['account', 'robot'],
    ['account', null],
    ['conditions', {}],
    ['clock_skew_s', 5],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('issuers.get', { params })
    const { status, body } = await world.call('issuers.update', { params, body: { [field]: value } })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('issuers.get', { params })).toEqual(body)
    const { items } = await world.must('events.list', { query: { subject: 'issuer:ci', limit: '1' } })
    expect(items).toMatchObject([{ type: 'issuer.updated', data: { fields: [field] } }])
  })
  it('200 with the address of keys in place of keys, and back', async () => {
    const moved = await update({ jwks_uri: 'https://keys.example.org/' })
    expect([moved.jwks, moved.jwks_uri]).toEqual([null, 'https://keys.example.org/'])
    const back = await update({ jwks: KEYS })
    expect([back.jwks, back.jwks_uri]).toEqual([KEYS, null])
  })
  it('200 with a subject in place of the one before, beside the other conditions', async () => {
    await update({ subject_claim: 'sub', conditions: { sub: 'a', ref: 'main' } })
    expect((await update({ subject: ['b', 'c'] })).conditions).toEqual({ sub: ['b', 'c'], ref: ['main'] })
  })
  it('200 disabled and enabled, by the time of the first', async () => {
    const { disabled_at } = await update({ disabled: true })
    expect(disabled_at).toMatch(/Z$/)
    expect((await update({ disabled: true })).disabled_at).toBe(disabled_at)
    expect((await update({ disabled: false })).disabled_at).toBeNull()
  })
  it('200 disabled by whoever may write issuers; the rest takes an administrator (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['issuers.write'] })
    const send = (body: object) => world.call('issuers.update', { params, body, key })
    expect((await send({ disabled: true })).status).toBe(200)
    for (const body of [{ disabled: false }, { disabled: true, name: 'x' }, { audience: 'any' }, {}]) {
      expect((await send(body)).body).toMatchObject({ status: 403, code: 'not_granted' })
    }
    await update({ disabled: false })
  })
  it('409 conflict for all but one at a time: nobody writes over what he did not read', async () => {
    // Each reads it, looks its address up, and only then writes.
    const hosts = Array.from({ length: 20 }, (_, i) => `keys-${i}.example.org`)
    const answers = await Promise.all(
      hosts.map((host) => world.call('issuers.update', { params, body: { jwks_uri: `https://${host}/` } })),
    )
    const codes = answers.map(({ status, body }) => (status === 200 ? 200 : body.code))
    expect([...new Set(codes)].sort()).toEqual([200, 'conflict'])
    const kept = (await world.must('issuers.get', { params })).jwks_uri
    const last = answers.filter(({ body }) => body.jwks_uri === kept)
    expect(last.map(({ status }) => status)).toEqual([200])
    await update({ jwks: KEYS })
  })
  it('422 insecure_upstream for keys at a private address', async () => {
    const answer = await world.call('issuers.update', { params, body: { jwks_uri: 'https://10.0.0.1/' } })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream', errors: [{ path: 'jwks_uri' }] })
  })
  it('422 conditions_required for an account without conditions, and for the last condition of one', async () => {
    await update({ account: null, conditions: {} })
    const fixed = await world.call('issuers.update', { params, body: { account: 'robot' } })
    expect(fixed.body).toMatchObject({ status: 422, code: 'conditions_required' })
    await update({ account: 'robot', subject: 'me' })
    const bare = await world.call('issuers.update', { params, body: { conditions: {} } })
    expect(bare.body).toMatchObject({ status: 422, code: 'conditions_required' })
    await update({ account: null })
  })
  it('404 not_found for an id that no issuer has', () => expectNotFound('issuers.update', {}))

  refusals(
    'issuers.update',
    () => world,
    () => ({ params, body: { name: 'CI' } }),
    [
      ['an empty name', { name: '' }, 'name'],
      ['another id', { id: 'other' }, 'id'],
      ['no keys', { jwks: null }, 'jwks'],
      ['both keys', { jwks: KEYS, jwks_uri: 'https://keys.example.org/' }, 'jwks'],
      ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, 'jwks.keys.0'],
      ['HS256', { algorithms: ['HS256'] }, 'algorithms.0'],
      ['an account that is not there', { account: 'nobody', subject: 'me' }, 'account'],
      ['a network without an address', { network: { allow_private: true } }, 'network'],
      ['the subject said twice', { subject: 'a', conditions: { sub: 'a' }, subject_claim: 'sub' }, 'subject'],
    ],
  )
})

describe('issuers.delete', () => {
  it('204 with nothing', async () => {
    await world.must('issuers.create', { body: { ...CI, id: 'short' } })
    const { status, body } = await world.call('issuers.delete', { params: { id: 'short' } })
    expect([status, body]).toEqual([204, undefined])
    const { items } = await world.must('events.list', { query: { subject: 'issuer:short', limit: '1' } })
    expect(items).toMatchObject([{ type: 'issuer.deleted' }])
  })
  it('404 not_found for an id that no issuer has', () => expectNotFound('issuers.delete'))

  refusals(
    'issuers.delete',
    () => world,
    () => ({ params: { id: 'z' } }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobodys' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
