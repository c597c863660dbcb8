import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/api/index.ts'
import { webhookBody } from '../webhooks/asking.ts'
import { callPeople } from './secrets_people.ts'
import { type Call, connectionBody, type OperationName, startWorld, type World } from './world.ts'

/** Secrets go in and do not come out: canaries in every secret, then every operation, well and badly called. */

const CANARY = 'canary-7f3a'
const secret = (what: string) => `${CANARY}-${what}-0123456789`

let world: World
const answers: { name: string; text: string }[] = []
const keys: string[] = []
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

interface Shown {
  readonly key?: string
  readonly password?: string | null
  readonly secret?: string | null
  readonly client_secret?: string
}

async function call(name: OperationName, request: Call = {}): Promise<void> {
  const { status, headers, body } = await world.call(name, request)
  const shownOnce = (typeof body === 'object' && body !== null ? body : {}) as Shown
  const { key, secret: signing, password, client_secret: ofClient, ...rest } = shownOnce
  if (ofClient !== undefined) {
    expect(['clients.create', 'clients.rotate']).toContain(name)
    keys.push(ofClient)
  }
  if (key !== undefined) {
    expect(['keys.create', 'keys.rotate']).toContain(name)
    keys.push(key)
  }
  if (typeof signing === 'string') {
    expect(['webhooks.create', 'webhooks.update', 'webhooks.rotate']).toContain(name)
    keys.push(signing)
  }
  if (typeof password === 'string') {
    expect(name).toBe('accounts.set_password')
    keys.push(password)
  }
  const shown = LINKING.includes(name) ? withoutLink(rest) : rest
  answers.push({ name, text: JSON.stringify([status, [...headers], shown]) })
}

/** Those that answer with a link. */
const LINKING: readonly string[] = ['connect-sessions.create', 'accounts.invite', 'accounts.reset_password']

/** Who has the link goes through it. */
function withoutLink({ url, ...rest }: { readonly url?: string }): object {
  if (url !== undefined) keys.push(url.split('/').at(-1) as string)
  return rest
}

const params = { id: 'shop' }

/** Every operation but the one that reads credentials; what fails is as telling as what succeeds. */
async function callEverything(): Promise<void> {
  const upstream = connectionBody(world.upstream.url)
  await call('connections.create', { body: { ...upstream, ...params, secrets: { api_key: secret('api') } } })
  await call('connections.create', {
    body: { ...upstream, secrets: { api_key: secret('bad'), wrong: secret('wrong') } },
  })
  await call('connections.create', { body: { ...upstream, secrets: { api_key: `${secret('line')}\n` } } })
  await call('connections.create', { body: { ...upstream, secrets: secret('shape') } })
  await call('connections.create', { body: { ...upstream, connector: secret('connector') } })
  await call('connections.update', { params, body: { secrets: { api_key: secret('new') }, verify: true } })
  await call('connections.update', { params, body: { settings: { test_path: '/status/401' } } })
  await call('connections.update', { params, body: { secrets: { api_key: secret('refused') }, verify: true } })
  await call('connections.next', { params, body: { secrets: { api_key: secret('next') }, verify: false } })
  await call('connections.next', { params, body: { secrets: { api_key: secret('refused') }, verify: true } })
  await call('connections.test', { params, body: { which: 'next' } })
  await call('connections.switch', { params, body: { verify: false } })
  await call('keys.import', { body: { name: 'Imported', secret: secret('imported') } })
  await call('keys.import', { body: { name: 'Again', secret: secret('imported') } })
  await call('keys.import', { body: { name: 'Bad', secret: `${secret('bad')} ` } })
  await call('keys.create', { body: { name: 'Made' }, headers: { 'Idempotency-Key': secret('idempotency') } })
  await call('keys.create', { body: { name: 'Made' }, headers: { 'Idempotency-Key': secret('idempotency') } })
  const { items: all } = await world.must('keys.list')
  const items = all.filter(({ id }: { id: string }) => !world.gate.adminKey.includes(`_${id}_`))
  await call('keys.rotate', { params: { id: items.at(-1).id } })
  await call('keys.self', { key: secret('imported') })
  await call('keys.self', { key: secret('unknown') })
  await call('accounts.create', { body: { kind: 'service', name: 'x', password: secret('password') } })
  await call('accounts.create', { body: { id: 'caisse', kind: 'service', name: 'x' } })
  for (const id of ['caisse', secret('none').toLowerCase()]) {
    for (const name of ['accounts.get', 'accounts.disable', 'accounts.enable', 'accounts.delete'] as const) {
      await call(name, { params: { id } })
    }
  }
  await call('accounts.update', { params: { id: 'administrator' }, body: { description: 'x', secret: secret('x') } })
  for (const name of ['status.get', 'connectors.list', 'connections.list', 'keys.list', 'accounts.list'] as const) {
    await call(name)
  }
  for (const name of ['connections.get', 'connections.test', 'connections.refresh', 'connections.activate'] as const) {
    await call(name, { params })
  }
  await call('connectors.get', { params: { id: 'generic-api-key' } })
  for (const name of ['keys.get', 'keys.update', 'keys.revoke'] as const) {
    await call(name, { params: { id: items.at(-1).id }, ...(name === 'keys.update' ? { body: { name: 'y' } } : {}) })
  }
  await callPrograms()
  await callWebhooks()
  await callConnecting()
  await callPeople(world, call, secret)
  await world.must('connections.credentials', { params })
  for (const name of ['audit.list', 'events.list'] as const) await call(name, { query: { limit: '200' } })
  await call('connections.delete', { params })
}

