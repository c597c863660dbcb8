import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TestGate } from '../support/gate.ts'
import { basic, call } from '../support/vendors/calling.ts'
import {
  startTripletex,
  TRIPLETEX_ACCOUNTANT,
  TRIPLETEX_CONSUMER,
  TRIPLETEX_EMPLOYEE,
  type Tripletex,
} from '../support/vendors/tripletex.ts'
import { caller, credentials, NEAR, onboard, refusedBy, startPublicGate } from './person.ts'

/** The scheme tripletex behind a running gate, by the shipped connector. */

let gate: TestGate
let tripletex: Tripletex
beforeEach(async () => {
  tripletex = await startTripletex()
  gate = await startPublicGate()
})
afterEach(async () => {
  await gate.stop()
  await tripletex.stop()
})

const BOTH = { consumer_token: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_EMPLOYEE.token }
const books = (secrets: object, more: object = {}) => ({
  id: 'books',
  connector: 'tripletex',
  settings: { base_url: tripletex.url },
  secrets,
  network: NEAR,
  ...more,
})
const make = async (secrets: object, more: object = {}) => {
  const { status, body } = await gate.api('POST', '/connections', books(secrets, { verify: true, ...more }))
  expect([status, body]).toEqual([201, expect.objectContaining({ id: 'books', state: 'ready' })])
}
const whoAmI = async () => (await caller(gate, 'books'))('/v2/token/session/%3EwhoAmI')

it('S2-11: without the two tokens a connection is refused, each by its name', async () => {
  const missing = ['secrets.consumer_key is required', 'secrets.employee_token is required']
  expect(await refusedBy(gate, books({}))).toEqual(missing)
  expect(await refusedBy(gate, books({ employee_token: 'e' }))).toEqual(missing.slice(0, 1))
  expect(await refusedBy(gate, books({ consumer_token: 'c' }))).toEqual(missing.slice(1))
  expect(tripletex.requests).toEqual([])
})

it.each(['consumer_key', 'consumer_token'])('S2-11: the integration’s token is accepted as %s', async (name) => {
  await make({ [name]: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_EMPLOYEE.token })
  expect((await whoAmI()).status).toBe(200)
})

it('S2-11: both spellings at once are refused, for one of them would be ignored', async () => {
  const [fault] = await refusedBy(gate, books({ ...BOTH, consumer_key: 'another' }))
  expect(fault).toContain('secrets.consumer')
})

it('S2-12: who makes the employee token is said where it is asked for, and on the page of the scheme', async () => {
  const { body } = await gate.api('GET', '/connectors/tripletex')
  expect(JSON.stringify(body)).toMatch(/Created by the administrator of the Tripletex account/)
  const page = new URL('../../docs/schemes/tripletex.md', import.meta.url)
  expect(existsSync(page) && readFileSync(page, 'utf8')).toMatch(/customer's administrator creates/)
})

it('S2-13: both tokens are injected under their exact names, the first under both of its own, with a living session', async () => {
  await make(BOTH)
  const injected = await credentials(gate, 'books')
  expect(injected).toEqual({
    consumer_key: TRIPLETEX_CONSUMER,
    consumer_token: TRIPLETEX_CONSUMER,
    employee_token: TRIPLETEX_EMPLOYEE.token,
    session_token: expect.any(String),
  })
  const headers = { Authorization: basic(0, injected.session_token as string) }
  expect((await call(`GET ${tripletex.url}/v2/customer`, { headers })).status).toBe(200)
})

it('S2-13: the session is kept fresh: one that Tripletex ended is replaced within the call, once for many', async () => {
  await make(BOTH)
  const before = (await credentials(gate, 'books')).session_token
  tripletex.revokeSessions()
  const ask = await caller(gate, 'books')
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('/v2/customer')))
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
  expect([tripletex.sessionsMinted(), tripletex.peakTokenRequests()]).toEqual([2, 1])
  expect((await credentials(gate, 'books')).session_token).not.toBe(before)
})

it('S2-14: test accounts have both tokens set at one connection, and an address of their own', async () => {
  await make(BOTH)
  expect((await whoAmI()).status).toBe(200)
  const { body } = await gate.api('GET', '/connections/books')
  expect(body.settings.base_url).toBe(tripletex.url)
  const { body: connector } = await gate.api('GET', '/connectors/tripletex')
  expect(connector.settings.base_url.default).toBe('https://tripletex.no')
  expect(connector.settings.base_url.description).toContain('https://api-test.tripletex.tech')
})

it('S2-14: in production the integration’s token is given once, and each customer gives the employee token alone', async () => {
  const app = { settings: { base_url: tripletex.url }, secrets: { consumer_token: TRIPLETEX_CONSUMER }, network: NEAR }
  expect((await gate.api('PUT', '/connectors/tripletex/app', app)).status).toBe(200)
  const typed = { 'secrets.employee_token': TRIPLETEX_EMPLOYEE.token }
  const { asked } = await onboard(gate, { connector: 'tripletex', connection_id: 'books' }, typed)
  expect(asked.filter((name) => name.startsWith('secrets.'))).toEqual(['secrets.employee_token'])
  expect((await whoAmI()).status).toBe(200)
  const { body } = await gate.api('POST', '/connections', {
    id: 'others',
    connector: 'tripletex',
    secrets: { employee_token: TRIPLETEX_ACCOUNTANT.token },
    verify: true,
  })
  expect(body).toMatchObject({ id: 'others', state: 'ready' })
})
