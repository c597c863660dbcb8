import { afterAll, beforeAll, expect, it } from 'vitest'
import { LOOPBACK_NETWORK } from '../recyclique/shop.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { ODOO_KEY, ODOO_RPC_KEY } from '../support/vendors/odoo.ts'
import { basic, HOST, type House, odooConnection, openHouse } from './odoo_house.ts'

/** A program → nginx → Octroi → Odoo, by the sites of docs/guides/odoo.md. */

const PAGE = 'guides/odoo.md'
const GRANTS = [
  { connection: 'odoo', allow: ['* /my-endpoint/**'] },
  { connection: 'odoo-json2', allow: ['partners-read'] },
]

let house: House
let key: string
beforeAll(async () => {
  house = await openHouse()
  await house.make('/connections', odooConnection(house.odoo))
  await house.make('/connections', {
    id: 'odoo-json2',
    connector: 'odoo-json2',
    settings: { base_url: house.odoo.url },
    secrets: { api_key: ODOO_RPC_KEY },
    network: LOOPBACK_NETWORK,
  })
  await house.make('/accounts', { id: 'webshop', kind: 'service', name: 'Web shop' })
  key = (await house.make('/keys', { name: 'Web shop', account: 'webshop', grants: GRANTS })).key
  await house.site(PAGE, 'Octroi in front of some routes of Odoo')
})
afterAll(() => house.stop())

const ORDERS = 'GET /my-endpoint/orders'

it('S4-01: a program’s API key is all that it sends through nginx, and Odoo gets Octroi’s own', async () => {
  const { status, text } = await house.ask(ORDERS, { 'API-KEY': key })
  expect([status, JSON.parse(text)]).toEqual([200, expect.objectContaining({ user: 'webshop', endpoint: 'orders' })])
  expect(house.last().header('API-KEY')).toBe(ODOO_KEY)
  expect(house.last().rawHeaders.join('\n')).not.toContain(key)
  const without = await house.ask(ORDERS)
  expect([without.status, without.headers['octroi-error']]).toEqual([401, 'unauthenticated'])
  expect(without.headers['www-authenticate']).toContain('Bearer')
})

it('S4-01: a wrong key is refused by Octroi and stands in no log of Odoo’s', async () => {
  const before = house.odoo.requests.length
  expect((await house.ask(ORDERS, { 'API-KEY': 'a-wrong-key-that-nobody-has' })).status).toBe(401)
  expect([house.odoo.requests.length, house.odoo.log]).toEqual([before, []])
})

it('S4-02: API-KEY names the program’s account, in the trail and nowhere else', async () => {
  await house.ask(ORDERS, { 'API-KEY': key })
  const { body } = await house.gate.api('GET', '/audit?connection=odoo&limit=1')
  expect(body.items[0]).toMatchObject({ account: 'webshop', status: 200, path: '/my-endpoint/orders' })
})

it.each([
  '/my-endpoint//orders',
  '/my-endpoint/../my-endpoint/orders',
  '/web/../my-endpoint/orders',
  '/my-endpoint/%2e%2e/x',
])('S4-01: 400 unsafe_path for %s: nginx and Octroi never take two paths for one', async (path) => {
  const before = house.odoo.requests.length
  const { status, headers } = await house.ask(`GET ${path}`, { 'API-KEY': key })
  // nginx sends on as `/x` what leaves the location by its own reading: there the key is taken off.
  if (status === 404) expect(house.last().header('API-KEY')).toBeUndefined()
  else expect([status, headers['octroi-error'], house.odoo.requests.length]).toEqual([400, 'unsafe_path', before])
})

/** Every spelling of a credential or an identity that a program behind could believe. */
const CLAIMS = [
  'X-Api-Key: forged-x-api-key',
  'Remote-User: forged-remote-user',
  'X-Remote-User: forged-x-remote-user',
  'X-Forwarded-User: forged-forwarded-user',
  'X-Forwarded-Email: forged@example.org',
  'X-Auth-Request-Email: forged-auth@example.org',
  'Octroi-Subject: forged-subject',
  'Octroi-Groups: forged-groups',
]

const FORGED = /forged/

it('S4-04: on no connection anything of a caller’s credential or identity arrives; what is set is Octroi’s own', async () => {
  await house.make('/connections', {
    id: 'plain',
    connector: 'generic-basic',
    settings: { base_url: house.odoo.url },
    secrets: { username: 'octroi', password: 'a-password-of-octroi' },
    network: LOOPBACK_NETWORK,
  })
  const grants = ['plain', 'odoo', 'odoo-json2'].map((connection) => ({ connection, allow: ['* /**'] }))
  const { key } = await house.make('/keys', { name: 'everywhere', grants })
  const expected = {
    plain: ['Authorization', basic('octroi', 'a-password-of-octroi')],
    odoo: ['API-KEY', ODOO_KEY],
    'odoo-json2': ['Authorization', `bearer ${ODOO_RPC_KEY}`],
  } as const
  for (const [connection, [own, value]] of Object.entries(expected)) {
    const claims = CLAIMS.filter((line) => !line.startsWith('X-Api-Key'))
    const lines = [`GET /proxy/${connection}/web/login HTTP/1.1`, 'Host: gate', `API-KEY: ${key}`, `X-API-Key: ${key}`]
    expect((await rawRequest(house.gate.port, rawLines(...lines, ...claims, 'Cookie: session_id=forged'))).status).toBe(
      200,
    )
    const arrived = house.last().rawHeaders
    expect(arrived.join('\n')).not.toMatch(FORGED)
    expect(arrived.join('\n')).not.toContain(key)
    expect(house.last().header(own)).toBe(value)
    const credentials = arrived.filter(
      (_, i) => i % 2 === 0 && /^(authorization|api.?key|x.api.?key)$/i.test(arrived[i] as string),
    )
    expect(credentials.map((name) => name.toLowerCase())).toEqual([own.toLowerCase()])
  }
})