/** Groups, routes and issuers have no secrets; somebody may give one all the same. */
async function callPrograms(): Promise<void> {
  const account = { params: { id: 'till' } }
  const password = secret('password')
  await call('accounts.create', { body: { ...account.params, kind: 'service', name: 'Till', password } })
  await call('accounts.set_password', { ...account, body: { password: secret('changed') } })
  await call('accounts.set_password', { ...account, body: { password: `${secret('line')}\n` } })
  const once = { ...account, headers: { 'Idempotency-Key': secret('idempotency') } }
  await call('accounts.set_password', once)
  await call('accounts.set_password', once)
  await call('accounts.delete_password', account)
  const guest = { params: { id: 'guest' } }
  const password_hash = `pbkdf2_sha256$1000$${secret('salt')}$${'A'.repeat(43)}=`
  await call('accounts.import', { body: { accounts: [{ ...guest.params, name: 'Guest', password_hash }] } })
  await call('accounts.import', { body: { accounts: [{ id: 'x', name: 'X', password_hash: secret('no hash') }] } })
  for (const name of ['accounts.invite', 'accounts.reset_password'] as const) {
    await call(name, guest)
    await call(name, { ...guest, body: { deliver: secret('deliver') } })
  }
  await call('keys-import.batch', { body: { keys: [{ name: 'Many', secret: secret('many') }] } })
  await call('keys-import.batch', { body: { keys: [{ name: 'Many', secret: `${secret('bad')} ` }] } })
  const jwk = { kty: 'oct', k: secret('jwk') }
  const bodies = {
    groups: { name: 'Shop' },
    routes: { host: 'shop.example.org', path: '/', accept: { any: ['api_key'] } },
    issuers: { issuer: 'x', audience: 'y', jwks_uri: 'https://keys.example.org/' },
  }
  await call('issuers.create', { body: { ...bodies.issuers, jwks: { keys: [jwk] } } })
  for (const noun of ['groups', 'routes', 'issuers'] as const) {
    await call(`${noun}.create`, { body: { ...params, ...bodies[noun] } })
    await call(`${noun}.update`, { params, body: { name: 'Other', password, secret: secret('x') } })
    for (const verb of ['get', 'update', 'delete'] as const) {
      await call(`${noun}.${verb}`, { params, ...(verb === 'update' ? { body: { name: 'Other' } } : {}) })
    }
    await call(`${noun}.list`)
  }
  const { id } = (await world.must('keys.list')).items[0]
  await call('keys.usage', { params: { id } })
  await call('keys-self.usage')
  await call('forward-auth-traces.create')
  await call('forward-auth-traces.get', { params: { id: 'none' } })
}

