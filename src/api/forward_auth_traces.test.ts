import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
let key: string
beforeAll(async () => {
  world = await startWorld({ OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  key = (await world.newKey()).key
  const { gate } = world
  for (const body of [
    {
      id: 'orders',
      host: 'app.example.org',
      path: '/orders/**',
      accept: { any: ['api_key'] },
      allow: { authenticated: true },
    },
    { id: 'other', host: 'other.example.org', path: '/**', accept: { any: ['anonymous'] } },
  ]) {
    expect((await gate.api('POST', '/routes', body)).status).toBe(201)
  }
})
afterAll(() => world.stop())

/** A check as a proxy sends it, with these headers over what it always sends. */
function check(headers: Readonly<Record<string, string>>, path = '/forward-auth') {
  const asked = {
    'x-forwarded-method': 'GET',
    'x-forwarded-host': 'app.example.org',
    'x-forwarded-uri': '/orders/7?token=x',
    'x-forwarded-proto': 'https',
  }
  return fetch(`${world.gate.url}${path}`, { headers: { ...asked, ...headers } })
}

const opened = async () => (await world.must('forward-auth-traces.create')).id as string
const seenBy = async (id: string) => (await world.must('forward-auth-traces.get', { params: { id } })).seen

describe('forward-auth-traces.create', () => {
  it('201 with an id, for a minute, and nothing seen yet', async () => {
    const { status, body } = await world.call('forward-auth-traces.create')
    expect(status).toBe(201)
    expect(body).toEqual({ id: expect.stringMatching(/^[a-z0-9]{32}$/), expires_at: expect.any(String), seen: [] })
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(60_000)
  })

  refusals(
    'forward-auth-traces.create',
    () => world,
    () => ({}),
  )
})

describe('forward-auth-traces.get', () => {
  it('200 with what the gate saw and decided, and no credential', async () => {
    const id = await opened()
    await check({ 'octroi-trace': id, 'api-key': key, cookie: 'a=b' })
    const seen = await seenBy(id)
    expect(seen).toEqual([
      expect.objectContaining({
        peer: '127.0.0.1',
        trusted: true,
        asked: '/forward-auth',
        headers: ['host', 'x-forwarded-method', 'x-forwarded-host', 'x-forwarded-uri', 'x-forwarded-proto'],
        method: 'GET',
        host: 'app.example.org',
        path: '/orders/7',
        scheme: 'https',
        credentials: ['API-KEY', 'Cookie'],
        route: 'orders',
        status: 200,
        code: null,
      }),
    ])
    expect(seen[0].considered.map(({ route, reason }: Record<string, string>) => [route, reason])).toEqual([
      ['orders', 'chosen'],
      ['other', 'other_host'],
    ])
    expect(JSON.stringify(seen)).not.toMatch(new RegExp(`${key}|a=b|token=x`))
  })
  it('200 with why it was refused, as nginx was told', async () => {
    const id = await opened()
    await check({ 'octroi-trace': id }, '/forward-auth?for=nginx')
    await check(
      { 'octroi-trace': id, 'x-original-url': 'https://app.example.org/elsewhere' },
      '/forward-auth?for=nginx',
    )
    await check({ 'octroi-trace': id, 'x-forwarded-uri': '/nowhere', authorization: 'Basic YTpi' })
    const seen = await seenBy(id)
    expect(seen.map(({ status, code, host }: Record<string, unknown>) => [status, code, host])).toEqual([
      [401, 'unauthenticated', 'app.example.org'],
      [403, 'invalid_request', null],
      [403, 'not_granted', 'app.example.org'],
    ])
    expect(seen[2]).toMatchObject({ route: null, credentials: ['Authorization: Basic'], detail: expect.any(String) })
  })
  it('200 with nothing where no check came with the id', async () => {
    const id = await opened()
    await check({ 'octroi-trace': 'another' })
    await check({})
    expect(await seenBy(id)).toEqual([])
  })
  it('404 not_found for an id that nobody opened', async () => {
    const answer = await world.call('forward-auth-traces.get', { params: { id: 'a'.repeat(32) } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'forward-auth-traces.get',
    () => world,
    async () => ({ params: { id: await opened() } }),
  )
})
