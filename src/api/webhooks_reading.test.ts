import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'
import { delivered, newWebhook, SHAPE, suspend, webhookBody } from '../../test/webhooks/asking.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['a', 'b', 'c']) await world.must('webhooks.create', { body: webhookBody(world, { id }) })
})
afterAll(() => world.stop())

const none = { params: { id: 'none' } }
const notFound = { status: 404, code: 'not_found' }
const about = async (more: object = {}) => ({ params: { id: (await newWebhook(world, more)).id as string } })

describe('webhooks.list', () => {
  it('200 with every webhook and none of their secrets', async () => {
    const { items } = await world.must('webhooks.list')
    expect(items.slice(0, 3)).toEqual(['a', 'b', 'c'].map((id) => ({ ...SHAPE, id })))
  })
  it('200 page by page to the end', () => expectPaged(world, 'webhooks.list'))

  refusals(
    'webhooks.list',
    () => world,
    () => ({}),
  )
})

describe('webhooks.get', () => {
  it('200 with the webhook', async () => {
    expect((await world.call('webhooks.get', { params: { id: 'a' } })).body).toEqual({ ...SHAPE, id: 'a' })
  })
  it('404 not_found', async () => {
    expect((await world.call('webhooks.get', none)).body).toMatchObject(notFound)
  })

  refusals(
    'webhooks.get',
    () => world,
    () => ({ params: { id: 'a' } }),
  )
})

describe('webhooks.delete', () => {
  it('204 and it is gone, and told of nothing more', async () => {
    const hook = await about()
    expect((await world.call('webhooks.delete', hook)).status).toBe(204)
    expect((await world.call('webhooks.get', hook)).status).toBe(404)
    const { items } = await world.must('events.list', { query: { subject: `webhook:${hook.params.id}` } })
    expect(items.map(({ type }: { type: string }) => type)).toEqual(['webhook.deleted', 'webhook.created'])
  })
  it('404 not_found the second time', async () => {
    expect((await world.call('webhooks.delete', none)).body).toMatchObject(notFound)
  })

  refusals(
    'webhooks.delete',
    () => world,
    () => about(),
  )
})

describe('webhooks.rotate', () => {
  it('200 with a new secret, shown this once', async () => {
    const { secret: first, ...hook } = await newWebhook(world)
    const answer = await world.call('webhooks.rotate', { params: { id: hook.id }, body: { overlap_s: 60 } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      ...hook,
      updated_at: answer.body.updated_at,
      secret: expect.stringMatching(/^whsec_/),
    })
    expect(answer.body.secret).not.toBe(first)
  })
  it('200 without a body', async () => {
    expect((await world.call('webhooks.rotate', await about())).status).toBe(200)
  })
  it('200 for a repeated request with its Idempotency-Key, once and without the secret (D13)', async () => {
    const call = { ...(await about()), body: { overlap_s: 60 }, headers: { 'Idempotency-Key': 'rotate-once' } }
    const [first, second] = [await world.call('webhooks.rotate', call), await world.call('webhooks.rotate', call)]
    expect(second.body).toEqual({ ...first.body, secret: undefined })
  })
  it('403 without events.read: the secret vouches for events (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['webhooks.write'] })
    expect((await world.call('webhooks.rotate', { ...(await about()), key })).body.detail).toContain('events.read')
  })
  it('404 not_found', async () => {
    expect((await world.call('webhooks.rotate', none)).body).toMatchObject(notFound)
  })

  refusals(
    'webhooks.rotate',
    () => world,
    async () => ({ ...(await about()), body: {} }),
    [
      ['a negative overlap', { overlap_s: -1 }, 'overlap_s'],
      ['an overlap of more than 30 days', { overlap_s: 30 * 86_400 + 1 }, 'overlap_s'],
    ],
  )
})

describe('webhooks.activate', () => {
  it('200 with a webhook that sends again, its backlog included', async () => {
    const hook = await about({ types: ['account.created'] })
    suspend(world, hook.params.id)
    const { id } = await world.must('accounts.create', { body: { kind: 'service', name: 'While suspended' } })
    const [waiting] = (await world.must('webhooks.deliveries', hook)).items
    expect(waiting).toMatchObject({ type: 'account.created', state: 'suspended', next_attempt_at: null })
    const answer = await world.call('webhooks.activate', hook)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ state: 'active', state_reason: null })
    await delivered(world, hook.params.id, waiting.id)
    const sent = world.upstream.requests.find((request) => request.header('webhook-id') === waiting.id)
    expect(JSON.parse(String(sent?.body)).data.subject).toBe(`account:${id}`)
  })
  it('200 with the backlog given up', async () => {
    const hook = await about({ types: ['account.created'] })
    suspend(world, hook.params.id)
    await world.must('accounts.create', { body: { kind: 'service', name: 'Given up' } })
    await world.must('webhooks.activate', { ...hook, body: { backlog: 'discard' } })
    expect((await world.must('webhooks.deliveries', hook)).items).toMatchObject([{ state: 'cancelled' }])
  })
  it('200 and nothing changed for one that is not suspended', async () => {
    const { secret: _, ...hook } = await newWebhook(world)
    expect(await world.must('webhooks.activate', { params: { id: hook.id } })).toEqual(hook)
  })
  it('403 without events.read (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['webhooks.write'] })
    expect((await world.call('webhooks.activate', { ...(await about()), key })).body.detail).toContain('events.read')
  })
  it('404 not_found', async () => {
    expect((await world.call('webhooks.activate', none)).body).toMatchObject(notFound)
  })
  it('400 with a backlog that is neither', async () => {
    expectFields(await world.call('webhooks.activate', { ...(await about()), body: { backlog: 'x' } }), 'backlog')
  })

  refusals(
    'webhooks.activate',
    () => world,
    async () => ({ ...(await about()), body: {} }),
  )
})
