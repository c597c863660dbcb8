import { afterAll, afterEach, expect, it } from 'vitest'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { basic, HOST } from '../requirements/keys_scene.ts'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'

/** What several credentials on one request do to limits that are shared. */

afterEach(async () => {
  await endProcesses()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

it('T27: two keys on one request, each at the end of its limit: 429, and the gate goes on', async () => {
  const settings = await freshSettings('postgres', { OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  const admin = await filledInstallation(settings, 0)
  const gate = await serve(settings, { OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  const api = async (path: string, body: unknown) =>
    (await request(gate.url, 'POST', `/api/v1${path}`, admin, body))!.body
  const rate_limit = { limit: 1, window_s: 3_600 }
  const [one, two] = [await api('/keys', { name: 'one', rate_limit }), await api('/keys', { name: 'two', rate_limit })]
  const allow = { authenticated: true }
  await api('/routes', { host: HOST, path: '/both', accept: { all: ['api_key', 'basic'] }, allow })
  await api('/routes', { host: HOST, path: '/one', accept: { any: ['api_key'] }, allow })
  const check = async (path: string, headers: Record<string, string>) => {
    const about = { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': path }
    const said = { ...about, 'X-Forwarded-Proto': 'https', ...headers }
    return (await fetch(`${gate.url}/forward-auth`, { headers: said })).status
  }
  await expect.poll(() => check('/one', {}), { timeout: 20_000 }).toBe(401)
  await expect.poll(() => check('/one', { 'API-KEY': one.key }), { timeout: 20_000 }).toBe(200)
  // Of the second it is known here that nothing is left, of the first the store has to be asked.
  const tries = [two, two, two].map(
    ({ key }) =>
      () =>
        check('/one', { 'API-KEY': key }),
  )
  const statuses: number[] = []
  for (const each of tries) statuses.push(await each())
  expect(statuses).toEqual([200, 429, 429])
  const both = { 'API-KEY': one.key, authorization: basic('any', two.key) }
  expect(await check('/both', both)).toBe(429)
  expect(await check('/both', both)).toBe(429)
  // By then the store has answered what was asked for the first key.
  for (let i = 0; i < 50; i++) expect((await request(gate.url, 'GET', '/api/v1/keys', admin))?.status).toBe(200)
  expect(gate.ended).toBe(false)
})

it('503, never 401, 403 or 500, for whatever credential while PostgreSQL is away; 200 when it is back', async () => {
  const settings = await freshSettings('postgres', { OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  const admin = await filledInstallation(settings, 0)
  const gate = await serve(settings, {
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject',
  })
  const api = async (path: string, body: unknown) =>
    (await request(gate.url, 'POST', `/api/v1${path}`, admin, body))!.body
  const jwks_uri = 'https://issuer.example.org/jwks'
  await api('/accounts', {
    id: 'till',
    kind: 'service',
    name: 'Till',
    password: 'the-password-of-the-till',
    certificate_subjects: ['CN=till'],
  })
  await api('/issuers', { issuer: 'https://issuer.example.org', jwks_uri, audience: 'gate' })
  await api('/routes', {
    host: HOST,
    path: '/**',
    accept: { any: ['api_key', 'basic', 'jwt', 'mtls'] },
    allow: { authenticated: true },
  })
  const { key } = await api('/keys', { name: 'plain' })
  const limited = await api('/keys', { name: 'limited', rate_limit: { limit: 100, window_s: 3_600 } })
  const token = [{ alg: 'RS256' }, { iss: 'https://issuer.example.org', aud: 'gate', exp: 4_000_000_000, sub: 'till' }]
  const jwt = `${token.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.AAAA`
  const check = async (headers: Record<string, string>) => {
    const about = {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Host': HOST,
      'X-Forwarded-Uri': '/x',
      'X-Forwarded-Proto': 'https',
    }
    return (await fetch(`${gate.url}/forward-auth`, { headers: { ...about, ...headers } })).status
  }
  const good = [
    { 'API-KEY': key },
    { 'API-KEY': limited.key },
    { authorization: basic('till', 'the-password-of-the-till') },
    { 'X-Client-Subject': 'CN=till' },
  ]
  const others = [
    { 'API-KEY': 'nobody' },
    { authorization: basic('till', 'wrong') },
    { authorization: `Bearer ${jwt}` },
    { 'X-Client-Subject': 'CN=other' },
  ]
  for (const headers of good) await expect.poll(() => check(headers), { timeout: 20_000 }).toBe(200)
  const postgres = await sharedPostgres()
  await postgres.down()
  try {
    await expect.poll(() => check(good[0]!), { timeout: 20_000 }).toBe(503)
    for (const headers of [...good, ...others, {}]) expect([headers, await check(headers)]).toEqual([headers, 503])
  } finally {
    await postgres.up()
  }
  for (const headers of good) await expect.poll(() => check(headers), { timeout: 20_000 }).toBe(200)
  expect(gate.ended).toBe(false)
}, 120_000)
