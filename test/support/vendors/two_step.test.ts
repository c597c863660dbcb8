import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { basic, call, type Sending, testClock } from './calling.ts'
import { CHORUS, MEMBERCARE, POWEROFFICE, startTwoStep, type TwoStep } from './two_step.ts'

let service: TwoStep
const clock = testClock()

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  service = await startTwoStep({ now: clock.now })
})
afterEach(() => service.stop())

const post = (path: string, sending: Sending) => call(`POST ${service.url}${path}`, sending)
const login = (password = service.password) => post('/login', { json: { user: service.user, password } })
const data = (headers: Record<string, string>) => call(`GET ${service.url}/data`, { headers })

describe('the configurable login', () => {
  it('200 with the token where it was asked for, and nowhere else', async () => {
    const first = await login()
    const { token } = first.body.data.session
    expect((await data({ 'X-Session-Token': token })).body.ok).toBe(true)

    Object.assign(service.settings, { tokenIn: 'xml', useIn: 'bearer' })
    const inXml = /<session><token>(\w+)<\/token><expires>1800</.exec((await login()).text)?.[1]
    expect((await data({ Authorization: `Bearer ${inXml}` })).status).toBe(200)

    Object.assign(service.settings, { tokenIn: 'header', useIn: 'header' })
    const inHeader = await login()
    expect(inHeader.body).toEqual({ ok: true, data: { session: { expires: 1800 } } })
    expect((await data({ 'X-Session-Token': inHeader.headers.get('x-session-token') ?? '' })).status).toBe(200)

    Object.assign(service.settings, { tokenIn: 'cookie', useIn: 'cookie' })
    const cookies = (await login()).headers.getSetCookie()
    expect(cookies.map((cookie) => cookie.split('=', 1)[0])).toEqual(['theme', 'session_id'])
    expect((await data({ Cookie: `a=b; ${cookies[1]?.split(';', 1)[0]}` })).status).toBe(200)
    expect((await data({ 'X-Session-Token': token })).status).toBe(401)
    expect([service.tokensIssued(), service.tokensAlive()]).toEqual([4, 4])
  })

  it('415 for any type of body but the one that is wanted', async () => {
    const { user, password, settings } = service
    const escaped = password.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    const bodies = {
      json: { json: { user, password } },
      form: { form: { user, password } },
      xml: { xml: `<login><user>${user}</user><password>${escaped}</password></login>` },
    }
    const types = Object.keys(bodies) as (keyof typeof bodies)[]
    for (const wanted of types) {
      settings.request = wanted
      const statuses = []
      for (const type of types) statuses.push((await post('/login', bodies[type])).status)
      expect(statuses).toEqual(types.map((type) => (type === wanted ? 200 : 415)))
    }
  })

  it.each([
    ['epoch_s', Date.parse('2026-11-21T12:30:00Z') / 1000],
    ['epoch_ms', Date.parse('2026-11-21T12:30:00Z')],
    ['iso', '2026-11-21T12:30:00.000Z'],
    ['iso_no_zone', '2026-11-21T13:30:00'],
    ['seconds', 1800],
    ['absent', undefined],
  ] as const)('expiry as %s is %s', async (expiry, written) => {
    Object.assign(service.settings, { expiry, zoneMinutes: 60 })
    expect((await login()).body.data.session.expires).toBe(written)
  })

  it('401 or a 200 that is not ok, in JSON or XML, for a wrong password and a token that is over', async () => {
    const { token } = (await login()).body.data.session
    clock.advance(1800)
    expect([(await login('wrong')).status, (await data({ 'X-Session-Token': token })).status]).toEqual([401, 401])
    service.settings.refusal = 'flag'
    expect(await login('wrong')).toMatchObject({ status: 200, body: { ok: false, error: 'invalid_credentials' } })
    expect((await data({ 'X-Session-Token': token })).body).toEqual({ ok: false, error: 'session_expired' })
    Object.assign(service.settings, { tokenIn: 'xml', credentialsValid: false })
    expect((await login()).text).toContain('<ok>false</ok><error>invalid_credentials</error>')
  })

  it('two steps: the challenge is no token, and good once within a minute', async () => {
    service.settings.steps = 2
    const challenge = async () => (await login()).body.challenge as string
    const confirm = (sent: string) => post('/login/confirm', { json: { challenge: sent } })
    const good = await challenge()
    expect((await data({ 'X-Session-Token': good })).status).toBe(401)
    const { token } = (await confirm(good)).body.data.session
    expect([(await confirm(good)).status, (await data({ 'X-Session-Token': token })).status]).toEqual([401, 200])
    const late = await challenge()
    clock.advance(60)
    expect((await confirm(late)).status).toBe(401)
    expect([service.tokensIssued(), service.tokenRequests()]).toEqual([1, 5])
  })

  it('204 for a logout, and 401 from then on', async () => {
    const headers = { 'X-Session-Token': (await login()).body.data.session.token }
    expect((await post('/logout', { headers })).status).toBe(204)
    expect([(await data(headers)).status, (await post('/logout', { headers })).status]).toEqual([401, 401])
  })
})

