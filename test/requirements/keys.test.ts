import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { closing, keyFor, LOOPBACK_NETWORK, openShop, type Shop } from '../recyclique/shop.ts'
import { startUpstream } from '../support/upstream.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop({ env: { OCTROI_TRUSTED_PROXIES: '127.0.0.1' } })
})
afterEach(() => shop.stop())

const POST = '/api/accounting/transaction'

it('S0-24: a call that came to the reverse proxy over plain HTTP from a public address is refused', async () => {
  const forwarded = { 'API-KEY': shop.token, 'X-Forwarded-For': '203.0.113.9' }
  const plain = await shop.call('POST', POST, { headers: { ...forwarded, 'X-Forwarded-Proto': 'http' } })
  expect([plain.status, plain.headers.get('octroi-error')]).toEqual([400, 'insecure_transport'])
  const secure = { ...forwarded, 'X-Forwarded-Proto': 'https', 'Content-Type': 'application/json' }
  const body = JSON.stringify(closing().transaction)
  expect((await shop.call('POST', POST, { headers: secure, body })).status).toBe(200)
})

it('S1-06: the program never holds the password: its key has an end, is renewed under an overlap, and says when it ended', async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  const key = await keyFor(shop.gate, ['accounting-post'], { expires_at: soon })
  const { body: self } = await shop.gate.api('GET', '/keys/self', undefined, { key })
  expect(self).toMatchObject({ expires_at: soon, state: 'active' })
  const { body: renewed } = await shop.gate.api('POST', `/keys/${self.id}/rotate`, { overlap_s: 0 })
  expect(renewed.id).toBe(self.id)
  expect(await shop.outbox({ token: renewed.key }).deliver(closing())).toMatchObject({ state: 'delivered' })
  const late = await shop.call('POST', POST, { headers: { 'API-KEY': key } })
  expect([late.status, late.headers.get('octroi-error')]).toEqual([401, 'key_expired'])
})

it('S2-08: a connection of the scheme api_key without its api_key is refused by name', async () => {
  const settings = { base_url: 'https://api.example.org' }
  const answer = await shop.gate.api('POST', '/connections', { connector: 'generic-api-key', settings, secrets: {} })
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
  expect(answer.body.errors).toEqual([{ path: 'secrets.api_key', message: 'is required' }])
})

it('S2-09: api_key is injected as configured: header, text before it, and under its exact name', async () => {
  const upstream = await startUpstream()
  const cases = [
    ['bearer', {}, 'authorization', 'Bearer k-1'],
    ['webcrm', { prefix: 'bearer ' }, 'authorization', 'bearer k-1'],
    ['raw', { header: 'X-Acme-Key', prefix: '' }, 'x-acme-key', 'k-1'],
  ] as const
  for (const [id, settings, header, value] of cases) {
    const made = await shop.gate.api('POST', '/connections', {
      id,
      connector: 'generic-api-key',
      settings: { base_url: upstream.url, ...settings },
      secrets: { api_key: 'k-1' },
      network: LOOPBACK_NETWORK,
    })
    expect(made.status).toBe(201)
    const grants = [{ connection: id, allow: ['read'] }]
    const { key } = (await shop.gate.api('POST', '/keys', { name: id, grants })).body
    await fetch(`${shop.gate.url}/proxy/${id}/x`, { headers: { 'API-KEY': key } })
    expect(upstream.requests.at(-1)?.header(header)).toBe(value)
    const { body } = await shop.gate.api('GET', `/connections/${id}/credentials`)
    expect(body.secrets).toEqual({ api_key: 'k-1' })
  }
  await upstream.stop()
})

it('S2-10: a connector that supports two schemes names them in its order of preference', () => {
  const connector = parseConnector(
    `id: two
name: Two
docs: https://example.org/
scheme: [basic, api_key]
secrets:
  username: { title: User }
  password: { title: Password }
  api_key: { title: Key }
base_url: https://api.example.org
api_key:
  - { header: X-Key, value: "\${secrets.api_key}" }
`,
    'two.yaml',
  )
  expect(connector.schemes).toEqual(['basic', 'api_key'])
})

