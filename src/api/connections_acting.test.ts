import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'
import { clientCredentials } from '../../test/renewals/connections.ts'
import { type OAuth2Server, startOAuth2Server } from '../../test/support/vendors/oauth2_server.ts'

let world: World
let params: { id: string }
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(async () => {
  params = { id: await world.newConnection() }
})

const testPath = (path: string) => world.must('connections.update', { params, body: { settings: { test_path: path } } })
const giveNext = (api_key = 'canary-next') => world.must('connections.next', { params, body: { secrets: { api_key } } })
const currentSecret = async () => (await world.must('connections.credentials', { params })).secrets.api_key

/** 404 for what is not there, and the same for a key that has the permission somewhere else (D7). */
async function expectNotFound(name: OperationName, body?: unknown): Promise<void> {
  expect((await world.call(name, { params: { id: 'z' }, body })).body).toMatchObject({ status: 404, code: 'not_found' })
  const limits = [{ connection: 'another' }, { tags: { team: 'another' } }]
  for (const limit of limits) {
    const { key } = await world.newKey({ permissions: [{ permission: 'connections.write', ...limit }] })
    expect((await world.call(name, { params, body, key })).body).toMatchObject({ status: 404, code: 'not_found' })
  }
}

describe('connections.delete', () => {
  it('204 with nothing, and it is gone', async () => {
    const { status, body } = await world.call('connections.delete', { params })
    expect([status, body]).toEqual([204, undefined])
    expect((await world.call('connections.get', { params })).status).toBe(404)
    expect((await world.call('connections.delete', { params })).status).toBe(404)
  })
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.delete'))
  refusals(
    'connections.delete',
    () => world,
    () => ({ params }),
  )
})

describe('connections.test', () => {
  it('200 with what the service said, the request signed', async () => {
    const { status, body } = await world.call('connections.test', { params })
    expect(status).toBe(200)
    expect(body).toEqual({
      ok: true,
      outcome: 'accepted',
      status: 200,
      identity: null,
      detail: 'The service answered 200.',
      ms: expect.any(Number),
    })
    expect(world.upstream.requests.at(-1)?.header('authorization')).toBe('Bearer canary-upstream-secret')
  })
  it.each([
    ['/status/401', 'refused', 401],
    ['/status/500', 'failed', 500],
    ['/reset', 'failed', null],
  ])('200 with %s: %s, and the connection is degraded', async (path, outcome, code) => {
    await testPath(path)
    expect(await world.must('connections.test', { params })).toMatchObject({ ok: false, outcome, status: code })
    expect((await world.must('connections.get', { params })).state).toBe('degraded')
    await testPath('/status/200')
    await world.must('connections.test', { params })
    expect(await world.must('connections.get', { params })).toMatchObject({ state: 'ready', state_reason: null })
  })
  it('200 with the next secrets tried, whatever comes of it the state stays', async () => {
    await giveNext()
    await testPath('/status/401')
    const body = { which: 'next' }
    expect(await world.must('connections.test', { params, body })).toMatchObject({ outcome: 'refused' })
    expect(world.upstream.requests.at(-1)?.header('authorization')).toBe('Bearer canary-next')
    expect((await world.must('connections.get', { params })).state).toBe('ready')
  })
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.test'))
  // 502 reconnect_required: connections_reading.test.ts, a connector that has left the catalogue.
  refusals(
    'connections.test',
    () => world,
    () => ({ params, body: { which: 'current' } }),
    [
      ['another set', { which: 'last' }, 'which'],
      ['a next set that it does not hold', { which: 'next' }, 'which'],
    ],
  )
})

describe('connections.refresh', () => {
  describe('of a connection with a token', () => {
    let server: OAuth2Server
    beforeEach(async () => {
      server = await startOAuth2Server()
      params = { id: await world.newConnection(clientCredentials(server)) }
    })
    afterEach(() => server.stop())

    it('200 with the times of a new token, and never a value of it', async () => {
      const first = await world.must('connections.refresh', { params })
      expect(first).toMatchObject({ state: 'ready', token: { expires_at: expect.any(String), identity: null } })
      const second = await world.must('connections.refresh', { params })
      expect(Date.parse(second.token.obtained_at)).toBeGreaterThan(Date.parse(first.token.obtained_at))
      expect(JSON.stringify(second)).not.toContain('at_')
      const { secrets, expires_at } = await world.must('connections.credentials', { params })
      expect([secrets.oauth_access_token.slice(0, 3), expires_at]).toEqual(['at_', second.token.expires_at])
    })
    it('502 reconnect_required when the service refuses the secrets, 200 when it has changed its mind', async () => {
      server.settings.tokenError = 'invalid_grant'
      const answer = await world.call('connections.refresh', { params })
      expect(answer.body).toMatchObject({ status: 502, code: 'reconnect_required' })
      expect(await world.must('connections.get', { params })).toMatchObject({ state: 'reconnect_required' })
      server.settings.tokenError = undefined
      expect(await world.must('connections.refresh', { params })).toMatchObject({ state: 'ready', state_reason: null })
    })
    it('502 upstream_unreachable when it gives no token now, which callers are told as well', async () => {
      server.failTokens(20, 500)
      const answer = await world.call('connections.refresh', { params })
      expect(answer.body).toMatchObject({ status: 502, code: 'upstream_unreachable' })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await world.must('connections.get', { params })).state).toBe('degraded')
    })
  })
  it('501 unsupported where the secrets themselves are sent and nothing expires', async () => {
    const answer = await world.call('connections.refresh', { params })
    expect(answer.body).toMatchObject({ status: 501, code: 'unsupported' })
  })
  // 502 upstream_refused_address and 504 upstream_timeout: test/renewals/engine.test.ts.
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.refresh'))
  refusals(
    'connections.refresh',
    () => world,
    () => ({ params }),
  )
})