describe('logins that exist', () => {
  it('PowerOffice: Basic with both keys, ten minutes less a second', async () => {
    const token = (Authorization: string) =>
      post('/OAuth/Token', { form: { grant_type: 'client_credentials' }, headers: { Authorization } })
    expect((await token(basic(POWEROFFICE.applicationKey, 'wrong'))).body.error).toBe('invalid_client')
    const { body } = await token(basic(POWEROFFICE.applicationKey, POWEROFFICE.clientKey))
    expect(body).toMatchObject({ expires_in: 599, refresh_token: /./ })
    const customer = (bearer: string) =>
      call(`GET ${service.url}/customer`, { headers: { Authorization: `Bearer ${bearer}` } })
    expect([(await customer(body.access_token)).status, (await customer(body.refresh_token)).status]).toEqual([
      200, 401,
    ])
    clock.advance(599)
    expect((await customer(body.access_token)).status).toBe(401)
  })

  it('Chorus Pro: 403 without cpro-account, 401 without the token, a business error is a 200', async () => {
    const { clientId: client_id, clientSecret: client_secret, login: name, password } = CHORUS
    const form = { grant_type: 'client_credentials', client_id, client_secret, scope: 'openid' }
    expect((await post('/api/oauth/token', { form: { ...form, scope: '' } })).body.error).toBe('invalid_scope')
    const Authorization = `Bearer ${(await post('/api/oauth/token', { form })).body.access_token}`
    const account = { 'cpro-account': Buffer.from(`${name}:${password}`).toString('base64') }
    const search = (json: object, headers: Record<string, string>) =>
      post('/cpro/structures/v1/rechercher', { json, headers })
    expect((await search({ structure: {} }, { Authorization })).status).toBe(403)
    expect((await search({ structure: {} }, account)).status).toBe(401)
    expect((await search({ structure: {} }, { Authorization, ...account })).body.codeRetour).toBe(0)
    expect((await search({}, { Authorization, ...account })).body.codeRetour).toBe(20_001)
  })

  it('Membercare: key in the query, header token, an expiry without a zone', async () => {
    const { clientApiKey, person } = MEMBERCARE
    const token = (key: string) =>
      call(`GET ${service.url}/api/v1/token?clientApiKey=${key}&personToImpersonate=${person}`)
    expect((await token('wrong')).status).toBe(401)
    const { value, expiration } = (await token(clientApiKey)).body
    expect(expiration).toBe('2026-11-21T13:00:00')
    const members = () => call(`GET ${service.url}/api/v1/members`, { headers: { token: value } })
    expect((await members()).status).toBe(200)
    clock.advance(3600)
    expect((await members()).status).toBe(401)
  })
})
