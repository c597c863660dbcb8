import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import {
  startTripletex,
  TRIPLETEX_ACCOUNTANT,
  TRIPLETEX_CONSUMER,
  TRIPLETEX_EMPLOYEE,
  type Tripletex,
} from '../support/vendors/tripletex.ts'

/** The shipped connector behind a whole gate: what programs see. */

let gate: TestGate
let tripletex: Tripletex
let key = ''

beforeEach(async () => {
  tripletex = await startTripletex()
  gate = await startTestGate()
})
afterEach(async () => {
  await gate.stop()
  await tripletex.stop()
})

async function connect(employee: string, params: object = {}): Promise<void> {
  const created = await gate.api('POST', '/connections', {
    id: 'books',
    connector: 'tripletex',
    settings: { base_url: tripletex.url },
    secrets: { consumer_token: TRIPLETEX_CONSUMER, employee_token: employee },
    network: { allow_private: true, allow_http: true },
  })
  expect(created.body).toMatchObject({ id: 'books' })
  const grants = [{ connection: 'books', allow: ['* /**'], ...params }]
  key = (await gate.api('POST', '/keys', { name: 'a program', grants })).body.key
}

async function ask(line: string, headers: Record<string, string> = {}) {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${gate.url}/proxy/books${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...headers },
  })
  // biome-ignore lint/suspicious/noExplicitAny: the test reads what it knows of
  const body = (await answer.json().catch(() => undefined)) as any
  return { status: answer.status, body }
}

describe('tripletex behind the gate', () => {
  it('200 with a session that the caller never sees, and again after all sessions were revoked', async () => {
    await connect(TRIPLETEX_EMPLOYEE.token)
    const first = await ask('GET /v2/customer')
    expect([first.status, tripletex.sessionsMinted()]).toEqual([200, 1])
    tripletex.revokeSessions()
    expect([(await ask('GET /v2/customer')).status, tripletex.sessionsMinted()]).toEqual([200, 2])
  })

  it('the company of a call is the grant’s to allow', async () => {
    await connect(TRIPLETEX_ACCOUNTANT.token, { params: { company: ['601'] } })
    expect((await ask('GET /v2/customer')).body.code).toBe(9000)
    const allowed = await ask('GET /v2/customer', { 'Octroi-Param-Company': '601' })
    expect([allowed.status, allowed.body.values[0].name]).toEqual([200, 'Kunde of 601'])
    expect((await ask('GET /v2/customer', { 'Octroi-Param-Company': '602' })).status).toBe(403)
    expect(tripletex.sessionsMinted()).toBe(1)
  })

  it.each(['POST /v2/token/session/:create', 'POST /v2/token/session/%3Acreate', 'DELETE /v2/token/session/abc'])(
    '403 never_allowed for %s, whatever the grant',
    async (line) => {
      await connect(TRIPLETEX_EMPLOYEE.token)
      const before = tripletex.requests.length
      expect((await ask(line)).body.code).toBe('never_allowed')
      expect(tripletex.requests.length).toBe(before)
    },
  )

  it('a wrong token is told when the connection is made, with its name', async () => {
    const { status, body } = await gate.api('POST', '/connections', {
      id: 'books',
      connector: 'tripletex',
      settings: { base_url: tripletex.url },
      secrets: { consumer_key: 'wrong-golden', employee_token: TRIPLETEX_EMPLOYEE.token },
      network: { allow_private: true, allow_http: true },
      verify: true,
    })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('refuses consumer_token')
    expect(JSON.stringify(body)).not.toContain('wrong-golden')
  })
})