describe('connections.next', () => {
  const next = (body: unknown) => world.call('connections.next', { params, body })
  it('200 with a set held beside the current one', async () => {
    const { status, body } = await next({ secrets: { api_key: 'canary-next' } })
    expect([status, body.has_next]).toEqual([200, true])
    expect(JSON.stringify(body)).not.toContain('canary')
    expect(await currentSecret()).toBe('canary-upstream-secret')
  })
  it('200 with null: it is dropped', async () => {
    await giveNext()
    expect((await next({ secrets: null })).body).toMatchObject({ has_next: false })
    expect((await world.must('connections.get', { params })).has_next).toBe(false)
  })
  it('400 with verify when the service refuses it', async () => {
    await testPath('/status/401')
    const answer = await next({ secrets: { api_key: 'x' }, verify: true })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'secrets' }] })
  })
  // 503 busy: test/renewals/leases.test.ts, a renewal that does not come to its end.
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.next', { secrets: null }))
  it('409 conflict when the secrets were changed meanwhile', async () => {
    await testPath('/slow/400')
    const slow = next({ secrets: { api_key: 'slow' }, verify: true })
    await wait(100)
    await giveNext()
    expect((await slow).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  refusals(
    'connections.next',
    () => world,
    () => ({ params, body: { secrets: { api_key: 'x' } } }),
    [
      ['nothing', {}, 'secrets'],
      ['a secret missing', { secrets: {} }, 'secrets.api_key'],
      ['an unknown secret', { secrets: { api_key: 'x', y: 'z' } }, 'secrets.y'],
      ['a control character', { secrets: { api_key: 'a\u0000' } }, 'secrets.api_key'],
      ['a number', { secrets: { api_key: 7 } }, 'secrets.api_key'],
    ],
  )
})

describe('connections.switch', () => {
  const change = (body?: unknown) => world.call('connections.switch', { params, body })
  it('200 with the sets changed, and back', async () => {
    await giveNext()
    expect((await change()).body).toMatchObject({ has_next: true })
    expect(await currentSecret()).toBe('canary-next')
    expect((await change({ verify: false })).status).toBe(200)
    expect(await currentSecret()).toBe('canary-upstream-secret')
  })
  it('200 once for two at the same time: the other is told (409 conflict), and nothing is changed back', async () => {
    await giveNext()
    await testPath('/slow/200')
    const answers = await Promise.all([change(), change()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(await currentSecret()).toBe('canary-next')
  })
  it('400 without a next set, and with one that the service refuses', async () => {
    expect((await change()).body).toMatchObject({ status: 400, errors: [{ path: 'next' }] })
    await giveNext()
    await testPath('/status/401')
    expect((await change()).body).toMatchObject({ status: 400, errors: [{ path: 'secrets' }] })
    expect(await currentSecret()).toBe('canary-upstream-secret')
  })
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.switch'))
  it('409 conflict when the next set was dropped meanwhile', async () => {
    await giveNext()
    await testPath('/slow/400')
    const slow = change()
    await wait(100)
    await world.must('connections.next', { params, body: { secrets: null } })
    expect((await slow).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  // 502 reconnect_required: connections_reading.test.ts, a connector that has left the catalogue.
  refusals(
    'connections.switch',
    () => world,
    () => ({ params, body: { verify: false } }),
    [['a text for no', { verify: 'no' }, 'verify']],
  )
})

describe('connections.activate', () => {
  it('200 with a connection that is ready left as it is', async () => {
    const before = await world.must('connections.get', { params })
    const { status, body } = await world.call('connections.activate', { params })
    expect([status, { ...body, token: null }]).toEqual([200, before])
  })
  it('404 not_found for an id that no connection has', () => expectNotFound('connections.activate'))
  refusals(
    'connections.activate',
    () => world,
    () => ({ params }),
  )
})
