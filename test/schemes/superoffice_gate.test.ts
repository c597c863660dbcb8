import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { call } from '../support/vendors/calling.ts'
import { type SuperOffice, startSuperOffice } from '../support/vendors/superoffice.ts'

/** The connector behind a whole gate, with a refresh token that was obtained elsewhere: nobody signs in. */

const REDIRECT = 'https://elsewhere.example/callback'
let gate: TestGate
let so: SuperOffice
let key: string

beforeEach(async () => {
  so = await startSuperOffice({ redirectUris: [REDIRECT] })
  gate = await startTestGate()
  const created = await gate.api('POST', '/connections', {
    id: 'crm',
    connector: 'superoffice',
    settings: { login_url: so.url },
    secrets: {
      client_id: so.app.clientId,
      client_secret: so.app.clientSecret,
      private_key: so.app.key.xml,
      oauth_refresh_token: await refreshToken(),
    },
    network: { allow_private: true, allow_http: true },
    verify: true,
  })
  expect(created.body).toMatchObject({ id: 'crm', state: 'ready' })
  const grants = [{ connection: 'crm', allow: ['* /**'] }]
  key = (await gate.api('POST', '/keys', { name: 'a program', grants })).body.key
})
afterEach(async () => {
  await gate.stop()
  await so.stop()
})

/** As another program would have obtained it. */
async function refreshToken(): Promise<string> {
  const query = new URLSearchParams({
    client_id: so.app.clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid',
  })
  const back = (await call(`GET ${so.url}/login/common/oauth/authorize?${query}`)).headers.get('location') ?? ''
  const { body } = await call(`POST ${so.url}/login/common/oauth/tokens`, {
    form: {
      grant_type: 'authorization_code',
      code: new URL(back).searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      client_id: so.app.clientId,
      client_secret: so.app.clientSecret,
    },
  })
  return body.refresh_token
}

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${gate.url}/proxy/crm${path}`, { ...init, headers: { authorization: `Bearer ${key}` } })

describe('superoffice behind the gate', () => {
  it('200 as the system user, at the host of the tenant, with one ticket for many calls', async () => {
    for (let i = 0; i < 3; i++) expect((await ask('/v1/Person')).status).toBe(200)
    const sent = so.hosts[0]?.requests.at(-1)
    expect(sent?.header('authorization')).toMatch(/^SOTicket 7T:/)
    expect([sent?.header('so-apptoken'), so.counts.tickets]).toEqual([so.app.clientSecret, 1])
  })

  it('a tenant that moved is found again, and a POST is carried out once', async () => {
    so.move(1)
    const answer = await ask('/v1/Contact', { method: 'POST', body: '{"Name":"Nordlys"}' })
    const body = (await answer.json()) as { received?: string }
    expect([answer.status, body.received]).toEqual([201, '{"Name":"Nordlys"}'])
    expect(so.hosts[1]?.requests.map(({ method }) => method)).toEqual(['POST'])
    expect((await ask('/v1/Person')).status).toBe(200)
    expect(so.counts.tickets).toBe(2)
  })

  it('a ticket that died before its time is replaced within the call', async () => {
    expect((await ask('/v1/Person')).status).toBe(200)
    so.revokeTickets()
    expect([(await ask('/v1/Person')).status, so.counts.tickets]).toEqual([200, 2])
  })

  it('502 reconnect_required when the consent was revoked, and the service is not asked again', async () => {
    so.settings.consent = 'revoked'
    so.revokeTickets()
    const codes = [await ask('/v1/Person'), await ask('/v1/Person')].map(({ status }) => status)
    expect(codes).toEqual([502, 502])
    const { body } = await gate.api('GET', '/connections/crm')
    expect([body.state, body.state_reason]).toEqual(['reconnect_required', expect.stringContaining('Revoked')])
    const asked = so.tokenRequests()
    expect([(await ask('/v1/Person')).status, so.tokenRequests()]).toEqual([502, asked])
  })
})
