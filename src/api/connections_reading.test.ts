import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allPages, expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

const own = mkdtempSync(join(tmpdir(), 'octroi-connectors-'))
const ACME = `id: acme
name: Acme
docs: https://acme.example
sources: [a test]
scheme: api_key
secrets: { api_key: { title: Key } }
settings: { base_url: { title: Address, format: url } }
base_url: \${settings.base_url}
api_key: [{ header: X-Key, value: "\${secrets.api_key}" }]
test: GET /status/200
`
let world: World
beforeAll(async () => {
  writeFileSync(join(own, 'acme.yaml'), ACME)
  world = await startWorld({ OCTROI_CONNECTORS: own })
  for (const [id, team] of Object.entries({ a: 'blue', b: 'red', c: 'blue', d: 'red', e: 'blue' })) {
    await world.newConnection({ id, tags: { team } })
  }
})
afterAll(() => world.stop())

const idsOf = (items: readonly { id: string }[]) => items.map(({ id }) => id)
const limited = (permission: string, limit: object) => ({ permission, ...limit })

describe('connections.list', () => {
  it('200 with every connection, in order, and no secret', async () => {
    const { items } = await world.must('connections.list')
    expect(idsOf(items)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(JSON.stringify(items)).not.toContain('canary')
  })
  it('200 with those of a connector, or in a state', async () => {
    expect((await world.must('connections.list', { query: { connector: 'paheko' } })).items).toEqual([])
    const query = { connector: 'generic-api-key', state: 'ready' }
    expect((await world.must('connections.list', { query })).items).toHaveLength(5)
  })
  it('200 page by page to the end', () => expectPaged(world, 'connections.list'))
  it('200 with those that the key may read, in full pages that tell nothing of the others (D7)', async () => {
    const permissions = [limited('connections.read', { tags: { team: 'blue' } })]
    const { key } = await world.newKey({ permissions })
    for (const limit of ['1', '2', '3']) {
      const pages = await allPages(world, 'connections.list', { limit }, key)
      expect(idsOf(pages.flat())).toEqual(['a', 'c', 'e'])
      expect(pages.length).toBe(Math.ceil(3 / Number(limit)))
      const first = await world.must('connections.list', { query: { limit }, key })
      expect(['a', 'c', null]).toContain(first.next_cursor)
    }
  })
  it('400 with a state that there is not', async () => {
    const answer = await world.call('connections.list', { query: { state: 'broken' } })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'state' }] })
  })

  refusals(
    'connections.list',
    () => world,
    () => ({}),
  )
})

describe('connections.get', () => {
  it('200 with the connection as the list shows it', async () => {
    const { status, body } = await world.call('connections.get', { params: { id: 'b' } })
    expect(status).toBe(200)
    const { token, ...listed } = body
    expect(token).toBeNull()
    expect((await world.must('connections.list')).items).toContainEqual(listed)
  })
  it('404 not_found for an id that no connection has', async () => {
    const answer = await world.call('connections.get', { params: { id: 'z' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('404 not_found with a permission for another connection, like one that is not there (D7)', async () => {
    for (const limit of [{ connection: 'a' }, { tags: { team: 'blue' } }]) {
      const { key } = await world.newKey({ permissions: [limited('connections.read', limit)] })
      expect((await world.call('connections.get', { params: { id: 'a' }, key })).status).toBe(200)
      const [other, none] = [
        await world.call('connections.get', { params: { id: 'b' }, key }),
        await world.call('connections.get', { params: { id: 'z' }, key }),
      ]
      expect(other.body.detail).toBe(none.body.detail.replace('z', 'b'))
      expect([other.status, none.status]).toEqual([404, 404])
    }
  })

  refusals(
    'connections.get',
    () => world,
    () => ({ params: { id: 'a' } }),
  )
})

describe('connections.credentials', () => {
  const read = (id: string, key?: string) => world.call('connections.credentials', { params: { id }, key })
  const permissions = ['connections.read_credentials']

  // Of connections with a token: 502 upstream_unreachable in test/renewals/credentials.test.ts; 502 upstream_refused_address and
  // 504 upstream_timeout in test/renewals/engine.test.ts.
  it('200 with what the connection injects', async () => {
    const { status, body } = await read('a')
    expect(status).toBe(200)
    expect(body).toEqual({ secrets: { api_key: 'canary-upstream-secret' }, expires_at: null })
  })
  it('200 with the permission and a grant with credentials, by id or by tags (D7)', async () => {
    for (const grant of [{ connection: 'a' }, { connector: 'generic-api-key', tags: { team: 'blue' } }]) {
      const { key } = await world.newKey({ permissions, grants: [{ ...grant, allow: [], credentials: true }] })
      expect([(await read('a', key)).status, (await read('b', key)).status]).toEqual([200, 403])
    }
  })
  it.each([
    ['no grant', []],
    ['a grant without credentials', [{ connection: 'a', allow: ['* /**'] }]],
    ['a grant at another connection', [{ connection: 'b', allow: [], credentials: true }]],
    ['a grant for other tags', [{ connector: 'generic-api-key', tags: { team: 'red' }, allow: [], credentials: true }]],
    ['a grant for another connector', [{ connector: 'paheko', allow: [], credentials: true }]],
  ])('403 not_granted with the permission and %s', async (_, grants) => {
    const { key } = await world.newKey({ permissions, grants })
    expect((await read('a', key)).body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('403 not_granted with the grant and without the permission', async () => {
    const { key } = await world.newKey({ grants: [{ connection: 'a', allow: [], credentials: true }] })
    expect((await read('a', key)).status).toBe(403)
  })
  it('404 not_found for an id that no connection has', async () => {
    expect((await read('z')).body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('404 not_found with the permission limited to another connection', async () => {
    const only = [limited('connections.read_credentials', { connection: 'b' })]
    const { key } = await world.newKey({
      permissions: only,
      grants: [{ connection: 'a', allow: [], credentials: true }],
    })
    expect((await read('a', key)).status).toBe(404)
  })

  // 502 reconnect_required: below, a connector that has left the catalogue.
  refusals(
    'connections.credentials',
    () => world,
    () => ({ params: { id: 'a' } }),
  )
})

describe('a connector that has left the catalogue', () => {
  const params = { id: 'orphan' }
  beforeAll(async () => {
    await world.newConnection({ ...params, connector: 'acme', settings: { base_url: world.upstream.url } })
    await world.must('connections.next', { params, body: { secrets: { api_key: 'next' } } })
    rmSync(join(own, 'acme.yaml'))
    await wait(1_100)
  })
  it.each(['connections.credentials', 'connections.test', 'connections.switch'] as const)(
    '502 reconnect_required from %s',
    async (name) => {
      expect((await world.call(name, { params })).body).toMatchObject({ status: 502, code: 'reconnect_required' })
    },
  )
  it('200 from connections.get, and 204 from connections.delete', async () => {
    expect((await world.call('connections.get', { params })).status).toBe(200)
    expect((await world.call('connections.delete', { params })).status).toBe(204)
  })
})