it.each(['API_KEY', 'X_Api_Key', 'Api.Key', 'Remote_User', 'Octroi_Subject'])(
  'S4-04: %s, which a service could take for the header with hyphens, is answered 400 by Octroi and dropped by nginx',
  async (name) => {
    const before = house.odoo.requests.length
    const head = ['GET /proxy/odoo/my-endpoint/orders HTTP/1.1', 'Host: gate', `API-KEY: ${key}`, `${name}: forged`]
    expect((await rawRequest(house.gate.port, rawLines(...head))).status).toBe(400)
    expect(house.odoo.requests.length).toBe(before)
    const { status } = await house.ask(ORDERS, { 'API-KEY': key, [name]: 'forged' })
    // nginx drops what has an underscore or a dot.
    expect([status, house.last().rawHeaders.join('\n')]).toEqual([200, expect.not.stringMatching(FORGED)])
  },
)

it('S4-04: what does not go through Octroi arrives without any key', async () => {
  const headers = { 'API-KEY': ODOO_KEY, 'X-Api-Key': 'forged', API_KEY: ODOO_KEY }
  expect((await house.ask('GET /web/login', headers)).status).toBe(200)
  expect(house.last().rawHeaders.join('\n')).not.toMatch(/forged|webshop-key/)
  // A spelling that is another place to nginx, and that a module of Odoo could take for the same route.
  expect((await house.ask('GET /fr/my-endpoint/orders', headers)).status).toBe(404)
  expect(house.last().header('API-KEY')).toBeUndefined()
})

it('S4-05: JSON-2: a program’s key as a bearer token becomes Octroi’s bearer token', async () => {
  const body = JSON.stringify({ domain: [], fields: ['name'] })
  const headers = { Authorization: `bearer ${key}`, 'Content-Type': 'application/json' }
  const found = await house.ask('POST /json/2/res.partner/search_read', headers, body)
  expect([found.status, JSON.parse(found.text)[0]]).toEqual([200, expect.objectContaining({ user: 'reports' })])
  expect([house.last().header('Authorization'), house.last().body.toString()]).toEqual([`bearer ${ODOO_RPC_KEY}`, body])
  const other = await house.ask('POST /json/2/res.users/search_read', headers, body)
  expect([other.status, other.headers['octroi-error']]).toEqual([403, 'not_granted'])
})

it('S4-05: XML-RPC passes beside Octroi as it is, with the key of a user for a password', async () => {
  const params = ['db', 'reports', ODOO_RPC_KEY, ''].map((value) => `<param><value>${value}</value></param>`)
  const call = `<methodCall><methodName>authenticate</methodName><params>${params.join('')}</params></methodCall>`
  const { status, text } = await house.ask('POST /xmlrpc/2/common', { 'Content-Type': 'text/xml' }, call)
  expect([status, text]).toEqual([200, expect.stringContaining('<int>3</int>')])
  expect(house.last().body.toString()).toBe(call)
})

it('S4-08: an administrator makes, changes and ends keys of every account; nobody else sees them', async () => {
  const made = await house.make('/keys', { name: 'Till', account: 'webshop', grants: GRANTS })
  expect((await house.ask(ORDERS, { 'API-KEY': made.key })).status).toBe(200)
  expect((await house.gate.api('GET', '/keys', undefined, { key: made.key })).status).toBe(403)
  expect((await house.gate.api('PATCH', `/keys/${made.id}`, { grants: [] })).status).toBe(200)
  expect((await house.ask(ORDERS, { 'API-KEY': made.key })).headers['octroi-error']).toBe('not_granted')
  expect((await house.gate.api('DELETE', `/keys/${made.id}`)).status).toBe(204)
  expect((await house.ask(ORDERS, { 'API-KEY': made.key })).headers['octroi-error']).toBe('key_revoked')
})

it('S4-09: a service is an account of its own kind, which needs no login and is not an inactive user', async () => {
  const made = await house.make('/accounts', { kind: 'service', name: 'Warehouse' })
  expect(made).toMatchObject({ kind: 'service', has_password: false, disabled_at: null })
  const { key } = await house.make('/keys', { name: 'Warehouse', account: made.id, grants: GRANTS })
  const { status, text } = await house.ask(ORDERS, { 'API-KEY': key, Host: HOST })
  expect([status, JSON.parse(text).user]).toEqual([200, 'webshop'])
})
