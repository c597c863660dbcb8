import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'
import { startUpstream, type Upstream } from '../../test/support/upstream.ts'

let world: World
let other: Upstream
let params: { id: string }
beforeAll(async () => {
  world = await startWorld()
  other = await startUpstream()
})
afterAll(async () => {
  await world.stop()
  await other.stop()
})
beforeEach(async () => {
  params = { id: await world.newConnection() }
})

const update = (body: unknown, key?: string) => world.call('connections.update', { params, body, key })
const secretsOf = async () => (await world.must('connections.credentials', { params })).secrets
const open = { allow_private: true, allow_http: true }

describe('connections.update', () => {
  it.each([
    ['name', 'New name'],
    ['tags', { team: 'blue' }],
    ['limits', { concurrent: 3 }],
    ['timeouts', { idle_ms: 500 }],
    ['replay_s', 60],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('connections.get', { params })
    const { status, body } = await update({ [field]: value })
    expect(status).toBe(200)
    expect({ ...body, token: null }).toEqual({ ...before, [field]: value, updated_at: expect.any(String) })
    expect(await world.must('connections.get', { params })).toEqual({ ...body, token: null })
    expect(await secretsOf()).toEqual({ api_key: 'canary-upstream-secret' })
  })
  it('200 with a setting that does not say where: the others stay, the secrets are not asked for (D8)', async () => {
    const { status, body } = await update({ settings: { test_path: '/status/204' } })
    expect(status).toBe(200)
    expect(body.settings).toMatchObject({ base_url: world.upstream.url, test_path: '/status/204' })
  })
  it('200 with new secrets: a degraded connection is ready again', async () => {
    await world.must('connections.update', { params, body: { settings: { test_path: '/status/401' } } })
    expect((await world.must('connections.test', { params })).ok).toBe(false)
    expect((await world.must('connections.get', { params })).state).toBe('degraded')
    expect((await update({ secrets: { api_key: 'canary-new' } })).body).toMatchObject({ state: 'ready' })
    expect(await secretsOf()).toEqual({ api_key: 'canary-new' })
  })
  it('200 with the same address written otherwise: it is sent to the same place', async () => {
    expect((await update({ settings: { base_url: `${world.upstream.url}/` } })).status).toBe(200)
  })
  it('404 not_found for an id that no connection has', async () => {
    const answer = await world.call('connections.update', { params: { id: 'z' }, body: {} })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('409 conflict when somebody else changed it meanwhile', async () => {
    await update({ settings: { test_path: '/slow/400' } })
    const slow = update({ verify: true, name: 'Slow' })
    await wait(100)
    expect((await update({ name: 'Quick' })).status).toBe(200)
    expect((await slow).body).toMatchObject({ status: 409, code: 'conflict' })
    expect((await world.must('connections.get', { params })).name).toBe('Quick')
  })

  describe('D8: where the secrets are sent changes only with the secrets', () => {
    it.each([
      ['another host', () => ({ settings: { base_url: other.url } })],
      ['another path', () => ({ settings: { base_url: `${world.upstream.url}/v2` } })],
      ['a narrower network', () => ({ network: { allow_http: true, allow_private: ['127.0.0.1'] } })],
      ['no network', () => ({ network: {} })],
    ])('422 secrets_required with %s', async (_, body) => {
      const answer = await update(body())
      expect(answer.body).toMatchObject({ status: 422, code: 'secrets_required', errors: [{ path: 'secrets' }] })
      expect((await world.must('connections.get', { params })).settings.base_url).toBe(world.upstream.url)
      expect(other.requests).toEqual([])
    })
    it('422 secrets_required with verify too, and nothing is sent anywhere', async () => {
      expect((await update({ settings: { base_url: other.url }, verify: true })).status).toBe(422)
      expect(other.requests).toEqual([])
    })
    it('200 with the secrets in the same request; the set to change over to is dropped', async () => {
      await world.must('connections.next', { params, body: { secrets: { api_key: 'canary-next' } } })
      const { status, body } = await update({ settings: { base_url: other.url }, secrets: { api_key: 'canary-moved' } })
      expect([status, body.has_next]).toEqual([200, false])
      expect(await secretsOf()).toEqual({ api_key: 'canary-moved' })
      expect((await world.call('connections.switch', { params })).status).toBe(400)
    })
    it('200 with new secrets for the same address; the set to change over to stays', async () => {
      await world.must('connections.next', { params, body: { secrets: { api_key: 'canary-next' } } })
      expect((await update({ secrets: { api_key: 'canary-new' } })).body.has_next).toBe(true)
    })
    it('422 insecure_upstream with an address that the network does not allow', async () => {
      const body = { settings: { base_url: 'http://169.254.169.254' }, secrets: { api_key: 'x' } }
      expect((await update(body)).body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    })
  })

  describe('D9: the network needs connections.write_network', () => {
    const secrets = { api_key: 'canary-own' }
    it.each([
      ['a wider network', () => ({ network: { ...open, allow_private: ['127.0.0.0/8'] }, secrets })],
      ['no network', () => ({ network: {}, secrets })],
      ['another address behind an opened network', () => ({ settings: { base_url: other.url }, secrets })],
    ])('403 not_granted with %s, with connections.write alone', async (_, body) => {
      const { key } = await world.newKey({ permissions: ['connections.write'] })
      expect((await update(body(), key)).body).toMatchObject({ status: 403, code: 'not_granted' })
      const at = [{ permission: 'connections.write_network', connection: 'another' }]
      const { key: elsewhere } = await world.newKey({ permissions: ['connections.write', ...at] })
      expect((await update(body(), elsewhere)).status).toBe(403)
    })
    it('200 with both permissions at this connection', async () => {
      const at = (permission: string) => ({ permission, connection: params.id })
      const permissions = [at('connections.write'), at('connections.write_network')]
      const { key } = await world.newKey({ permissions })
      expect((await update({ settings: { base_url: other.url }, secrets }, key)).status).toBe(200)
    })
  })

  it('403 not_granted for whoever opens what the connector never lets through without being an administrator', async () => {
    const id = 'books'
    await world.newConnection({
      id,
      connector: 'paheko',
      secrets: { username: 'a', password: 'b' },
      settings: { base_url: world.upstream.url },
    })
    const { key } = await world.newKey({ permissions: ['connections.write', 'connections.write_network'] })
    const send = (allow_never: string[], by?: string) =>
      world.call('connections.update', { params: { id }, body: { allow_never }, key: by })
    expect((await send(['* /api/sql*'], key)).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await send(['* /api/sql*'])).status).toBe(200)
    // Keeping or closing what an administrator opened is no decision of an administrator's.
    expect((await send(['* /api/sql*'], key)).status).toBe(200)
    expect((await send([], key)).status).toBe(200)
  })

  // 503 busy: test/renewals/leases.test.ts, a renewal that does not come to its end.
  refusals(
    'connections.update',
    () => world,
    () => ({ params, body: { name: 'Good' } }),
    [
      ['an empty name', { name: ' ' }, 'name'],
      ['settings that are a list', { settings: [] }, 'settings'],
      ['an unknown setting', { settings: { nonsense: 'x' } }, 'settings.nonsense'],
      ['a setting that is null', { settings: { test_path: null } }, 'settings.test_path'],
      ['a secret missing', { secrets: {} }, 'secrets.api_key'],
      ['a path as the certificate', { network: { ca: 'ca.pem' } }, 'network.ca'],
      ['a rule that the connector does not have', { allow_never: ['* /x'] }, 'allow_never.0'],
      ['a queue below nothing', { limits: { queue: -1 } }, 'limits.queue'],
      ['a time as text', { timeouts: { idle_ms: '500' } }, 'timeouts.idle_ms'],
      ['a text for yes', { verify: 'yes' }, 'verify'],
    ],
  )
})
