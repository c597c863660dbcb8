import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { Obtained, StepRequest } from '../../src/outbound/exchange.ts'
import type { ConnectionSecrets } from '../../src/outbound/scheme.ts'
import { tripletex as scheme } from '../../src/outbound/schemes/tripletex.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import {
  startTripletex,
  TRIPLETEX_ACCOUNTANT,
  TRIPLETEX_CONSUMER,
  TRIPLETEX_EMPLOYEE,
  type Tripletex,
} from '../support/vendors/tripletex.ts'

const read = (name: string) =>
  parseConnector(readFileSync(join(import.meta.dirname, '../../connectors', name), 'utf8'), name)
const connector = read('tripletex.yaml')
const own = read('tripletex-own.yaml')
const exchange = scheme.exchange as NonNullable<typeof scheme.exchange>
const clock = testClock()
let tripletex: Tripletex

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  tripletex = await startTripletex({ now: clock.now, refreshTokens: { 'a.b.c': TRIPLETEX_EMPLOYEE } })
})
afterEach(() => tripletex.stop())

const waits: number[] = []
const context = {
  async fetch({ method, url, headers, body }: StepRequest) {
    const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
    return { status: response.status, headers: response.headers, text: await response.text() }
  },
  now: clock.now,
  wait: async (ms: number) => void waits.push(ms),
}

function connection({ employee = TRIPLETEX_EMPLOYEE.token, company = '0', of = connector } = {}): ConnectionSecrets {
  const tokens = { consumer_key: TRIPLETEX_CONSUMER, employee_token: employee }
  const secrets = of === own ? { refresh_token_jwt: 'a.b.c' } : tokens
  return { connector: of, settings: validateSettings(of, { base_url: tripletex.url, company }), secrets }
}

async function get(path: string, { values }: Obtained, params: Record<string, string> = {}, of = connection()) {
  const { headers, perRequest } = scheme.sign({ ...of, token: values })
  const request = { method: 'GET', origin: '', path, query: '', headers: [], body: null, now: clock.now() }
  const signed = Object.keys(params).length > 0 ? perRequest?.sign({ ...request, params }).headers : headers
  return call(`GET ${tripletex.url}${path}`, { headers: { Authorization: signed?.[1] ?? '' } })
}

describe('tripletex', () => {
  it('a session from two tokens works until five minutes before its end, as it was computed', async () => {
    const session = await exchange.run(connection(), context)
    const path = connector.test?.path ?? ''
    expect((await get(path, session)).body.value).toMatchObject({ employeeId: 2913, companyId: 501 })
    clock.set(new Date(session.expiresAt ?? 0).toISOString())
    expect((await get('/v2/customer', session)).status).toBe(200)
    clock.advance(300)
    expect((await get('/v2/customer', session)).status).toBe(401)
    const next = await exchange.run(connection(), context)
    expect([(await get('/v2/customer', next)).status, tripletex.sessionsMinted()]).toEqual([200, 2])
  })

  it.each(['2026-03-28T22:30:00Z', '2026-07-10T21:59:59Z', '2026-10-24T12:00:00Z', '2026-12-31T22:59:59Z'])(
    'at %s the session lives a day at least, and never past its end at Tripletex',
    async (time) => {
      clock.set(time)
      const session = await exchange.run(connection(), context)
      expect((session.expiresAt ?? 0) - clock.now()).toBeGreaterThan(23 * 3_600_000)
      clock.set(new Date((session.expiresAt ?? 0) + 299_000).toISOString())
      expect((await get('/v2/customer', session)).status).toBe(200)
    },
  )

  it('one session serves the companies of an accountant, by setting or by parameter', async () => {
    const accountant = connection({ employee: TRIPLETEX_ACCOUNTANT.token })
    const session = await exchange.run(accountant, context)
    expect((await get('/v2/customer', session)).body.code).toBe(9000)
    expect((await get('/v2/customer', session, { company: '602' })).body.values[0].name).toContain('602')
    const fixed = connection({ employee: TRIPLETEX_ACCOUNTANT.token, company: '601' })
    expect((await get('/v2/customer', session, {}, fixed)).body.values[0].name).toContain('601')
    expect(tripletex.sessionsMinted()).toBe(1)
  })

  it('409 while another session is created: both get theirs', async () => {
    tripletex.refuseConcurrentCreation(true)
    tripletex.slowTokens(300)
    const patient = { ...context, wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) }
    const both = await Promise.all([exchange.run(connection(), patient), exchange.run(connection(), patient)])
    expect([both.length, tripletex.sessionsMinted(), tripletex.tokenRequests() > 2]).toEqual([2, 2, true])
  })

  it.each([
    ['consumer_token', (vendor: Tripletex) => vendor.revokeConsumer(TRIPLETEX_CONSUMER)],
    ['employee_token', (vendor: Tripletex) => vendor.revokeEmployee(TRIPLETEX_EMPLOYEE.token)],
  ])('human with the name of %s when it was revoked', async (name, revoke) => {
    revoke(tripletex)
    const act = exchange.run(connection(), context)
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(`refuses ${name}`) })
  })

  it('transient when the service is down, and the clock named when ours is days behind', async () => {
    tripletex.failTokens(1, 503)
    await expect(exchange.run(connection(), context)).rejects.toMatchObject({ kind: 'transient' })
    const late = { ...context, now: () => clock.now() + 5 * 86_400_000 }
    const early = { ...context, now: () => clock.now() - 5 * 86_400_000 }
    expect(await exchange.run(connection(), late)).toMatchObject({ expiresAt: expect.any(Number) })
    const dead = await exchange.run(connection(), early)
    expect((await get('/v2/customer', dead)).status).toBe(401)
  })

  it('is ended with the connection', async () => {
    const { values } = await exchange.run(connection(), context)
    expect(tripletex.sessionsAlive()).toBe(1)
    await exchange.revoke?.({ ...connection(), token: values }, context)
    await exchange.revoke?.({ ...connection(), token: values }, context)
    expect(tripletex.sessionsAlive()).toBe(0)
  })

  it('an own integration: a session of eight hours from the API token', async () => {
    const session = await exchange.run(connection({ of: own }), context)
    expect(session.expiresAt).toBe(Date.parse('2026-11-21T19:55:00Z'))
    expect((await get('/v2/customer', session, {}, connection({ of: own }))).status).toBe(200)
  })
})
