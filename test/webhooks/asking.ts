import { createHmac } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import type { World } from '../api/world.ts'
import type { ApiAnswer } from '../support/gate.ts'
import type { RecordedRequest } from '../support/loopback.ts'

/** The permissions of a key that may make any webhook. */
export const WRITER = ['webhooks.write', 'webhooks.read', 'events.read', 'connections.write_network']

const NEAR = { allow_private: true, allow_http: true }

/** What every webhook to the service of the world looks like. */
export const SHAPE = {
  id: expect.stringMatching(/^[a-z0-9-]+$/),
  name: 'Receiver',
  url: expect.stringMatching(/\/hook$/),
  types: ['*'],
  network: NEAR,
  state: 'active',
  state_reason: null,
  state_since: expect.any(String),
  created_at: expect.any(String),
  updated_at: expect.any(String),
  created_by: expect.any(String),
}

/** A body that makes a webhook to `/hook` at the service of the world. */
export function webhookBody(world: World, more: object = {}): Record<string, unknown> {
  return { name: 'Receiver', url: `${world.upstream.url}/hook`, network: NEAR, ...more }
}

/** There may be so many and no more: the oldest makes place. */
export async function newWebhook(world: World, more: object = {}): Promise<ApiAnswer['body']> {
  const { items } = await world.must('webhooks.list', { query: { limit: '200' } })
  const oldest = items.sort((a: { created_at: string }, b: { created_at: string }) =>
    a.created_at < b.created_at ? -1 : 1,
  )
  if (items.length > 40) await world.must('webhooks.delete', { params: { id: oldest[0].id } })
  return world.must('webhooks.create', { body: webhookBody(world, more) })
}

/** Something happens that a webhook for `account.created` is told of. The id of the event. */
export async function happens(world: World, webhook: string): Promise<string> {
  await world.must('accounts.create', { body: { kind: 'service', name: 'Something happens' } })
  const { items } = await world.must('webhooks.deliveries', { params: { id: webhook } })
  return items[0].id
}

/** Waits until the receiver has taken the event. */
export async function delivered(world: World, webhook: string, event: string): Promise<void> {
  const states = async () => {
    const { items } = await world.must('webhooks.deliveries', {
      params: { id: webhook },
      query: { state: 'delivered' },
    })
    return items.map(({ id }: { id: string }) => id)
  }
  await expect.poll(states, { timeout: 10_000, interval: 50 }).toContain(event)
}

/** As a restore leaves it. */
export function suspend(world: World, webhook: string): void {
  const database = new DatabaseSync(sqliteFiles(world.gate.settings.data_dir).main, { timeout: 5_000 })
  database.prepare(`update webhooks set state = 'suspended' where id = ?`).run(webhook)
  database.close()
}

/** The message where one of the signatures is right (computed here, by the text of the specification), else `undefined`. */
export function verified(request: RecordedRequest | undefined, secret: string, now = Date.now()): unknown {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    request?.header(name),
  )
  if (Math.abs(now / 1000 - Number(timestamp)) > 300) return undefined
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key)
    .update(`${id}.${timestamp}.`)
    .update(request?.body ?? '')
    .digest('base64')
  const right = (signatures ?? '').split(' ').includes(`v1,${expected}`)
  return right ? JSON.parse(String(request?.body)) : undefined
}

/** Waits until the receiver has taken any event. Its id. */
export async function anyDelivered(world: World, webhook: string): Promise<string> {
  const query = { state: 'delivered' }
  const first = async () => (await world.must('webhooks.deliveries', { params: { id: webhook }, query })).items[0]?.id
  await expect.poll(first, { timeout: 10_000, interval: 50 }).toBeDefined()
  return first()
}
