import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { type SuperOffice, startSuperOffice } from '../support/vendors/superoffice.ts'
import { startTripletex, TRIPLETEX_CONSUMER, TRIPLETEX_EMPLOYEE, type Tripletex } from '../support/vendors/tripletex.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from '../support/vendors/webcrm.ts'
import { callbackOf, caller, credentials, NEAR, onboard, startPublicGate } from './person.ts'

/** The five schemes that were asked for, side by side in one installation. */

let gate: TestGate
let service: Upstream
let oauth: OAuth2Server
let tripletex: Tripletex
let so: SuperOffice
let webcrm: WebCrm

beforeAll(async () => {
  gate = await startPublicGate()
  service = await startUpstream()
  oauth = await startOAuth2Server({ settings: { redirectUris: [callbackOf(gate, 'generic-oauth2', 'oauth2')] } })
  tripletex = await startTripletex()
  so = await startSuperOffice({ redirectUris: [callbackOf(gate, 'superoffice', 'superoffice')] })
  webcrm = await startWebCrm()
  for (const [id, [connector, settings, secrets]] of Object.entries(accounts())) {
    const fields = Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`secrets.${name}`, value]))
    await onboard(gate, { connector, connection_id: id, settings, network: NEAR }, fields)
  }
})
afterAll(async () => {
  await gate?.stop()
  await Promise.all([service, oauth, tripletex, so, webcrm].map((each) => each?.stop()))
})

type Account = readonly [connector: string, settings: object, secrets: Readonly<Record<string, string>>]

/** What a person types, by the id of the connection, which is the name of the scheme. */
function accounts(): Readonly<Record<string, Account>> {
  const at = (path: string) => `${oauth.url}${path}`
  const { clientId, clientSecret, key } = so.app
  return {
    oauth2: [
      'generic-oauth2',
      { base_url: oauth.url, authorization_url: at('/authorize'), token_url: at('/token'), scope: 'offline_access' },
      { client_id: oauth.clientId, client_secret: oauth.clientSecret },
    ],
    api_key: ['generic-api-key', { base_url: service.url }, { api_key: 'k-1' }],
    tripletex: [
      'tripletex',
      { base_url: tripletex.url },
      { consumer_key: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_EMPLOYEE.token },
    ],
    superoffice: [
      'superoffice',
      { login_url: so.url },
      { client_id: clientId, client_secret: clientSecret, private_key: key.xml },
    ],
    jwt: ['webcrm', { base_url: webcrm.url, login_url: `${webcrm.url}/Auth/ApiLogin` }, { api_key: WEBCRM_AUTH_CODE }],
  }
}

it.each([
  ['oauth2', '/resource', /^Bearer \S+$/, () => oauth],
  ['api_key', '/x', /^Bearer k-1$/, () => service],
  ['tripletex', '/v2/customer', /^Basic \S+$/, () => tripletex],
  ['superoffice', '/v1/Person', /^SOTicket \S+$/, () => so.hosts[0]],
  ['jwt', '/Persons', /^bearer \S+$/, () => webcrm],
] as const)(
  'S2-01: %s: a call with an Octroi key alone reaches the service as it wants it',
  async (id, path, signed, at) => {
    const { body } = await gate.api('GET', `/connections/${id}`)
    expect(body).toMatchObject({ scheme: id, state: 'ready' })
    const answer = await (await caller(gate, id))(path)
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([200, null])
    expect(at()?.requests.at(-1)?.header('authorization')).toMatch(signed)
  },
)

/** As the documentation that these connectors were written for has them; what Octroi adds is marked. */
const INJECTED: Readonly<Record<string, readonly string[]>> = {
  oauth2: ['oauth_access_token', 'oauth_client_id', 'oauth_client_secret', 'oauth_refresh_token'],
  api_key: ['api_key'],
  tripletex: ['consumer_key', 'consumer_token', 'employee_token', 'session_token'],
  superoffice: [
    'SO-Apptoken',
    'oauth_access_token',
    'oauth_client_id',
    'oauth_client_secret',
    'oauth_refresh_token',
    'so_ticket',
  ],
  jwt: ['jwt_access_token', 'jwt_refresh_token'],
}

it.each(Object.entries(INJECTED))('S2-22: every value that %s injects is text, and not empty', async (id, names) => {
  const injected = await credentials(gate, id)
  expect(Object.keys(injected).sort()).toEqual(names)
  for (const [name, value] of Object.entries(injected))
    expect([name, typeof value, value.length > 0]).toEqual([name, 'string', true])
})

it('S2-22: the description of the interface promises text as well', async () => {
  const document = (await (await fetch(`${gate.url}/openapi.json`)).json()) as {
    // biome-ignore lint/suspicious/noExplicitAny: a document of depth, read in one place
    paths: Record<string, any>
  }
  const path = Object.keys(document.paths).find((each) => each.endsWith('/connections/{id}/credentials')) ?? ''
  const { schema } = document.paths[path].get.responses['200'].content['application/json']
  const { secrets } = (schema.$ref === undefined ? schema : undefined).properties
  expect(secrets.additionalProperties).toEqual({ type: 'string' })
})
