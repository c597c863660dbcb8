import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import {
  PAHEKO_WRITER,
  type Paheko,
  type PahekoCredential,
  type PahekoOptions,
  startPaheko,
} from '../support/paheko.ts'
import { type Posting, type RecycliqueOptions, RecycliqueOutbox } from '../support/recyclique.ts'

/** A reuse shop's machines: Paheko, Octroi in front of it, and a key that may post closings and nothing else. */
export interface Shop {
  readonly paheko: Paheko
  readonly gate: TestGate
  /** `PAHEKO_API_BASE_URL` and `PAHEKO_API_TOKEN`: all that RecyClique is told. */
  readonly baseUrl: string
  readonly token: string
  outbox(options?: Partial<RecycliqueOptions>): RecycliqueOutbox
  /** A raw call through the gate, as RecyClique's key unless another header is given. */
  call(method: string, path: string, options?: { headers?: Record<string, string>; body?: string }): Promise<Response>
  stop(): Promise<void>
}

export interface ShopOptions {
  readonly paheko?: PahekoOptions
  /** Fields of the connection beside its address and secrets. */
  readonly connection?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

export const LOOPBACK_NETWORK = { allow_private: true, allow_http: true }

export async function openShop({
  paheko: pahekoOptions = {},
  connection = {},
  env = {},
}: ShopOptions = {}): Promise<Shop> {
  const paheko = await startPaheko(pahekoOptions)
  const gate = await startTestGate(env)
  await connectPaheko(gate, paheko, connection)
  const token = await keyFor(gate, ['accounting-post'])
  const baseUrl = `${gate.url}/proxy/paheko`
  return {
    paheko,
    gate,
    baseUrl,
    token,
    outbox: (options = {}) => new RecycliqueOutbox({ baseUrl, token, sleep: soon, ...options }),
    call: (method, path, { headers = { authorization: `Bearer ${token}` }, body } = {}) =>
      fetch(`${baseUrl}${path}`, { method, headers, body: body ?? null, redirect: 'manual' }),
    async stop() {
      await gate.stop()
      await paheko.stop()
    },
  }
}

async function connectPaheko(gate: TestGate, paheko: Paheko, more: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = await gate.api('POST', '/connections', {
    id: 'paheko',
    connector: 'paheko',
    settings: { base_url: paheko.url },
    secrets: secretsOf(PAHEKO_WRITER),
    network: LOOPBACK_NETWORK,
    ...more,
  })
  expect(answer.status).toBe(201)
}

export async function keyFor(gate: TestGate, allow: readonly string[], more: object = {}): Promise<string> {
  const grants = [{ connection: 'paheko', allow }]
  const answer = await gate.api('POST', '/keys', { name: 'RecyClique', grants, ...more })
  expect(answer.status).toBe(201)
  return answer.body.key
}

export function secretsOf({ username, password }: PahekoCredential): { username: string; password: string } {
  return { username, password }
}

/** A closing of its own: other ids, other reference, what RecyClique sends for one day at one till. */
export function closing(reference: string = randomUUID()): Posting {
  return {
    idempotencyKey: `closing-${reference}`,
    correlationId: `corr-${reference}`,
    transaction: {
      id_year: 1,
      type: 'REVENUE',
      date: '2026-11-21',
      label: 'Cloture de caisse',
      reference,
      amount: 12.5,
      credit: '707',
      debit: '530',
    },
  }
}

/** Two seconds and more between attempts are RecyClique's; tests keep the order and not the wait. */
export const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

/** The references that Paheko's books hold, oldest first: what was delivered, and how often. */
export function delivered(paheko: Paheko): string[] {
  const accepted = paheko.requests.filter(({ method }) => method === 'POST')
  return accepted.map(({ body }) => JSON.parse(body.toString()).reference as string)
}

/** Until Paheko has that many transactions: a test that waits for a time waits too short on a busy machine. */
export async function written(paheko: Paheko, count: number): Promise<void> {
  for (let i = 0; i < 1_000 && paheko.transactionCount() < count; i++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  expect(paheko.transactionCount()).toBeGreaterThanOrEqual(count)
}

/** Until that many requests reached Paheko. */
export async function reached(paheko: Paheko, count: number): Promise<void> {
  for (let i = 0; i < 1_000 && paheko.requests.length < count; i++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  expect(paheko.requests.length).toBeGreaterThanOrEqual(count)
}

/** A person looks later: the mark of a connection is made in the background of the call that showed the need. */
export async function stateOf(gate: TestGate, wanted: string): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const { body } = await gate.api('GET', '/connections/paheko')
    if (body.state === wanted) return body.state
    await soon()
  }
  return (await gate.api('GET', '/connections/paheko')).body.state
}
