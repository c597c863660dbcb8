import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'ada' }
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['ada', 'ben']) await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  await world.must('accounts.create', { body: { id: 'eve', kind: 'person', name: 'Eve', email: 'eve@example.org' } })
  await world.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till' } })
})
afterAll(() => world.stop())

const set = (body: object, call: object = {}) => world.call('emails.set', { params, body, ...call })
const told = async () => {
  const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '2' } })
  return items.map(({ type }: { type: string }) => type)
}

describe('emails.set', () => {
  it('200 unverified unless it is said, then verified, and no longer', async () => {
    const address = 'Ada.Lovelace@Example.org'
    const first = await set({ address })
    expect([first.status, first.body]).toEqual([
      200,
      { address, verified_at: null, created_at: expect.stringMatching(/Z$/) },
    ])
    expect((await told())[0]).toBe('account.email_added')
    const verified = (await set({ address, verified: true })).body
    expect(verified).toEqual({ ...first.body, verified_at: expect.stringMatching(/Z$/) })
    expect((await told())[0]).toBe('account.email_verified')
    expect((await set({ address: 'ada.lovelace@example.org' })).body).toEqual({
      ...verified,
      address: 'ada.lovelace@example.org',
    })
    expect((await set({ address, verified: false })).body.verified_at).toBeNull()
    expect((await world.must('emails.list', { params })).items).toHaveLength(1)
  })
  it('409 conflict for an address that another account has verified, and no word of whose it is', async () => {
    await set({ address: 'ben@example.org', verified: true }, { params: { id: 'ben' } })
    const answer = await set({ address: 'BEN@example.org', verified: true })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
    expect(answer.body.detail).not.toMatch(/ben/i)
    expect((await set({ address: 'ben@example.org' })).status).toBe(200)
  })
  it('409 conflict for a service', async () => {
    const answer = await set({ address: 'till@example.org' }, { params: { id: 'till' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('T31 403 without * for saying that one is verified, or giving one that another account has', async () => {
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const low = (body: object) => set(body, { key })
    expect((await low({ address: 'new@example.org', verified: true })).body).toMatchObject({ status: 403 })
    expect((await low({ address: 'EVE@example.org' })).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await low({ address: 'new@example.org' })).status).toBe(200)
    expect((await low({ address: 'new@example.org', verified: true })).body).toMatchObject({ status: 403 })
    await set({ address: 'new@example.org', verified: true })
    expect((await low({ address: 'New@example.org' })).body.verified_at).not.toBeNull()
  })
  it('D6 403 for an account that holds more than the caller', async () => {
    await world.newKey({ account: 'ben', permissions: ['audit.read'] })
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const answer = await set({ address: 'x@example.org' }, { params: { id: 'ben' }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('404 not_found for an account that is not there', () => expectNotFound('emails.set', { address: 'a@b.org' }))

  refusals(
    'emails.set',
    () => world,
    () => ({ params, body: { address: 'good@example.org' } }),
    [
      ['no address', {}, 'address'],
      ['what is no address', { address: 'ada' }, 'address'],
      ['two addresses', { address: 'a@b.org,c@d.org' }, 'address'],
      ['a full-width @', { address: 'a＠b.org' }, 'address'],
      ['a line break', { address: 'a@b.org\nBcc: c@d.org' }, 'address', 'address'],
      ['a text for whether it is verified', { address: 'a@b.org', verified: 'true' }, 'verified'],
      ['when it was verified', { address: 'a@b.org', verified_at: '2026-01-01T00:00:00Z' }, 'verified_at'],
    ],
  )
})

describe('emails.list', () => {
  it('200 with each address', async () => {
    const { status, body } = await world.call('emails.list', { params: { id: 'ben' } })
    expect([status, body]).toMatchObject([200, { items: [{ address: 'ben@example.org' }] }])
  })
  it('404 not_found for an account that is not there', () => expectNotFound('emails.list'))

  refusals(
    'emails.list',
    () => world,
    () => ({ params }),
  )
})

describe('emails.delete', () => {
  const remove = (address: string, call: object = {}) =>
    world.call('emails.delete', { params: { ...params, address }, ...call })
  it('204 however it is written', async () => {
    await set({ address: 'gone@example.org' })
    const { status, body } = await remove('GONE@Example.org')
    expect([status, body]).toEqual([204, undefined])
    expect((await told())[0]).toBe('account.email_removed')
    expect(JSON.stringify(await world.must('emails.list', { params }))).not.toContain('gone@')
  })
  it('404 not_found for one that the account does not have, and for no account', async () => {
    expect((await remove('nobody@example.org')).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await remove('x@example.org', { params: { id: 'nobody', address: 'x@example.org' } })).status).toBe(404)
  })
  it('400 with what is no address', async () => {
    expect((await remove('nobody')).body).toMatchObject({ status: 400, errors: [{ path: 'address' }] })
  })
  it('D6 403 for an account that holds more than the caller', async () => {
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const answer = await remove('x', { params: { id: 'ben', address: 'ben@example.org' }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  refusals(
    'emails.delete',
    () => world,
    () => ({ params: { ...params, address: 'a@example.org' } }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  const answer = await world.call(name, { params: { id: 'nobody' }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}

describe('the address of an account', () => {
  it('T31 is verified where the account has it verified, in every answer, and not by sending that it is', async () => {
    const account = { id: 'mia', kind: 'person', name: 'Mia', email: 'Mia@example.org' }
    expect(await world.must('accounts.create', { body: account })).toMatchObject({ email_verified: false })
    const mia = { params: { id: 'mia' } }
    await world.must('emails.set', { ...mia, body: { address: 'other@example.org', verified: true } })
    expect(await world.must('accounts.get', mia)).toMatchObject({ email_verified: false })
    await world.must('emails.set', { ...mia, body: { address: 'mia@EXAMPLE.org', verified: true } })
    expect(await world.must('accounts.get', mia)).toMatchObject({ email: account.email, email_verified: true })
    const { items } = await world.must('accounts.list')
    expect(items.find(({ id }: { id: string }) => id === 'mia').email_verified).toBe(true)
    const changed = await world.must('accounts.update', { ...mia, body: { email: 'new@example.org' } })
    expect(changed.email_verified).toBe(false)
    const answer = await world.call('accounts.update', { ...mia, body: { email_verified: true } })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'email_verified' }] })
  })
})
