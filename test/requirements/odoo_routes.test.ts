import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ODOO_RPC_KEY } from '../support/vendors/odoo.ts'
import { basic, HOST, type House, odooConnection, openHouse } from './odoo_house.ts'

/** nginx asks Octroi before it sends a request on: the second site of docs/guides/odoo.md. */

const SECRET = 'correct horse battery'

let house: House
let key: string
beforeAll(async () => {
  house = await openHouse()
  await house.make('/connections', odooConnection(house.odoo))
  await house.make('/accounts', { id: 'webshop', kind: 'service', name: 'Web shop', password: SECRET })
  const grants = [{ connection: 'odoo', allow: ['* /my-endpoint/**'] }]
  key = (await house.make('/keys', { name: 'Web shop', account: 'webshop', grants })).key
  const anonymous = { accept: { any: ['anonymous'] } }
  await house.make('/routes', { id: 'xmlrpc', host: HOST, path: '/xmlrpc/2/**', ...anonymous })
  await house.make('/routes', { id: 'jsonrpc', host: HOST, path: '/jsonrpc', ...anonymous })
  await house.make('/routes', {
    id: 'orders',
    host: HOST,
    path: '/my-endpoint/orders',
    accept: { all: ['basic', 'api_key'] },
    allow: { authenticated: true },
  })
  await house.make('/routes', {
    id: 'ping',
    host: HOST,
    path: '/my-endpoint/ping',
    methods: ['GET'],
    accept: { any: ['api_key'] },
    allow: { accounts: ['webshop'] },
  })
  await house.site('guides/odoo.md', 'Octroi is asked first')
})
afterAll(() => house.stop())

const ORDERS = 'GET /my-endpoint/orders'

describe('S4-07: Basic and an API key together, in two headers', () => {
  it('S4-07: neither: 401, which names both', async () => {
    const { status, headers } = await house.ask(ORDERS)
    expect([status, headers['octroi-error']]).toEqual([401, 'unauthenticated'])
    expect(headers['www-authenticate']).toMatch(
      /Basic[\s\S]*Bearer|Bearer[\s\S]*Basic|Basic[\s\S]*API-KEY|API-KEY[\s\S]*Basic/i,
    )
  })

  it('S4-07: Basic alone: 401, which names the key', async () => {
    const before = house.odoo.requests.length
    const { status, headers } = await house.ask(ORDERS, { Authorization: basic('webshop', SECRET) })
    expect([status, house.odoo.requests.length]).toEqual([401, before])
    expect(headers['www-authenticate']).not.toMatch(/Basic/i)
  })

  it('S4-07: the key alone: 401, which names Basic', async () => {
    const before = house.odoo.requests.length
    const { status, headers } = await house.ask(ORDERS, { 'API-KEY': key })
    expect([status, house.odoo.requests.length]).toEqual([401, before])
    expect(headers['www-authenticate']).toMatch(/^Basic/i)
  })

  it('S4-07: both: each is verified, and Odoo gets Octroi’s key', async () => {
    const both = { Authorization: basic('webshop', SECRET), 'API-KEY': key }
    expect((await house.ask(ORDERS, both)).status).toBe(200)
    expect(house.last().header('Authorization')).toBeUndefined()
    expect((await house.ask(ORDERS, { ...both, Authorization: basic('webshop', `${SECRET}!`) })).status).toBe(401)
    expect((await house.ask(ORDERS, { ...both, Authorization: basic('reports', SECRET) })).status).toBe(401)
    expect((await house.ask(ORDERS, { ...both, 'API-KEY': `${key}x` })).status).toBe(401)
  })
})

const xml = (password: string) =>
  `<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params>${['db', 3, password]
    .map((value) => `<param><value>${typeof value === 'number' ? `<int>${value}</int>` : value}</value></param>`)
    .join('')}</params></methodCall>`

const CLAIMS = {
  'API-KEY': 'forged-key',
  'X-API-Key': 'forged-key',
  Authorization: 'Bearer forged-token',
  'Remote-User': 'forged-user',
  'X-Forwarded-User': 'forged-user',
  'Octroi-Subject': 'forged-subject',
}

it('S4-05: XML-RPC: the key in the body passes as it is, the headers of a caller do not (S4-04)', async () => {
  const good = await house.ask('POST /xmlrpc/2/object', { ...CLAIMS, 'Content-Type': 'text/xml' }, xml(ODOO_RPC_KEY))
  expect([good.status, good.text]).toEqual([200, expect.stringContaining('Azure Interior')])
  expect(house.last().body.toString()).toBe(xml(ODOO_RPC_KEY))
  expect(house.last().rawHeaders.join('\n')).not.toContain('forged')
  const wrong = await house.ask('POST /xmlrpc/2/object', {}, xml('wrong'))
  expect([wrong.status, wrong.text]).toEqual([200, expect.stringContaining('Access Denied')])
})

it('S4-05: JSON-RPC: the same, and each request is a line of the trail', async () => {
  const params = {
    service: 'object',
    method: 'execute_kw',
    args: ['db', 3, ODOO_RPC_KEY, 'res.partner', 'search_read'],
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'call', params })
  const answer = await house.ask('POST /jsonrpc', { 'Content-Type': 'application/json' }, body)
  expect([answer.status, JSON.parse(answer.text).result[0].name]).toEqual([200, 'Azure Interior'])
  const { body: audit } = await house.gate.api('GET', '/audit?limit=20')
  const line = audit.items.find(({ target }: { target: string }) => target === 'route:jsonrpc')
  expect(line).toMatchObject({ action: 'forward-auth', method: 'POST', path: '/jsonrpc', status: 200 })
  expect(JSON.stringify(audit)).not.toContain(ODOO_RPC_KEY)
})

it('S4-13: a route asks for an API key, and takes nothing else', async () => {
  expect((await house.ask('GET /my-endpoint/ping')).status).toBe(401)
  expect((await house.ask('GET /my-endpoint/ping', { Authorization: basic('webshop', SECRET) })).status).toBe(401)
  expect((await house.ask('GET /my-endpoint/ping', { 'API-KEY': key })).status).toBe(200)
})

it('S4-13: what no route lists is denied, whatever the key may do', async () => {
  const before = house.odoo.requests.length
  for (const line of ['GET /my-endpoint/stock', 'POST /my-endpoint/ping', 'GET /my-endpoint/pingx']) {
    const { status, headers } = await house.ask(line, { 'API-KEY': key })
    expect([line, status, headers['octroi-error']]).toEqual([line, 403, 'not_granted'])
  }
  expect(house.odoo.requests.length).toBe(before)
})
