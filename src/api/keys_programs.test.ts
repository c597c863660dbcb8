import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'

/** What keys have for programs: groups, a name by which the environment provides their secret, a life apart from their owner's. */

const PROVIDED = 'provided-by-the-environment-1'
const OTHER = 'provided-by-the-environment-2'

let world: World
beforeAll(async () => {
  const text = `[api_key_till_1]\nkey = ${PROVIDED}\n[api_key_till_2]\nkey = ${OTHER}\n`
  world = await startWorld({ OCTROI_KEYS: text, OCTROI_KEYS_OUTLIVE_OWNER: 'true' })
  for (const id of ['shops', 'tills']) await world.must('groups.create', { body: { id, name: id } })
  await world.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till', groups: ['tills'] } })
})
afterAll(() => world.stop())

let made = 0
const newKey = (more: object = {}) => world.must('keys.create', { body: { name: `Key ${++made}`, ...more } })

describe('groups of a key', () => {
  it.each([
    ['none of its own: those of its account', undefined, null],
    ['null: those of its account', null, null],
    ['an empty list: none', [], []],
    ['a list: exactly these, as a set', ['shops', 'shops'], ['shops']],
  ])('201 with %s', async (_, groups, kept) => {
    const { id, ...key } = await newKey({ account: 'till', ...(groups === undefined ? {} : { groups }) })
    expect(key.groups).toEqual(kept)
    expect((await world.must('keys.get', { params: { id } })).groups).toEqual(kept)
    expect((await world.must('keys.self', { key: key.key })).groups).toEqual(kept)
  })
  it('400 with one that is not there, by its place', async () => {
    const answer = await world.call('keys.create', { body: { name: 'x', groups: ['tills', 'zoo'] } })
    expectFields(answer, 'groups.1')
    expect(answer.body.detail).toContain('groups.1: there is no group zoo')
  })
})

describe('a revoked key', () => {
  it('leaves its groups and its tech_name to others', async () => {
    await world.must('groups.create', { body: { id: 'season', name: 'Season' } })
    const { id } = await newKey({ groups: ['season'], tech_name: 'summer' })
    expect((await world.call('groups.delete', { params: { id: 'season' } })).status).toBe(409)
    await world.must('keys.revoke', { params: { id } })
    await world.must('groups.delete', { params: { id: 'season' } })
    expect((await newKey({ tech_name: 'summer' })).tech_name).toBe('summer')
  })
})

describe('a key whose secret the environment provides', () => {
  let id: string
  let stored: string
  beforeAll(async () => {
    const key = await newKey({ account: 'till', tech_name: 'till_1' })
    expect(key.warnings).toEqual([expect.stringMatching(/^tech_name: .*till_1/)])
    id = key.id
    stored = key.key
  })
  const statusOf = async (key: string) => (await world.call('keys.self', { key })).status

  it('says so wherever it is read, and others do not', async () => {
    const key = await world.must('keys.get', { params: { id } })
    expect([key.provided, key.tech_name]).toEqual([true, 'till_1'])
    const { items } = await world.must('keys.list', { query: { account: 'till' } })
    const provided = items.filter((item: { provided: boolean }) => item.provided)
    expect(provided.map((item: { id: string }) => item.id)).toEqual([id])
    expect((await newKey({ tech_name: 'not-in-the-environment' })).provided).toBe(false)
  })
  it('works by the provided secret and not by the stored one', async () => {
    expect([await statusOf(PROVIDED), await statusOf(stored)]).toEqual([200, 401])
  })
  it('409 when it is rotated: the secret is changed where it comes from', async () => {
    const answer = await world.call('keys.rotate', { params: { id } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
    expect([await statusOf(PROVIDED), await statusOf(stored)]).toEqual([200, 401])
  })
  it('200 when it is changed, for all but the secret is the store’s', async () => {
    await world.must('keys.update', { params: { id }, body: { disabled: true } })
    expect(await statusOf(PROVIDED)).toBe(401)
    await world.must('keys.update', { params: { id }, body: { disabled: false } })
    expect(await statusOf(PROVIDED)).toBe(200)
  })
  it('409 for the same name again, and for the same secret under another name', async () => {
    for (const [name, body] of [
      ['keys.create', { name: 'Again', tech_name: 'till_1' }],
      ['keys.import', { name: 'Again', tech_name: 'till_1', secret: 'imported-elsewhere-0123456789' }],
      ['keys.import', { name: 'Same', secret: OTHER }],
      ['keys.import', { name: 'Same', tech_name: 'till_3', secret: OTHER }],
    ] as const) {
      expect((await world.call(name, { body })).body, JSON.stringify(body)).toMatchObject({ status: 409 })
    }
    expect((await world.call('keys.import', { body: { name: 'x', tech_name: 'till_2', secret: OTHER } })).status).toBe(
      201,
    )
  })
})

describe('usable_when_owner_inactive', () => {
  it('is what the installation says where a key does not, from then on', async () => {
    const [usual, short] = [await newKey(), await newKey({ usable_when_owner_inactive: false })]
    expect([usual.usable_when_owner_inactive, short.usable_when_owner_inactive]).toEqual([true, false])
    await world.gate.restart({ OCTROI_KEYS_OUTLIVE_OWNER: 'false' })
    expect((await newKey()).usable_when_owner_inactive).toBe(false)
    const kept = await world.must('keys.get', { params: { id: usual.id } })
    expect(kept.usable_when_owner_inactive).toBe(true)
  })
})
