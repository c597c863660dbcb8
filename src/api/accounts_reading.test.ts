import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['b', 'a', 'c-1', 'c.2']) {
    await world.must('accounts.create', { body: { id, kind: 'service', name: `Account ${id}` } })
  }
})
afterAll(() => world.stop())

describe('accounts.list', () => {
  it('200 with every account in order of id', async () => {
    const { items, next_cursor } = await world.must('accounts.list')
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['a', 'administrator', 'b', 'c-1', 'c.2'])
    expect(next_cursor).toBeNull()
  })
  it('200 page by page to the end', () => expectPaged(world, 'accounts.list'))

  refusals(
    'accounts.list',
    () => world,
    () => ({}),
  )
})

describe('accounts.get', () => {
  it('200 with the account', async () => {
    const { status, body } = await world.call('accounts.get', { params: { id: 'administrator' } })
    expect(status).toBe(200)
    expect(body).toEqual({
      id: 'administrator',
      kind: 'service',
      name: 'Administrator',
      description: 'Made by octroi init',
      email: null,
      email_verified: false,
      groups: [],
      grants: [],
      certificate_subjects: [],
      has_password: false,
      disabled_at: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
  })
  it('404 not_found for an id that no account has', async () => {
    const answer = await world.call('accounts.get', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'accounts.get',
    () => world,
    () => ({ params: { id: 'a' } }),
  )
})
