import { afterEach, beforeEach, expect, it } from 'vitest'
import { call, testClock } from './calling.ts'
import { type HelloAsso, startHelloAsso } from './helloasso.ts'

let helloasso: HelloAsso
const clock = testClock()

beforeEach(async () => {
  helloasso = await startHelloAsso({ now: clock.now })
})
afterEach(() => helloasso.stop())

const token = (form: Record<string, string>) => call(`POST ${helloasso.url}/oauth2/token`, { form })
const login = (secret = helloasso.clientSecret) =>
  token({ grant_type: 'client_credentials', client_id: helloasso.clientId, client_secret: secret })
const refresh = (refreshToken: string, clientId = helloasso.clientId) =>
  token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken })
const organizations = (accessToken: string) =>
  call(`GET ${helloasso.url}/v5/users/me/organizations`, { headers: { Authorization: `Bearer ${accessToken}` } })

it('client credentials bring a refresh token, which needs the client id only and is good once', async () => {
  const first = (await login()).body
  expect(first).toMatchObject({ token_type: 'bearer', expires_in: 1800 })
  const second = (await refresh(first.refresh_token)).body
  expect((await organizations(second.access_token)).body[0].organizationSlug).toBe('la-ressourcerie')
  expect((await refresh(first.refresh_token)).body).toEqual({ error: 'invalid_grant' })
  expect((await refresh(second.refresh_token, 'other')).body).toEqual({ error: 'invalid_client' })
  expect([helloasso.granted('client_credentials'), helloasso.granted('refresh_token')]).toEqual([1, 1])
})

it('access ends after 30 minutes, refresh after 30 days', async () => {
  const { access_token, refresh_token } = (await login()).body
  clock.advance(1799)
  expect((await organizations(access_token)).status).toBe(200)
  clock.advance(1)
  expect((await organizations(access_token)).status).toBe(401)
  clock.advance(30 * 86_400 - 1800)
  expect((await refresh(refresh_token)).body).toEqual({ error: 'invalid_grant' })
})

it('401 for a wrong secret, 400 for a grant that is not offered or not a form', async () => {
  expect((await login('wrong')).status).toBe(401)
  const other = { grant_type: 'password', client_id: helloasso.clientId }
  expect((await token(other)).body).toEqual({ error: 'unsupported_grant_type' })
  expect((await call(`POST ${helloasso.url}/oauth2/token`, { json: other })).status).toBe(400)
})

it('429 for more than 50 token requests in an hour, good or not', async () => {
  const statuses = []
  for (let i = 0; i < 51; i++) statuses.push((await login(i % 2 ? 'wrong' : undefined)).status)
  expect([statuses.indexOf(429), helloasso.tokenRequests()]).toEqual([50, 51])
  clock.advance(3600)
  expect((await login()).status).toBe(200)
})