it('S4-01: a request is authenticated by its API key, and refused without one', async () => {
  const self = (headers: Record<string, string>) => fetch(`${shop.gate.url}/api/v1/keys/self`, { headers })
  expect((await self({ 'API-KEY': shop.token })).status).toBe(200)
  const without = await self({})
  expect([without.status, without.headers.get('octroi-error')]).toEqual([401, 'unauthenticated'])
  expect(without.headers.get('www-authenticate')).toContain('Bearer')
})

it('S4-02: the header API-KEY identifies the calling program’s account', async () => {
  await shop.gate.api('POST', '/accounts', { id: 'odoo', kind: 'service', name: 'Odoo' })
  const key = await keyFor(shop.gate, ['accounting-post'], { account: 'odoo' })
  const headers = { 'API-KEY': key, 'Content-Type': 'application/json' }
  const body = JSON.stringify(closing().transaction)
  expect((await shop.call('POST', POST, { headers, body })).status).toBe(200)
  const { body: audit } = await shop.gate.api('GET', '/audit?connection=paheko')
  expect(audit.items[0]).toMatchObject({ account: 'odoo', status: 200 })
})

it('S4-11: the key is kept in the database, as a hash: it works after a restart, and no file holds it', async () => {
  await shop.gate.restart({ OCTROI_TRUSTED_PROXIES: '' })
  expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered' })
  const folder = shop.gate.settings.data_dir
  const secret = shop.token.slice(shop.token.lastIndexOf('_') + 1)
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, file)
    if (statSync(path).isFile()) expect([file, readFileSync(path).includes(secret)]).toEqual([file, false])
  }
})

it('S4-03: a key is refused from an address outside its cidrs', async () => {
  const key = await keyFor(shop.gate, ['accounting-post'], { cidrs: ['192.0.2.0/24'] })
  const from = (address: string) => ({ 'API-KEY': key, 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' })
  const outside = await shop.call('POST', POST, { headers: from('198.51.100.1') })
  expect([outside.status, outside.headers.get('octroi-error')]).toEqual([403, 'not_granted'])
  const body = JSON.stringify(closing().transaction)
  const inside = { ...from('192.0.2.7'), 'Content-Type': 'application/json' }
  expect((await shop.call('POST', POST, { headers: inside, body })).status).toBe(200)
})

it('S4-06: a key of a disabled account works only where that was set', async () => {
  await shop.gate.api('POST', '/accounts', { id: 'odoo', kind: 'service', name: 'Odoo' })
  const plain = await keyFor(shop.gate, ['accounting-post'], { account: 'odoo' })
  const lasting = await keyFor(shop.gate, ['accounting-post'], { account: 'odoo', usable_when_owner_inactive: true })
  await shop.gate.api('POST', '/accounts/odoo/disable')
  const refused = await shop.call('POST', POST, { headers: { 'API-KEY': plain } })
  expect([refused.status, refused.headers.get('octroi-error')]).toEqual([401, 'unauthenticated'])
  expect(await shop.outbox({ token: lasting }).deliver(closing())).toMatchObject({ state: 'delivered' })
})

it('S4-08: an administrator lists and revokes the keys of every account', async () => {
  await shop.gate.api('POST', '/accounts', { id: 'odoo', kind: 'service', name: 'Odoo' })
  const key = await keyFor(shop.gate, ['accounting-post'], { account: 'odoo' })
  const { body } = await shop.gate.api('GET', '/keys?limit=200')
  const { id } = body.items.find((item: { account: string }) => item.account === 'odoo')
  expect((await shop.gate.api('DELETE', `/keys/${id}`)).status).toBeLessThan(300)
  const refused = await shop.call('POST', POST, { headers: { 'API-KEY': key } })
  expect(refused.headers.get('octroi-error')).toBe('key_revoked')
})
