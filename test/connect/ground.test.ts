import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Browser, NEAR, onwardOf, sendForm } from '../requirements/person.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { inStore, suspend } from './suspend.ts'
import { linkTo, text, visit } from './visitor.ts'

/** What a link rests on goes away while somebody is on the way: the link is over, and nothing is connected in its name. */

let gate: TestGate
let service: Upstream
beforeEach(async () => {
  ;[gate, service] = await Promise.all([startTestGate(), startUpstream()])
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all([gate.stop(), service.stop()])
})

const settings = () => ({ base_url: service.url, test_path: '/status/200' })
const body = (more: object = {}) => ({ connector: 'generic-api-key', settings: settings(), ...more })
const TYPED = { 'secrets.api_key': 'typed' }
const make = (id: string) =>
  gate.api('POST', '/connections', { ...body(), id, secrets: { api_key: 'first' }, network: NEAR })
const AGAIN = { connector: 'generic-api-key', network: {} }
const secretOf = async (id: string) => (await gate.api('GET', `/connections/${id}/credentials`)).body.secrets?.api_key

it('the time: an expired link is told as such, is read as expired, and its code is not redeemed', async () => {
  const { url, session } = await linkTo(gate, body({ return_url: 'http://127.0.0.1:9/' }))
  const visitor = await visit(url)
  const back = new URL(onwardOf(await visitor.send(TYPED)) as string)
  const second = await linkTo(gate, body())
  const late = await visit(second.url)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * 60_000 })
  expect(text(await late.send(TYPED))).toContain('This link has expired')
  expect((await gate.api('GET', `/connect-sessions/${session}`)).body.state).toBe('expired')
  const code = back.searchParams.get('code')
  expect((await gate.api('POST', `/connect-sessions/${session}/redeem`, { code })).status).toBe(409)
  expect((await gate.api('GET', '/connections')).body.items).toEqual([])
})

it('the time: what is over is deleted, with all that was typed, by the first round after that', async () => {
  const { session } = await linkTo(gate, body())
  const later = await linkTo(gate, body())
  const state = async (id: string) => (await gate.api('GET', `/connect-sessions/${id}`)).status
  expect(await state(session)).toBe(200)
  await inStore(gate, 'update connect_sessions set expires_at = ? where id = ?', '2020-01-01T00:00:00.000Z', session)
  while ((await state(session)) !== 404) await wait(200)
  expect(await state(later.session)).toBe(200)
})

it.each(['revoked', 'disabled', 'limited'])('the key that made it: %s, and its links are over', async (how) => {
  const permissions = ['connect-sessions.write', 'connections.write', 'connections.write_network']
  const { body: made } = await gate.api('POST', '/keys', { name: 'operator', permissions })
  const link = await gate.api('POST', '/connect-sessions', { ...body(), network: NEAR }, { key: made.key })
  const visitor = await visit(`${gate.url}${new URL(link.body.url).pathname}`)
  if (how === 'revoked') await gate.api('DELETE', `/keys/${made.id}`)
  else if (how === 'disabled') await gate.api('PATCH', `/keys/${made.id}`, { disabled: true })
  else await gate.api('PATCH', `/keys/${made.id}`, { permissions: ['connect-sessions.write'] })
  expect(text(await visitor.send(TYPED))).toContain('This link has expired')
  expect((await gate.api('GET', '/connections')).body.items).toEqual([])
})

it('the connection: deleted, or another one of the same name', async () => {
  await make('shop')
  const link = await linkTo(gate, AGAIN, 'shop')
  const gone = await visit(link.url)
  const form = gone.page()
  await gate.api('DELETE', '/connections/shop')
  expect(text(await gone.send(TYPED))).toContain('This link has expired')
  expect((await gate.api('GET', '/connections/shop')).status).toBe(404)
  await make('shop')
  expect(text(await sendForm(gone.browser, link.url, form, TYPED))).toContain('This link has expired')
  expect(await secretOf('shop')).toBe('first')
})