async function callConnecting(): Promise<void> {
  const app = { params: { id: 'tripletex' } }
  await call('connector-apps.set', { ...app, body: { secrets: { consumer_key: secret('app') } } })
  await call('connector-apps.set', {
    ...app,
    body: { secrets: { consumer_key: secret('app'), wrong: secret('wrong') } },
  })
  await call('connector-apps.get', app)
  const session = { connector: 'tripletex', return_url: 'https://app.example.org/' }
  const once = { body: session, headers: { 'Idempotency-Key': secret('idempotency') } }
  await call('connect-sessions.create', once)
  await call('connect-sessions.create', once)
  const { id } = await world.must('connect-sessions.create', { body: session })
  await call('connect-sessions.get', { params: { id } })
  await call('connect-sessions.redeem', { params: { id }, body: { code: secret('code') } })
  await call('connector-apps.delete', app)
}

/** Given ones are of a form of their own; what holds for them holds for those that are made. */
async function callWebhooks(): Promise<void> {
  const hook = { params: { id: 'hook' } }
  const given = `whsec_${Buffer.from(secret('signing')).toString('base64')}`
  keys.push(given)
  await call('webhooks.create', { body: webhookBody(world, { ...hook.params, secret: given }) })
  await call('webhooks.create', { body: webhookBody(world, { ...hook.params, secret: given }) })
  await call('webhooks.create', { body: webhookBody(world, { secret: `${given}${secret('shape')}` }) })
  await call('webhooks.create', { body: webhookBody(world), headers: { 'Idempotency-Key': secret('idempotency') } })
  await call('webhooks.create', { body: webhookBody(world), headers: { 'Idempotency-Key': secret('idempotency') } })
  await call('webhooks.update', { ...hook, body: { url: `${world.upstream.url}/status/500`, secret: 'new' } })
  await call('webhooks.update', { ...hook, body: { secret: given } })
  await call('webhooks.rotate', hook)
  for (const name of ['webhooks.list', 'webhooks.get', 'webhooks.test', 'webhooks.activate'] as const) {
    await call(name, name === 'webhooks.list' ? {} : hook)
  }
  await call('webhooks.deliveries', hook)
  await call('webhooks.replay', { params: { ...hook.params, delivery: 'none' } })
  await call('webhooks.delete', hook)
}

describe('no answer of any operation holds a secret', () => {
  beforeAll(callEverything)

  it('and every operation was called', () => {
    const called = new Set([...answers.map(({ name }) => name), 'connections.credentials'])
    expect([...called].sort()).toEqual(OPERATIONS.map(({ name }) => name).sort())
  })
  it('neither one that was given', () => {
    // An id that somebody puts into the path is said back to him, and recorded: it is not a secret that was given as one.
    const telling = answers.filter(({ text }) => text.replaceAll(secret('none'), '').includes(CANARY))
    expect(telling.filter(({ text }) => !text.includes(secret('connector')))).toEqual([])
  })
  it('nor a key that was made here', () => {
    const shown = [...keys, world.gate.adminKey]
    expect(shown.length).toBeGreaterThan(2)
    for (const { name, text } of answers) for (const key of shown) expect(text, name).not.toContain(key)
  })
  it('nor is there one in any file of the data folder', () => {
    const folder = world.gate.settings.data_dir
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file)).toString('latin1')
      for (const what of [
        'api',
        'app',
        'new',
        'next',
        'imported',
        'idempotency',
        'refused',
        'password',
        'changed',
        'many',
        'method',
        'method-new',
      ]) {
        expect(text, `${file} holds the ${what} canary`).not.toContain(secret(what))
      }
      for (const key of [...keys, world.gate.adminKey]) expect(text, file).not.toContain(key)
    }
  })
})
