import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { jwt } from '../../src/outbound/schemes/jwt.ts'
import { headersOf, socketContext } from '../support/socket_context.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from '../support/vendors/webcrm.ts'

const folder = join(import.meta.dirname, '../../connectors')
const shipped = (name: string) => parseConnector(readFileSync(join(folder, name), 'utf8'), name)
const exchange = jwt.exchange as NonNullable<typeof jwt.exchange>
const clock = testClock()
const context = socketContext(clock.now)
let webcrm: WebCrm

beforeEach(async () => {
  webcrm = await startWebCrm({ now: clock.now })
})
afterEach(() => webcrm.stop())

function connection(name: string, more: Record<string, string> = {}) {
  const connector = shipped(name)
  const login_url = `${webcrm.url}/Auth/ApiLogin`
  const settings = validateSettings(connector, { base_url: webcrm.url, login_url, ...more })
  return { connector, settings, secrets: validateSecrets(connector, 'jwt', { api_key: WEBCRM_AUTH_CODE }) }
}

it('webcrm: an hour for an application token, and another when it is over', async () => {
  const held = connection('webcrm.yaml')
  const { values, expiresAt } = await exchange.run(held, context)
  expect(expiresAt).toBe(clock.now() + 3_600_000)
  expect(Object.keys(jwt.injects({ ...held, token: values }))).toEqual(['jwt_access_token', 'jwt_refresh_token'])
  const persons = (token: typeof values) =>
    call(`GET ${webcrm.url}/Persons`, { headers: headersOf(jwt.sign({ ...held, token }).headers) })
  expect((await persons(values)).status).toBe(200)
  clock.advance(3600)
  expect((await persons(values)).status).toBe(401)
  const next = await exchange.run({ ...held, token: values }, context)
  expect([(await persons(next.values)).status, webcrm.tokensIssued()]).toEqual([200, 2])
})

it('webcrm: IsError inside a 200 is a person’s matter, an outage is not', async () => {
  const held = connection('webcrm.yaml')
  webcrm.settings.codeValid = false
  await expect(exchange.run(held, context)).rejects.toMatchObject({ kind: 'human' })
  webcrm.failTokens(1, 500)
  await expect(exchange.run(held, context)).rejects.toMatchObject({ kind: 'transient' })
})

it('generic-jwt: the key in the header that the setting names', async () => {
  webcrm.settings.placement = 'header'
  const { values } = await exchange.run(connection('generic-jwt.yaml', { jwt_header_key: 'authCode' }), context)
  expect(values.jwt_access_token).toMatch(/^[0-9a-f]{64}$/)
  await expect(exchange.run(connection('generic-jwt.yaml'), context)).rejects.toMatchObject({ kind: 'human' })
})

it('generic-jwt: a refresh address that does not answer well is passed over', async () => {
  webcrm.settings.placement = 'header'
  const more = { jwt_header_key: 'authCode', refresh_url: `${webcrm.url}/Auth/Refresh` }
  const token = { jwt_refresh_token: 'r' }
  const { values } = await exchange.run({ ...connection('generic-jwt.yaml', more), token }, context)
  expect(values.jwt_access_token).toMatch(/^[0-9a-f]{64}$/)
  expect(webcrm.requests.map(({ url }) => url)).toEqual(['/Auth/Refresh', '/Auth/ApiLogin'])
})