it('the connection’s address: what the person types for the former one does not go to the new one (D8)', async () => {
  await make('shop')
  const visitor = await visit((await linkTo(gate, AGAIN, 'shop')).url)
  const moved = { settings: { base_url: `${service.url}/elsewhere` }, secrets: { api_key: 'second' } }
  expect((await gate.api('PATCH', '/connections/shop', moved)).status).toBe(200)
  const before = service.requests.length
  expect(text(await visitor.send(TYPED))).toContain('This link has expired')
  expect([await secretOf('shop'), service.requests.length]).toEqual(['second', before])
})

it('the connection’s state: one that is suspended is not put back into service by a page (D15)', async () => {
  await make('shop')
  const { url } = await linkTo(gate, AGAIN, 'shop')
  await suspend(gate, 'shop')
  const visitor = await visit(url)
  expect(text(visitor.page())).toContain('This link has expired')
  expect((await gate.api('GET', '/connections/shop')).body.state).toBe('suspended')
})

it('the connector: its file is gone', async () => {
  const folder = join(gate.settings.data_dir, 'connectors')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'acme.yaml')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a connector
  const key = 'api_key: [{ header: X-Key, value: "${secrets.api_key}" }]'
  const lines = [
    key,
    'id: acme',
    'name: Acme',
    'docs: https://acme.example/',
    'scheme: api_key',
    `base_url: ${service.url}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  await gate.restart()
  const { url, session } = await linkTo(gate, { connector: 'acme', return_url: 'http://127.0.0.1:9/' })
  const visitor = await visit(url)
  const back = new URL(onwardOf(await visitor.send(TYPED)) as string)
  const other = await linkTo(gate, { connector: 'acme' })
  rmSync(file)
  await gate.restart()
  expect(text((await visit(other.url)).page())).toContain('This link is not known')
  const code = back.searchParams.get('code')
  const redeemed = await gate.api('POST', `/connect-sessions/${session}/redeem`, { code })
  expect([redeemed.status, redeemed.body.code]).toEqual([409, 'conflict'])
})

it('the shared application: removed, and what was typed with it is not connected without it', async () => {
  const app = { secrets: { consumer_key: 'a' } }
  await gate.api('PUT', '/connectors/tripletex/app', app)
  const visitor = await visit((await linkTo(gate, { connector: 'tripletex', network: {} })).url)
  await gate.api('DELETE', '/connectors/tripletex/app')
  const page = text(await visitor.send({ 'secrets.employee_token': 'typed' }))
  expect(page).toContain('Please fill in this field')
  expect(page).toContain('Consumer token')
})

it('several ways to connect: each has its form, and the one that is sent is the one that is made', async () => {
  const folder = join(gate.settings.data_dir, 'connectors')
  mkdirSync(folder, { recursive: true })
  const lines = [
    'id: two',
    'name: Two',
    'docs: https://two.example/',
    'scheme: [api_key, basic]',
    `base_url: ${service.url}`,
  ]
  writeFileSync(
    join(folder, 'two.yaml'),
    `${lines.join('\n')}\ntest: GET /status/200\napi_key: [{ header: X-Key, value: "\${secrets.api_key}" }]\n`,
  )
  await gate.restart()
  const { url, id } = await linkTo(gate, { connector: 'two' })
  const browser = new Browser()
  const other = await visit(`${url}?scheme=basic`, browser)
  expect(other.page()).toMatch(/name="secrets\.username"/)
  const fields = { 'secrets.username': 'me', 'secrets.password': 'typed' }
  expect(text(await other.send(fields))).toContain('Two is connected')
  expect((await gate.api('GET', `/connections/${id}`)).body.scheme).toBe('basic')
  const fixed = await visit((await linkTo(gate, { connector: 'two', scheme: 'basic' })).url)
  expect(fixed.page()).not.toContain('scheme=api_key')
  expect(text(await fixed.send({ scheme: 'api_key', 'secrets.api_key': 'x' }))).not.toContain('is connected')
})
