import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_READER, PAHEKO_WRITER, type Paheko, startPaheko } from './paheko.ts'
import { backoffMs, classify, type RecycliqueOptions, RecycliqueOutbox } from './recyclique.ts'
import { startUpstream } from './upstream.ts'

const POSTING = {
  idempotencyKey: 'closing-42',
  correlationId: 'corr-42',
  transaction: {
    id_year: 1,
    type: 'REVENUE',
    date: '2026-11-21',
    label: 'Cloture de caisse',
    reference: 'CAISSE-42',
    amount: 12.5,
    credit: '707',
    debit: '530',
  },
}

let paheko: Paheko
beforeEach(async () => {
  paheko = await startPaheko()
})
afterEach(() => paheko.stop())

const login = { user: PAHEKO_WRITER.username, password: PAHEKO_WRITER.password }

function outbox(options: Partial<RecycliqueOptions> = {}): RecycliqueOutbox {
  return new RecycliqueOutbox({ baseUrl: paheko.url, sleep: async () => {}, ...options })
}

/** Answers these statuses in turn; null is no answer. */
function answering(...statuses: (number | null)[]): typeof fetch {
  return async () => {
    const status = statuses.shift()
    if (status == null) throw new TypeError('fetch failed')
    return new Response(status === 204 ? null : `answer ${status}`, { status })
  }
}

describe('what is sent', () => {
  it('Basic with a user and a password, whether or not a token is set', async () => {
    const delivery = await outbox({ ...login, token: 'unused' }).deliver(POSTING)
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 200 })
    expect(JSON.parse(delivery.lastBody).lines[0].credit).toBe(1250)
    expect(paheko.requests[0]?.header('authorization')).toMatch(/^Basic /)
  })

  it('Bearer with a token alone, which Paheko itself refuses', async () => {
    const delivery = await outbox({ token: 'oct_key_abcdefgh_0123456789' }).deliver(POSTING)
    expect(delivery).toMatchObject({ state: 'quarantined', attempts: 1, lastStatus: 401 })
    expect(paheko.requests[0]?.header('authorization')).toBe('Bearer oct_key_abcdefgh_0123456789')
  })

  it('one POST to api/accounting/transaction under the base URL, with both ids', async () => {
    const upstream = await startUpstream()
    await outbox({ baseUrl: `${upstream.url}/proxy/paheko/`, token: 't' }).deliver(POSTING)
    expect(upstream.requests).toHaveLength(1)
    const [request] = upstream.requests
    expect([request?.method, request?.url]).toEqual(['POST', '/proxy/paheko/api/accounting/transaction'])
    expect(request?.header('idempotency-key')).toBe('closing-42')
    expect(request?.header('x-correlation-id')).toBe('corr-42')
    expect(JSON.parse(String(request?.body))).toEqual(POSTING.transaction)
    await upstream.stop()
  })
})

describe('what becomes of the posting', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [409, 'delivered'],
    [302, 'failed'],
    [308, 'failed'],
    [400, 'quarantined'],
    [401, 'quarantined'],
    [403, 'quarantined'],
    [404, 'quarantined'],
    [422, 'quarantined'],
    [408, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
    [null, 'retry'],
  ] as const)('%s: %s', (status, verdict) => {
    expect(classify(status)).toBe(verdict)
  })

  it('a wrong password quarantines at once', async () => {
    const delivery = await outbox({ ...login, password: 'wrong' }).deliver(POSTING)
    expect(delivery).toMatchObject({ state: 'quarantined', attempts: 1, lastStatus: 403 })
  })

  it('a level too low quarantines at once', async () => {
    const { username: user, password } = PAHEKO_READER
    expect(await outbox({ user, password }).deliver(POSTING)).toMatchObject({ state: 'quarantined', lastStatus: 403 })
  })

  it('a Paheko that is down is tried again until it is up', async () => {
    await paheko.down()
    const slept: number[] = []
    const sleep = async (ms: number) => {
      if (slept.push(ms) === 3) await paheko.up()
    }
    expect(await outbox({ ...login, sleep }).deliver(POSTING)).toMatchObject({ state: 'delivered', attempts: 4 })
    expect(slept).toEqual([2000, 4000, 8000])
    expect(paheko.transactionCount()).toBe(1)
  })

  it('a locked database is tried again: two outboxes at once both deliver', async () => {
    const sleep = () => new Promise((resolve) => setTimeout(resolve, 20))
    const deliveries = await Promise.all([1, 2].map(() => outbox({ ...login, sleep }).deliver(POSTING)))
    expect(deliveries.map(({ state }) => state)).toEqual(['delivered', 'delivered'])
    expect(Math.max(...deliveries.map(({ attempts }) => attempts))).toBeGreaterThan(1)
    expect(paheko.transactionCount()).toBe(2)
  })

  it('a redirect is not followed and not tried again', async () => {
    const delivery = await outbox({ ...login, baseUrl: `${paheko.url}//twice` }).deliver(POSTING)
    expect(delivery).toMatchObject({ state: 'failed', attempts: 1, lastStatus: 302 })
    expect(paheko.requests).toHaveLength(1)
  })

  it('eight attempts, then it has failed', async () => {
    const statuses = [500, null, 503, 408, 429, 502, 504, 500]
    const delivery = await outbox({ fetch: answering(...statuses, 200) }).deliver(POSTING)
    expect(delivery).toEqual({ state: 'failed', attempts: 8, lastStatus: 500, lastBody: 'answer 500' })
  })

  it('a gate that never answers counts as no answer', async () => {
    const upstream = await startUpstream()
    upstream.on('/api/accounting/transaction', () => undefined)
    const delivery = await outbox({ baseUrl: upstream.url, timeoutMs: 20 }).deliver(POSTING)
    expect(delivery).toEqual({ state: 'failed', attempts: 8, lastStatus: null, lastBody: '' })
    expect(upstream.requests).toHaveLength(8)
    await upstream.stop()
  })

  it('waits double, from 2 s up to 900 s', () => {
    expect([1, 2, 7, 9, 10, 20].map(backoffMs)).toEqual([2000, 4000, 128_000, 512_000, 900_000, 900_000])
  })
})
