import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { ODOO_KEY, type Odoo, startOdoo } from '../support/vendors/odoo.ts'
import { odooConnection } from './odoo_house.ts'

/** What the boot settings say about keys; the files are read at the start here, and anew while it runs in the tests of their reader. */

const FROM_FILE = 'a-key-of-production-90c1f2'

let odoo: Odoo
let gate: TestGate
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-keys-'))
  mkdirSync(join(folder, 'default'))
  mkdirSync(join(folder, 'production'))
  writeFileSync(join(folder, 'default', 'keys.conf'), `[api_key_reports]\nkey = the-key-of-every-environment\n`)
  writeFileSync(join(folder, 'production', 'keys.conf'), `[api_key_reports]\nkey = ${FROM_FILE}\n`)
  odoo = await startOdoo()
  const env = { OCTROI_KEYS_OUTLIVE_OWNER: 'true', OCTROI_KEYS_FILES: folder, OCTROI_ENVIRONMENT: 'production' }
  gate = await startTestGate(env)
  expect((await gate.api('POST', '/connections', odooConnection(odoo))).status).toBe(201)
})
afterAll(async () => {
  await gate.stop()
  await odoo.stop()
  rmSync(folder, { recursive: true })
})

async function keyOf(account: string, more: object = {}): Promise<{ id: string; key: string }> {
  await gate.api('POST', '/accounts', { id: account, kind: 'person', name: account })
  const grants = [{ connection: 'odoo', allow: ['* /my-endpoint/**'] }]
  const { status, body } = await gate.api('POST', '/keys', { name: account, account, grants, ...more })
  expect(status).toBe(201)
  return body
}

const ask = (key: string) =>
  fetch(`${gate.url}/proxy/odoo/my-endpoint/orders`, { headers: { 'API-KEY': key } }).then(({ status }) => status)

it('S4-06: a setting makes keys outlive their owner unless a key says otherwise', async () => {
  const plain = await keyOf('ada')
  const bound = await keyOf('bob', { usable_when_owner_inactive: false })
  for (const account of ['ada', 'bob']) await gate.api('POST', `/accounts/${account}/disable`)
  expect([await ask(plain.key), await ask(bound.key)]).toEqual([200, 401])
  await gate.api('PATCH', `/keys/${plain.id}`, { usable_when_owner_inactive: false })
  expect(await ask(plain.key)).toBe(401)
})

it('S4-12: the server’s files give a key its secret: the stored one does not work, and no answer shows either', async () => {
  const made = await keyOf('reports', { tech_name: 'reports' })
  expect([await ask(FROM_FILE), await ask(made.key)]).toEqual([200, 401])
  expect(odoo.requests.at(-1)?.header('API-KEY')).toBe(ODOO_KEY)
  // The folder of the environment wins over the one of all.
  expect(await ask('the-key-of-every-environment')).toBe(401)
  const { body } = await gate.api('GET', `/keys/${made.id}`)
  expect([body.provided, JSON.stringify(body)]).toEqual([true, expect.not.stringContaining(FROM_FILE)])
  expect((await gate.api('POST', `/keys/${made.id}/rotate`, {})).status).toBe(409)
})
