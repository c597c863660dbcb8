import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPasskey, addRecoveryCode, addSession, addTotp } from '../../test/api/people.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'ada' }
/** As authenticators draw them: longer than an id of ours, with capitals. */
const PASSKEY = `${'Zz0-_'.repeat(20)}A`
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['ada', 'ben', 'eve'])
    await world.must('accounts.create', { body: { id, kind: 'person', name: id } })
  for (const hash of ['canary-a', 'canary-b']) addRecoveryCode(world, 'ada', hash)
  addTotp(world, 'totp1', 'ada')
  addPasskey(world, PASSKEY, 'ada')
  addTotp(world, 'totp2', 'ben')
})
afterAll(() => world.stop())

const remove = (factor: string, call: object = {}) =>
  world.call('factors.delete', { params: { ...params, factor }, ...call })
const gone = async (id: string) => (await world.call('sessions.get', { params: { id } })).status === 404

describe('factors.list', () => {
  it('200 with passkeys, authenticator apps and how many recovery codes are left, and no secret of any', async () => {
    const { status, body } = await world.call('factors.list', { params })
    expect([status, body]).toEqual([
      200,
      {
        passkeys: [
          { id: PASSKEY, name: 'Laptop', backed_up: true, created_at: expect.any(String), last_used_at: null },
        ],
        totp: [{ id: 'totp1', name: 'Phone', confirmed_at: expect.any(String), created_at: expect.any(String) }],
        recovery_codes: 2,
      },
    ])
    expect(JSON.stringify(body)).not.toMatch(/canary|key"|sealed/)
  })
  it('404 not_found for an account that is not there', async () => {
    const answer = await world.call('factors.list', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'factors.list',
    () => world,
    () => ({ params }),
  )
})

describe('factors.delete', () => {
  it('204, sessions end, and with the last one the recovery codes go', async () => {
    addSession(world, 's1', 'ada')
    expect((await remove(PASSKEY)).status).toBe(204)
    expect(await gone('s1')).toBe(true)
    expect(await world.must('factors.list', { params })).toMatchObject({ passkeys: [], recovery_codes: 2 })
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '2' } })
    expect(items).toHaveLength(2)
    expect(items.map(({ type, data }: { type: string; data: object }) => [type, data])).toEqual(
      expect.arrayContaining([
        ['account.factor_removed', { factor: 'passkey', by: 'administrator' }],
        ['session.ended', { sessions: 1, why: 'factors_changed' }],
      ]),
    )
    addSession(world, 's2', 'ada')
    expect((await remove('totp1', { query: { sessions: 'keep' } })).status).toBe(204)
    expect(await gone('s2')).toBe(false)
    expect(await world.must('factors.list', { params })).toEqual({ passkeys: [], totp: [], recovery_codes: 0 })
  })
  it('404 not_found for one of another account, and for none', async () => {
    for (const factor of ['totp2', 'nobody', PASSKEY]) {
      expect((await remove(factor)).body).toMatchObject({ status: 404, code: 'not_found' })
    }
    expect((await world.must('factors.list', { params: { id: 'ben' } })).totp).toHaveLength(1)
  })
  it('400 with what is no id of a factor, or another word for the sessions', async () => {
    expect((await remove('a b')).body).toMatchObject({ status: 400, errors: [{ path: 'factor' }] })
    expect((await remove('x', { query: { sessions: 'maybe' } })).body).toMatchObject({ errors: [{ path: 'sessions' }] })
  })
  it('D6 403 for an account that holds more than the caller: its password alone would open it', async () => {
    addTotp(world, 'totp3', 'eve')
    await world.newKey({ account: 'eve', permissions: ['audit.read'] })
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const answer = await remove('totp3', { params: { id: 'eve', factor: 'totp3' }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  refusals(
    'factors.delete',
    () => world,
    () => ({ params: { ...params, factor: 'any' } }),
  )
})
