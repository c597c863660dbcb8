import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'
import { delivered, happens, newWebhook, suspend, verified, webhookBody } from '../../test/webhooks/asking.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const none = { params: { id: 'none' } }
const notFound = { status: 404, code: 'not_found' }
const ACCOUNTS = { types: ['account.created'] }
const about = async (more: object = {}) => ({ params: { id: (await newWebhook(world, more)).id as string } })

describe('webhooks.test', () => {
  it('200 and the receiver is told, signed', async () => {
    const { id, secret } = await newWebhook(world)
    const answer = await world.call('webhooks.test', { params: { id } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ ok: true, status: 200, detail: 'The receiver answered 200.', ms: expect.any(Number) })
    const sent = world.upstream.requests.findLast(({ body }) => body.includes(`webhook:${id}`))
    expect(verified(sent, secret)).toMatchObject({
      type: 'webhook.test',
      data: { id: sent?.header('webhook-id'), subject: `webhook:${id}`, data: {} },
    })
    expect((await world.must('webhooks.deliveries', { params: { id } })).items).toEqual([])
  })
  it.each([
    [500, 'The receiver answered 500.'],
    [302, 'The receiver answered 302; redirects are not followed.'],
    [410, 'The receiver answered 410.'],
  ])('200 with what happened: %s, and the webhook stays as it is', async (status, detail) => {
    const hook = await about({ url: `${world.upstream.url}/status/${status}` })
    expect(await world.must('webhooks.test', hook)).toMatchObject({ ok: false, status, detail })
    expect(await world.must('webhooks.get', hook)).toMatchObject({ state: 'active' })
  })
  it('200 with what happened: nobody listens', async () => {
    const hook = await about({ url: 'http://127.0.0.1:9/' })
    const answer = await world.must('webhooks.test', hook)
    expect(answer).toMatchObject({ ok: false, status: null, detail: expect.stringContaining('receiver refuses') })
  })
  it('200 for a disabled one: it is how one tries before enabling', async () => {
    expect(await world.must('webhooks.test', await about({ disabled: true }))).toMatchObject({ ok: true })
  })
  it('409 conflict for a suspended one: a copy sends nothing (D15)', async () => {
    const hook = await about()
    suspend(world, hook.params.id)
    expect((await world.call('webhooks.test', hook)).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('404 not_found', async () => {
    expect((await world.call('webhooks.test', none)).body).toMatchObject(notFound)
  })

  refusals(
    'webhooks.test',
    () => world,
    () => about(),
  )
})

describe('webhooks.deliveries', () => {
  it('200 with what became of each event, newest first', async () => {
    const hook = await about(ACCOUNTS)
    const [first, second] = [await happens(world, hook.params.id), await happens(world, hook.params.id)]
    for (const event of [first, second]) await delivered(world, hook.params.id, event)
    const answer = await world.call('webhooks.deliveries', hook)
    expect(answer.status).toBe(200)
    expect(answer.body.items.map(({ id }: { id: string }) => id)).toEqual([second, first])
    expect(answer.body.items[0]).toEqual({
      id: second,
      type: 'account.created',
      state: 'delivered',
      attempts: 1,
      next_attempt_at: null,
      last_attempt_at: expect.any(String),
      last_status: 200,
      last_error: null,
      created_at: expect.any(String),
      finished_at: expect.any(String),
    })
    const waiting = await world.must('webhooks.deliveries', { ...hook, query: { state: 'waiting' } })
    expect(waiting.items).toEqual([])
  })
  it('200 page by page to the end', async () => {
    const { id } = await newWebhook(world, ACCOUNTS)
    for (const event of [await happens(world, id), await happens(world, id), await happens(world, id)]) {
      await delivered(world, id, event)
    }
    const call: World['call'] = (name, more) => world.call(name, { ...more, params: { id } })
    const must: World['must'] = (name, more) => world.must(name, { ...more, params: { id } })
    await expectPaged({ ...world, call, must }, 'webhooks.deliveries')
  })
  it('404 not_found', async () => {
    expect((await world.call('webhooks.deliveries', none)).body).toMatchObject(notFound)
  })
  it('400 with an unknown state', async () => {
    expectFields(await world.call('webhooks.deliveries', { ...(await about()), query: { state: 'lost' } }), 'state')
  })

  refusals(
    'webhooks.deliveries',
    () => world,
    () => about(),
  )
})

describe('webhooks.replay', () => {
  const once = async (more: object = ACCOUNTS) => {
    const { id, secret } = await newWebhook(world, more)
    const delivery = await happens(world, id)
    return { id, secret, delivery, call: { params: { id, delivery } } }
  }
  it('200 and the receiver is told again, under the same id', async () => {
    const { id, delivery, secret, call } = await once()
    await delivered(world, id, delivery)
    const answer = await world.call('webhooks.replay', call)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ id: delivery, state: 'waiting', attempts: 0, finished_at: null })
    await delivered(world, id, delivery)
    const sent = world.upstream.requests.filter((request) => request.header('webhook-id') === delivery)
    const mine = sent.filter((request) => verified(request, secret) !== undefined)
    expect(mine).toHaveLength(2)
  })
  it('200 for one that waits for its next attempt: it is tried now', async () => {
    const { id, delivery, call } = await once({ ...ACCOUNTS, url: `${world.upstream.url}/status/500` })
    await expect.poll(() => stateOf(id, delivery), { timeout: 10_000 }).toMatchObject({ attempts: 1, last_status: 500 })
    await world.must('webhooks.replay', call)
    await expect.poll(() => stateOf(id, delivery), { timeout: 10_000 }).toMatchObject({ attempts: 2, state: 'waiting' })
  })
  it('409 conflict while the webhook sends nothing', async () => {
    const { id, delivery, call } = await once()
    await delivered(world, id, delivery)
    await world.must('webhooks.update', { params: { id }, body: { disabled: true } })
    expect((await world.call('webhooks.replay', call)).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('404 not_found for the webhook and for the delivery', async () => {
    const { id, delivery } = await once()
    for (const params of [
      { id: 'none', delivery },
      { id, delivery: 'none' },
    ]) {
      expect((await world.call('webhooks.replay', { params })).body).toMatchObject(notFound)
    }
  })
  it('403 without events.read (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['webhooks.write'] })
    expect((await world.call('webhooks.replay', { ...(await once()).call, key })).body.detail).toContain('events.read')
  })
  it('400 with a delivery that is no id', async () => {
    const { id } = await once()
    expectFields(await world.call('webhooks.replay', { params: { id, delivery: 'A B' } }), 'delivery')
  })

  refusals(
    'webhooks.replay',
    () => world,
    async () => (await once()).call,
  )
})

async function stateOf(id: string, delivery: string) {
  const { items } = await world.must('webhooks.deliveries', { params: { id } })
  return items.find((item: { id: string }) => item.id === delivery)
}

describe('the number of webhooks', () => {
  it('409 with more than fifty: each may have four deliveries under way', async () => {
    const { items } = await world.must('webhooks.list', { query: { limit: '200' } })
    for (let i = items.length; i < 50; i++) await world.must('webhooks.create', { body: webhookBody(world) })
    expect((await world.call('webhooks.create', { body: webhookBody(world) })).body).toMatchObject({ status: 409 })
  })
})
