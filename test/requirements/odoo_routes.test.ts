import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { octroi } from '../cli/octroi.ts'
import { ODOO_RPC_KEY } from '../support/vendors/odoo.ts'
import { stepsOf } from './guide_steps.ts'
import { basic, HOST, type House, odooConnection, openHouse } from './odoo_house.ts'

/** nginx asks Octroi before it sends a request on: the second site of docs/guides/odoo.md. */

/** A command of the page; single quotes are all that its words have. */
async function run(line: string): Promise<void> {
  const [program, ...args] = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''))
  const env = { OCTROI_URL: house.gate.url, OCTROI_KEY: house.gate.adminKey }
  const { code, stderr } = await octroi(args, { env })
  expect([program, args, code, stderr]).toEqual(['octroi', args, 0, ''])
}

const SECRET = 'correct horse battery'

let house: House
let key: string
beforeAll(async () => {
  house = await openHouse()
  await house.make('/connections', odooConnection(house.odoo))
  await house.make('/accounts', { id: 'webshop', kind: 'service', name: 'Web shop', password: SECRET })
  const grants = [{ connection: 'odoo', allow: ['* /my-endpoint/**'] }]
  key = (await house.make('/keys', { name: 'Web shop', account: 'webshop', grants })).key
  for (const step of stepsOf('guides/odoo.md')) if (step.do === 'type') await run(step.command)
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

/** What the 401 names, and that nothing came to Odoo. */
async function missing(headers: Record<string, string>): Promise<string | undefined> {
  const before = house.odoo.requests.length
  const answer = await house.ask(ORDERS, headers)
  expect([answer.status, answer.headers['octroi-error'], house.odoo.requests.length]).toEqual([
    401,
    'unauthenticated',
    before,
  ])
  return answer.headers['www-authenticate']
}

const BASIC = 'Basic realm="octroi", charset="UTF-8"'
const KEY = 'Bearer realm="octroi"'

describe('S4-07: Basic and an API key together, in two headers', () => {
  it('S4-07: neither: 401, which names both', async () => {
    expect(await missing({})).toBe(`${BASIC}, ${KEY}`)
  })

  it('S4-07: Basic alone: 401, which names the key', async () => {
    expect(await missing({ Authorization: basic('webshop', SECRET) })).toBe(KEY)
  })

  it('S4-07: the key alone: 401, which names Basic', async () => {
    expect(await missing({ 'API-KEY': key })).toBe(BASIC)
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
  const { body: routes } = await house.gate.api('GET', '/routes')
  const { id } = routes.items.find(({ path }: { path: string }) => path === '/jsonrpc')
  const line = audit.items.find(({ target }: { target: string }) => target === `route:${id}`)
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
  for (const line of ['GET /my-endpointx', 'POST /xmlrpc/1/object', 'POST /jsonrpc/x', 'GET /web/login', 'GET /']) {
    const { status, headers } = await house.ask(line, { 'API-KEY': key })
    expect([line, status, headers['octroi-error']]).toEqual([line, 403, 'not_granted'])
  }
  expect(house.odoo.requests.length).toBe(before)
})
