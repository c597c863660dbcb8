import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'till' }
beforeAll(async () => {
  world = await startWorld()
  await world.must('accounts.create', { body: { ...params, kind: 'service', name: 'Till' } })
  await world.must('accounts.create', { body: { id: 'ada', kind: 'person', name: 'Ada' } })
})
afterAll(() => world.stop())

const PASSWORD = 'correct horse battery'

/** What the door says to this account and password: an account that is known is told that the management API takes keys only. */
async function door(password: string, id = 'till') {
  const authorization = `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`
  return (await world.call('keys.self', { key: null, headers: { authorization } })).body.code
}

describe('accounts.set_password', () => {
  it('200 with the account, and no password that was given', async () => {
    const { status, body } = await world.call('accounts.set_password', { params, body: { password: PASSWORD } })
    expect([status, body.password, body.has_password]).toEqual([200, null, true])
    expect((await world.must('accounts.get', { params })).has_password).toBe(true)
    expect(await door(PASSWORD)).toBe('not_granted')
  })
  it('200 with a secret that is made here, shown this once, and the one before it ends at once', async () => {
    await world.must('accounts.set_password', { params, body: { password: PASSWORD } })
    const { password, ...account } = await world.must('accounts.set_password', { params })
    expect(password).toMatch(/^[0-9a-f]{48}$/)
    expect(account).toEqual(await world.must('accounts.get', { params }))
    expect([await door(password), await door(PASSWORD)]).toEqual(['not_granted', 'unauthenticated'])
  })
  it('200 twice with the same Idempotency-Key: set once, shown once (D13)', async () => {
    const headers = { 'Idempotency-Key': 'password-once' }
    const first = await world.must('accounts.set_password', { params, headers })
    const second = await world.must('accounts.set_password', { params, headers })
    expect(second).not.toHaveProperty('password')
    expect(await door(first.password)).toBe('not_granted')
  })
  it('200 with a password of any letters, however they are composed', async () => {
    await world.must('accounts.set_password', { params, body: { password: 'caf\u00e9 et th\u00e9 \u{1f375}' } })
    expect(await door('cafe\u0301 et the\u0301 \u{1f375}')).toBe('not_granted')
  })
  it('200 and an event without the password', async () => {
    await world.must('accounts.set_password', { params, body: { password: PASSWORD } })
    const { items } = await world.must('events.list', { query: { subject: 'account:till', limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.password_changed', data: { has_password: true } }])
    expect(JSON.stringify(items)).not.toContain(PASSWORD)
  })
  it('200 for a person, with one that keeps the rules of sign-in; none is made', async () => {
    const of = (body?: object) => world.call('accounts.set_password', { params: { id: 'ada' }, body })
    expect((await of({ password: PASSWORD })).body).toMatchObject({ has_password: true, password: null })
    expect((await of()).body).toMatchObject({ status: 400, errors: [{ path: 'password' }] })
    for (const password of ['iloveyou', 'ADA-.-.-.'])
      expect((await of({ password })).body).toMatchObject({ status: 400, errors: [{ path: 'password' }] })
  })
  it('400 for one that is too short or too long, in words that say the length', async () => {
    const said = async (password: string) =>
      (await world.call('accounts.set_password', { params, body: { password } })).body.errors
    expect(await said('1234567')).toEqual([{ path: 'password', message: 'must have at least 8 characters' }])
    expect(await said('x'.repeat(513))).toEqual([{ path: 'password', message: 'must have at most 512 characters' }])
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.set_password'))

  refusals(
    'accounts.set_password',
    () => world,
    () => ({ params, body: { password: PASSWORD } }),
    [
      ['a password of 7 characters', { password: 'x'.repeat(7) }, 'password'],
      ['a password of 513 characters', { password: 'x'.repeat(513) }, 'password'],
      ['a password that is a number', { password: 123456789012 }, 'password'],
      ['a NUL in the password', { password: 'correct horse\u0000' }, 'password'],
    ],
  )
})

describe('accounts.delete_password', () => {
  it('204 and it does not work from the next request, also when there is none', async () => {
    await world.must('accounts.set_password', { params, body: { password: PASSWORD } })
    const { status, body } = await world.call('accounts.delete_password', { params })
    expect([status, body, await door(PASSWORD)]).toEqual([204, undefined, 'unauthenticated'])
    expect((await world.must('accounts.get', { params })).has_password).toBe(false)
    expect((await world.call('accounts.delete_password', { params })).status).toBe(204)
  })
  it('204 and an event', async () => {
    await world.must('accounts.delete_password', { params })
    const { items } = await world.must('events.list', { query: { subject: 'account:till', limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.password_changed', data: { has_password: false } }])
  })
  it('404 not_found for an id that no account has', () => expectNotFound('accounts.delete_password'))

  refusals(
    'accounts.delete_password',
    () => world,
    () => ({ params }),
  )
})

async function expectNotFound(name: OperationName): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' } })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}
