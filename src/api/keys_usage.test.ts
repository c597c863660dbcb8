import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, type NewKey, startWorld, type World } from '../../test/api/world.ts'

let world: World
let connection: string
let used: NewKey
beforeAll(async () => {
  world = await startWorld()
  connection = await world.newConnection()
  used = await caller()
})
afterAll(() => world.stop())

const caller = () => world.newKey({ grants: [{ connection, allow: ['GET /status/200'] }] })
const through = async (key: string, path = '/status/200') =>
  (await fetch(`${world.gate.url}/proxy/${connection}${path}`, { headers: { 'api-key': key } })).status

const today = () => new Date().toISOString().slice(0, 10)
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)

describe('keys.usage', () => {
  it('200 with the calls of today, those refused apart', async () => {
    const { id, key } = await caller()
    for (let i = 0; i < 3; i++) expect(await through(key)).toBe(200)
    expect(await through(key, '/not-granted')).toBe(403)
    expect((await world.call('keys.list', { key })).status).toBe(403)
    expect(await world.must('keys.usage', { params: { id } })).toEqual({
      from: daysAgo(29),
      to: today(),
      calls: 5,
      refused: 2,
      days: [{ day: today(), calls: 5, refused: 2 }],
    })
  })
  it('200 with what the service refused counted as calls', async () => {
    const { id, key } = await world.newKey({ grants: [{ connection, allow: ['GET /**'] }] })
    expect(await through(key, '/status/404')).toBe(404)
    expect(await world.must('keys.usage', { params: { id } })).toMatchObject({ calls: 1, refused: 0 })
  })
  it('200 with nothing for a key that was not used, and for days on which it was not', async () => {
    const { id } = await caller()
    expect((await world.must('keys.usage', { params: { id } })).days).toEqual([])
    const query = { from: '2020-01-01', to: '2020-12-31' }
    await through(used.key)
    expect(await world.must('keys.usage', { params: { id: used.id }, query })).toEqual({
      ...query,
      calls: 0,
      refused: 0,
      days: [],
    })
  })
  it('200 with the secret before and after a rotation counted together', async () => {
    const { id, key } = await caller()
    await through(key)
    await through((await world.must('keys.rotate', { params: { id }, body: { overlap_s: 60 } })).key)
    expect((await world.must('keys.usage', { params: { id } })).calls).toBe(2)
  })
  it('400 for days that are none, in the wrong order or too many', async () => {
    const of = (query: Record<string, string>) => world.call('keys.usage', { params: { id: used.id }, query })
    expectFields(await of({ from: '2026-02-30' }), 'from')
    expectFields(await of({ to: 'today' }), 'to')
    expectFields(await of({ from: '2026-02-02', to: '2026-02-01' }), 'from')
    expectFields(await of({ from: '2016-01-01', to: '2026-01-01' }), 'from')
  })
  it('404 not_found', async () => {
    const answer = await world.call('keys.usage', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  refusals(
    'keys.usage',
    () => world,
    () => ({ params: { id: used.id } }),
  )
})

describe('keys-self.usage', () => {
  it('200 for any key, of itself alone', async () => {
    const { key } = await caller()
    const first = await world.must('keys-self.usage', { key })
    expect([first.calls, first.to]).toEqual([0, today()])
    await through(used.key)
    await through(key)
    expect((await world.must('keys-self.usage', { key })).calls).toBe(1)
  })
  refusals(
    'keys-self.usage',
    () => world,
    () => ({}),
  )
})
