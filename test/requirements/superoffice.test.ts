import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TestGate } from '../support/gate.ts'
import { call } from '../support/vendors/calling.ts'
import { type SuperOffice, startSuperOffice } from '../support/vendors/superoffice.ts'
import { callbackOf, caller, credentials, NEAR, onboard, refusedBy, startPublicGate } from './person.ts'

/** The scheme superoffice behind a running gate: an administrator of the tenant agrees, and tickets are made from that. */

let gate: TestGate
let so: SuperOffice
beforeEach(async () => {
  gate = await startPublicGate()
  so = await startSuperOffice({ redirectUris: [callbackOf(gate, 'superoffice', 'crm')] })
})
afterEach(async () => {
  await gate.stop()
  await so.stop()
})

async function connect(): Promise<void> {
  const { clientId, clientSecret, key } = so.app
  await onboard(
    gate,
    { connector: 'superoffice', connection_id: 'crm', settings: { login_url: so.url }, network: NEAR },
    { 'secrets.client_id': clientId, 'secrets.client_secret': clientSecret, 'secrets.private_key': key.xml },
  )
}

/** Whether the host of the tenant takes a ticket, asked without Octroi between. */
const taken = async (ticket: string | undefined) =>
  (
    await call(`GET ${so.hosts[0]?.url}/${so.tenant}/api/v1/Person`, {
      headers: { Authorization: `SOTicket ${ticket}`, 'SO-AppToken': so.app.clientSecret },
    })
  ).status

it('S2-15: after the sign-in there are a ticket and the four values of OAuth2', async () => {
  await connect()
  expect(Object.keys(await credentials(gate, 'crm')).sort()).toEqual([
    'SO-Apptoken',
    'oauth_access_token',
    'oauth_client_id',
    'oauth_client_secret',
    'oauth_refresh_token',
    'so_ticket',
  ])
  expect(so.counts).toMatchObject({ signIns: 1 })
})

it('S2-15: a ticket that ended is replaced unattended, once for many calls', async () => {
  await connect()
  const before = so.counts.tickets
  so.revokeTickets()
  const ask = await caller(gate, 'crm')
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/v1/Person')))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect([so.counts.tickets - before, so.counts.signIns]).toEqual([1, 1])
})

it('S2-16: without client_id and client_secret a connection is refused, each by its name', async () => {
  const settings = { login_url: so.url }
  const refused = await refusedBy(gate, { connector: 'superoffice', settings, secrets: {}, network: NEAR })
  expect(refused).toEqual(['secrets.client_id is required', 'secrets.client_secret is required'])
})

it('S2-17: so_ticket is injected, and the tenant takes it; a renewed one as well', async () => {
  await connect()
  const first = (await credentials(gate, 'crm')).so_ticket
  expect([typeof first, await taken(first)]).toEqual(['string', 200])
  so.revokeTickets()
  expect(await taken(first)).toBe(401)
  expect((await gate.api('POST', '/connections/crm/refresh')).status).toBe(200)
  const second = (await credentials(gate, 'crm')).so_ticket
  expect([second === first, await taken(second)]).toEqual([false, 200])
})

it('S2-18: SO-Apptoken is injected under this very name, and is the client secret', async () => {
  await connect()
  const injected = await credentials(gate, 'crm')
  expect(injected['SO-Apptoken']).toBe(so.app.clientSecret)
  expect(injected['SO-Apptoken']).toBe(injected.oauth_client_secret)
})

it('S2-18: on a call it is the header SO-AppToken, which the caller need not know', async () => {
  await connect()
  expect((await (await caller(gate, 'crm'))('/v1/Person')).status).toBe(200)
  expect(so.hosts[0]?.requests.at(-1)?.header('so-apptoken')).toBe(so.app.clientSecret)
})
