import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type HelloAsso, startHelloAsso } from '../support/vendors/helloasso.ts'
import { caller, NEAR } from './person.ts'

/** What a team with HelloAsso, Brevo and OpenRouter needs: tokens asked for seldom, keys out of its programs, events that it can trust. */

let gate: TestGate
let helloasso: HelloAsso
let other: Upstream
beforeEach(async () => {
  gate = await startTestGate()
  helloasso = await startHelloAsso()
  other = await startUpstream()
  const { status, body } = await gate.api('POST', '/connections', {
    id: 'helloasso',
    connector: 'helloasso',
    settings: { api_url: helloasso.url },
    secrets: { client_id: helloasso.clientId, client_secret: helloasso.clientSecret },
    network: NEAR,
    verify: true,
  })
  expect([status, body.state]).toEqual([201, 'ready'])
})
afterEach(async () => {
  await gate.stop()
  await Promise.all([helloasso.stop(), other.stop()])
})

const MINE = '/users/me/organizations'

it('C3-08a: HelloAsso: two hundred calls of many programs, and a restart between, cost one token', async () => {
  const first = await caller(gate, 'helloasso', ['organization-read'])
  const second = await caller(gate, 'helloasso', ['organization-read'])
  const burst = () => Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? first : second)(MINE)))
  const answers = await burst()
  await gate.restart()
  answers.push(...(await burst()))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(helloasso.tokenRequests()).toBe(1)
})

it('C3-08a: HelloAsso: when the token ends, a hundred calls at once cause one refresh, and no new login', async () => {
  helloasso.slowTokens(100)
  helloasso.revokeAccess()
  const ask = await caller(gate, 'helloasso', ['organization-read'])
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(MINE)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect([helloasso.peakTokenRequests(), helloasso.tokenRequests()]).toEqual([1, 2])
  expect([helloasso.granted('client_credentials'), helloasso.granted('refresh_token')]).toEqual([1, 1])
})

it('C3-08a: HelloAsso: at its hourly limit calls are told to come back, and the limit is not asked about again', async () => {
  helloasso.settings.hourlyTokens = 1
  helloasso.revokeAccess()
  const ask = await caller(gate, 'helloasso', ['organization-read'])
  for (let i = 0; i < 5; i++) {
    const answer = await ask(MINE)
    expect(answer.status).toBeGreaterThanOrEqual(502)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(helloasso.tokenRequests()).toBe(2)
  expect((await gate.api('GET', '/connections/helloasso')).body.state).not.toBe('reconnect_required')
})

it.each([
  ['brevo', 'POST', '/smtp/email', '/contacts', 'send-email', 'api-key', 'brevo-key-1'],
  ['openrouter', 'POST', '/chat/completions', '/keys', 'chat', 'authorization', 'Bearer router-key-1'],
] as const)(
  'C3-08a: %s: the program calls with its own key; the service’s stays in Octroi, and only what was granted passes',
  async (id, method, path, elsewhere, right, header, value) => {
    const secrets = { api_key: value.replace('Bearer ', '') }
    const made = { id, connector: id, settings: { base_url: other.url }, secrets, network: NEAR }
    expect((await gate.api('POST', '/connections', made)).status).toBe(201)
    const ask = await caller(gate, id, [right])
    const answer = await ask(path, { method, body: '{}' })
    expect([answer.status, other.requests.at(-1)?.header(header)]).toEqual([200, value])
    expect(`${JSON.stringify([...answer.headers])}`).not.toContain(secrets.api_key)
    const sent = other.requests.length
    expect((await ask(elsewhere)).status).toBe(403)
    expect(other.requests.length).toBe(sent)
  },
)

it('C3-08b: what only a person can mend is told by a webhook whose signature the receiver can check', async () => {
  const { body: webhook } = await gate.api('POST', '/webhooks', {
    url: `${other.url}/events`,
    types: ['connection.reconnect_required'],
    network: NEAR,
  })
  helloasso.settings.clientValid = false
  helloasso.revokeAccess()
  const ask = await caller(gate, 'helloasso', ['organization-read'])
  const answer = await ask(MINE)
  expect([answer.status, answer.headers.get('octroi-error')]).toEqual([502, 'reconnect_required'])
  await expect.poll(() => other.requests.length, { timeout: 15_000 }).toBe(1)
  const [message] = other.requests
  expect(JSON.parse(message?.body.toString() ?? '')).toMatchObject({
    type: 'connection.reconnect_required',
    data: { subject: 'connection:helloasso' },
  })
  const given = message?.header('webhook-signature')
  expect(given).toBe(signed(webhook.secret, message, message?.body.toString()))
  expect(given).not.toBe(signed(webhook.secret, message, `${message?.body} `))
})

/** As https://www.standardwebhooks.com says it, written here once more. */
function signed(secret: string, message: Upstream['requests'][number] | undefined, body = ''): string {
  const text = `${message?.header('webhook-id')}.${message?.header('webhook-timestamp')}.${body}`
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`
}
