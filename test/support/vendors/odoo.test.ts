import { afterEach, beforeEach, expect, it } from 'vitest'
import { basic, call } from './calling.ts'
import { ODOO_KEY, ODOO_RPC_KEY, type Odoo, startOdoo } from './odoo.ts'

let odoo: Odoo
beforeEach(async () => {
  odoo = await startOdoo()
})
afterEach(() => odoo.stop())

const orders = (headers: Record<string, string>, name = 'orders') =>
  call(`GET ${odoo.url}/my-endpoint/${name}`, { headers })
const statusOf = async (key: string, name = 'orders') => (await orders({ 'API-KEY': key }, name)).status

it('200 as the user of the key, whatever Basic says', async () => {
  const { status, body } = await orders({ 'api-key': ODOO_KEY, Authorization: basic('nobody', 'wrong') })
  expect([status, body]).toEqual([200, { user: 'webshop', auth_api_key_id: 1, method: 'GET', endpoint: 'orders' }])
})

it('403 page without the header, with an empty one, and with Basic alone', async () => {
  const without = await orders({})
  expect([without.status, without.text]).toEqual([403, expect.stringContaining('Access Denied')])
  expect((await orders({ 'API-KEY': '' })).status).toBe(403)
  expect((await orders({ Authorization: basic('webshop', 'webshop-password') })).status).toBe(403)
  expect(odoo.log).toEqual(Array(3).fill('Wrong HTTP_API_KEY, access denied'))
})

it('403 for a wrong key, which stands in the log afterwards', async () => {
  expect(await statusOf('a-wrong-key')).toBe(403)
  expect(odoo.log[0]).toContain('The key a-wrong-key is not allowed')
  expect(await statusOf('clé'.normalize('NFC'))).toBe(403)
})

it('a header with an underscore is dropped, unless that is switched on', async () => {
  expect((await orders({ API_KEY: ODOO_KEY })).status).toBe(403)
  odoo.settings.underscoresInHeaders = true
  expect((await orders({ API_KEY: ODOO_KEY })).status).toBe(200)
  // Two spellings are one variable of WSGI, so that neither key is found.
  expect((await orders({ API_KEY: ODOO_KEY, 'API-KEY': ODOO_KEY })).status).toBe(403)
})

it('the key of an archived user works, unless the option is on', async () => {
  odoo.archiveUser('webshop')
  expect(await statusOf(ODOO_KEY)).toBe(200)
  odoo.settings.archivedUserDisablesKey = true
  odoo.archiveUser('webshop')
  expect(await statusOf(ODOO_KEY)).toBe(403)
  odoo.archiveUser('webshop', false)
  expect(await statusOf(ODOO_KEY)).toBe(200)
})

it('a deleted key goes on working for whoever is in the cache, until Odoo starts anew', async () => {
  odoo.addKey({ id: 2, name: 'Till', key: 'till-key', user: 'reports' })
  expect([await statusOf(ODOO_KEY), await statusOf('till-key')]).toEqual([200, 200])
  odoo.deleteKey(1)
  expect(await statusOf(ODOO_KEY)).toBe(200)
  odoo.restart()
  expect([await statusOf(ODOO_KEY), await statusOf('till-key')]).toEqual([403, 200])
})

it('an archived key goes on working for whoever is in the cache, a changed one does not', async () => {
  expect(await statusOf(ODOO_KEY)).toBe(200)
  odoo.writeKey(1, { active: false })
  expect(await statusOf(ODOO_KEY)).toBe(200)
  odoo.writeKey(1, { key: 'another-key' })
  expect([await statusOf(ODOO_KEY), await statusOf('another-key')]).toEqual([403, 403])
  odoo.writeKey(1, { active: true, user: 'reports' })
  expect((await orders({ 'API-KEY': 'another-key' })).body.user).toBe('reports')
})

it('403 for a key outside the groups of an endpoint, and for every key where the list is empty', async () => {
  expect([await statusOf(ODOO_KEY, 'stock'), await statusOf(ODOO_KEY, 'closed')]).toEqual([403, 403])
  odoo.writeKey(1, { groups: ['stock'] })
  expect([await statusOf(ODOO_KEY, 'stock'), await statusOf(ODOO_KEY, 'closed')]).toEqual([200, 403])
  expect(odoo.log[0]).toBe('API key 1 not allowed on /my-endpoint/stock')
})

it('what the environment provides wins over the table; an empty value never matches', async () => {
  odoo.writeKey(1, { techName: 'web_shop' })
  odoo.settings.serverEnv = { web_shop: 'from-the-environment' }
  expect([await statusOf(ODOO_KEY), await statusOf('from-the-environment')]).toEqual([403, 200])
  odoo.settings.serverEnv = { web_shop: '' }
  expect([await statusOf(ODOO_KEY), await statusOf('')]).toEqual([403, 403])
})

it('JSON-2 takes the key of an active user as a bearer token, and says so in its 401', async () => {
  const search = (headers: Record<string, string>) =>
    call(`POST ${odoo.url}/json/2/res.partner/search_read`, { json: { limit: 1 }, headers })
  const found = await search({ Authorization: `bearer ${ODOO_RPC_KEY}` })
  expect([found.status, found.body[0]]).toEqual([
    200,
    expect.objectContaining({ model: 'res.partner', user: 'reports' }),
  ])
  const refused = await search({ Authorization: `Bearer ${ODOO_KEY}` })
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'bearer'])
  odoo.archiveUser('reports')
  expect((await search({ Authorization: `bearer ${ODOO_RPC_KEY}` })).status).toBe(401)
})

const value = (kind: string, text: string) => `<param><value><${kind}>${text}</${kind}></value></param>`
const xmlCall = (method: string, ...params: string[]) =>
  `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params.join('')}</params></methodCall>`

it('XML-RPC takes a password or a key of the user in the body', async () => {
  const common = (password: string) => {
    const params = [value('string', 'db'), value('string', 'reports'), value('string', password)]
    return call(`POST ${odoo.url}/xmlrpc/2/common`, { xml: xmlCall('authenticate', ...params) })
  }
  expect((await common(ODOO_RPC_KEY)).text).toContain('<int>3</int>')
  expect((await common('wrong')).text).toContain('<boolean>0</boolean>')
  const read = (password: string) => {
    const params = [value('string', 'db'), value('int', '3'), value('string', password), value('string', 'res.partner')]
    return call(`POST ${odoo.url}/xmlrpc/2/object`, { xml: xmlCall('execute_kw', ...params) })
  }
  expect((await read('reports-password')).text).toContain('Azure Interior')
  expect((await read('wrong')).text).toContain('<string>Access Denied</string>')
})

it('JSON-RPC answers 200 with an error inside', async () => {
  const read = (password: string) => {
    const params = {
      service: 'object',
      method: 'execute_kw',
      args: ['db', 3, password, 'res.partner', 'search_read', []],
    }
    return call(`POST ${odoo.url}/jsonrpc`, { json: { jsonrpc: '2.0', id: 1, method: 'call', params } })
  }
  expect((await read(ODOO_RPC_KEY)).body.result[0].name).toBe('Azure Interior')
  const refused = await read('wrong')
  expect([refused.status, refused.body.error.data.name]).toEqual([200, 'odoo.exceptions.AccessDenied'])
})
