import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addSession } from '../../test/api/people.ts'
import { refusals } from '../../test/api/refusals.ts'
import { LDAP, OIDC } from '../../test/api/sign_in_methods.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'ada' }
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['ada', 'ben']) await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  await world.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till' } })
  await world.must('sign-in-methods.create', { body: { ...OIDC, id: 'corp' } })
  await world.must('sign-in-methods.create', { body: { ...LDAP, id: 'directory' } })
  const proconnect = { ...OIDC, id: 'proconnect', settings: { preset: 'proconnect', client_id: 'c' } }
  await world.must('sign-in-methods.create', { body: proconnect })
})
afterAll(() => world.stop())

let drawn = 0
const create = (more: object = {}, call: object = {}) => {
  const body = { method: 'corp', subject: `sub-${++drawn}`, ...more }
  return world.call('identities.create', { params, body, ...call })
}

describe('identities.create', () => {
  it('201 with the issuer of the method', async () => {
    const answer = await create({ subject: 'Sub-ADA', label: 'Ada L.' })
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[a-z0-9]{16}$/),
        account: 'ada',
        issuer: OIDC.settings.issuer,
        subject: 'Sub-ADA',
        method: 'corp',
        label: 'Ada L.',
        created_at: expect.stringMatching(/Z$/),
        last_used_at: null,
      },
    ])
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.linked', data: { identity: answer.body.id, by: 'administrator' } }])
    expect(JSON.stringify(items)).not.toContain('Sub-ADA')
  })
  it('201 with the issuer instead of the method, of a directory, and of a preset', async () => {
    const by = async (more: object) => {
      const { issuer, method } = (await create({ method: undefined, ...more })).body
      return [method, issuer]
    }
    expect(await by({ issuer: OIDC.settings.issuer })).toEqual(['corp', OIDC.settings.issuer])
    expect(await by({ method: 'directory' })).toEqual(['directory', 'ldap:directory'])
    expect(await by({ method: 'proconnect' })).toEqual(['proconnect', 'https://auth.agentconnect.gouv.fr/api/v2'])
  })
  it('B-40 409 conflict for an identity that an account has: it is not taken from it', async () => {
    await create({ subject: 'once' })
    const answer = await create({ subject: 'once' }, { params: { id: 'ben' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
    expect(answer.body.detail).not.toContain('ada')
  })
  it('409 conflict for a service, which never signs in', async () => {
    expect((await create({}, { params: { id: 'till' } })).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('D6 403 without *: who has the identity becomes the account', async () => {
    const { key } = await world.newKey({ permissions: ['accounts.write', 'accounts.read'] })
    expect((await create({}, { key })).body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('404 not_found for an account that is not there', () =>
    expectNotFound('identities.create', { method: 'corp', subject: 'x' }))

  refusals(
    'identities.create',
    () => world,
    () => ({ params, body: { method: 'corp', subject: `good-${++drawn}` } }),
    [
      ['neither method nor issuer', { subject: 'x' }, 'method'],
      ['both', { method: 'corp', issuer: 'https://a.b', subject: 'x' }, 'method'],
      ['no subject', { method: 'corp' }, 'subject'],
      ['an empty subject', { method: 'corp', subject: '' }, 'subject'],
      ['a line break in the subject', { method: 'corp', subject: 'a\nb' }, 'subject'],
      ['a method that is not there', { method: 'nobody', subject: 'x' }, 'method'],
      ['a method that vouches for nobody', { method: 'password', subject: 'x' }, 'method'],
      ['an issuer of no method', { issuer: 'https://other.example.org', subject: 'x' }, 'issuer'],
      ['when it was last used', { method: 'corp', subject: 'x', last_used_at: null }, 'last_used_at'],
    ],
  )
})

describe('identities.list', () => {
  it('200 with each, in the order in which they came', async () => {
    const { status, body } = await world.call('identities.list', { params })
    expect(status).toBe(200)
    expect(body.items[0]).toMatchObject({ account: 'ada', subject: 'Sub-ADA' })
    expect((await world.must('identities.list', { params: { id: 'till' } })).items).toEqual([])
  })
  it('404 not_found for an account that is not there', () => expectNotFound('identities.list'))

  refusals(
    'identities.list',
    () => world,
    () => ({ params }),
  )
})

describe('identities.delete', () => {
  it('204, and whoever came in by it is signed out', async () => {
    const identity = (await create()).body.id
    addSession(world, 'by-it', 'ada', { method: 'corp' })
    const { status, body } = await world.call('identities.delete', { params: { ...params, identity } })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('sessions.get', { params: { id: 'by-it' } })).status).toBe(404)
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '2' } })
    const told = items.find(({ type }: { type: string }) => type === 'account.unlinked')
    expect(told.data).toMatchObject({ identity, method: 'corp' })
  })
  it('404 not_found for one of another account, and for none', async () => {
    const identity = (await create()).body.id
    for (const wrong of [
      { id: 'ben', identity },
      { id: 'ada', identity: 'nobody' },
      { id: 'nobody', identity },
    ]) {
      expect((await world.call('identities.delete', { params: wrong })).body).toMatchObject({ code: 'not_found' })
    }
    expect(JSON.stringify(await world.must('identities.list', { params }))).toContain(identity)
  })
  it('D6 403 for an account that holds more than the caller', async () => {
    const identity = (await create({}, { params: { id: 'ben' } })).body.id
    await world.newKey({ account: 'ben', permissions: ['audit.read'] })
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const answer = await world.call('identities.delete', { params: { id: 'ben', identity }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  refusals(
    'identities.delete',
    () => world,
    () => ({ params: { ...params, identity: 'any' } }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
