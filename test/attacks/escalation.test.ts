import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, connectionTo, keyFor, keyWithId, type Scene, startScene } from '../gateway/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await connectionTo(scene.gate, scene.upstream.url, { id: 'other', tags: { team: 'b' } })
})
afterAll(() => scene.stop())

const api = (method: string, path: string, body?: unknown, key?: string) =>
  scene.gate.api(method, path, body, key === undefined ? {} : { key })
const all = [{ connection: 'svc', allow: ['* /**'] }]
const through = (key: string) => ask({ gate: scene.gate, key }, '/x')
const CREATE = { name: 'mine', grants: [] }

describe('D6: nobody gives or changes what he does not hold', () => {
  const holder = (more: Record<string, unknown> = {}) =>
    keyWithId(scene.gate, [{ connection: 'svc', allow: ['GET /a/**'] }], {
      permissions: ['keys.read', 'keys.write', 'accounts.read', 'accounts.write'],
      ...more,
    })

  it.each([
    ['the administrator’s permission', { permissions: ['*'] }],
    ['another permission', { permissions: ['connections.read_credentials'] }],
    ['another connection', { grants: [{ connection: 'other', allow: ['GET /a'] }] }],
    ['a wider path', { grants: [{ connection: 'svc', allow: ['GET /**'] }] }],
    ['another method', { grants: [{ connection: 'svc', allow: ['POST /a/x'] }] }],
    ['any method', { grants: [{ connection: 'svc', allow: ['* /a/x'] }] }],
    ['every connection of the connector', { grants: [{ connector: 'generic-basic', allow: ['GET /a/x'] }] }],
    ['a grant by name', { grants: [{ connection: 'svc', allow: ['all'] }] }],
    ['credentials', { grants: [{ connection: 'svc', allow: ['GET /a/x'], credentials: true }] }],
  ])('D6: 403 not_granted for %s: on create, import, edit', async (_, wanted) => {
    const { key, id } = await holder()
    const { id: mine } = await keyWithId(scene.gate, [])
    const tries = [
      await api('POST', '/keys', { ...CREATE, ...wanted }, key),
      await api('POST', '/keys/import', { ...CREATE, ...wanted, secret: `imported-${Math.random()}-key` }, key),
      await api('PATCH', `/keys/${mine}`, wanted, key),
      await api('PATCH', `/keys/${id}`, wanted, key),
    ]
    expect(tries.map(({ status, body }) => [status, body.code])).toEqual(Array(4).fill([403, 'not_granted']))
  })

  it('D6: 403 on rotate, edit, disable, enable, revoke of a key that holds more, the administrator’s first of all', async () => {
    const { key } = await holder()
    const admin = await api('GET', '/keys/self')
    const stronger = await keyWithId(scene.gate, all)
    for (const id of [admin.body.id, stronger.id]) {
      const tries = [
        await api('POST', `/keys/${id}/rotate`, { overlap_s: 3_600 }, key),
        await api('PATCH', `/keys/${id}`, { name: 'mine now' }, key),
        await api('PATCH', `/keys/${id}`, { disabled: true }, key),
        await api('PATCH', `/keys/${id}`, { disabled: false }, key),
        await api('PATCH', `/keys/${id}`, { grants: [], permissions: [] }, key),
        await api('PATCH', `/keys/${id}`, { cidrs: [] }, key),
        await api('DELETE', `/keys/${id}`, undefined, key),
      ]
      expect(tries.map(({ status }) => status)).toEqual(Array(7).fill(403))
    }
    expect((await api('GET', '/keys/self')).status).toBe(200)
    expect((await through(stronger.key)).status).toBe(200)
  })

  it('D6: 403 on disabling and enabling an account whose keys hold more', async () => {
    const { key } = await holder()
    const { account } = (await api('GET', '/keys/self')).body
    for (const verb of ['disable', 'enable']) {
      expect((await api('POST', `/accounts/${account}/${verb}`, {}, key)).status).toBe(403)
    }
    expect((await api('GET', '/keys/self')).status).toBe(200)
  })

  it('D6: what he holds he may give, edit, rotate and revoke', async () => {
    const { key } = await holder()
    const made = await api('POST', '/keys', { ...CREATE, grants: [{ connection: 'svc', allow: ['GET /a/b'] }] }, key)
    expect(made.status).toBe(201)
    expect((await api('PATCH', `/keys/${made.body.id}`, { name: 'y' }, key)).status).toBe(200)
    expect((await api('POST', `/keys/${made.body.id}/rotate`, {}, key)).status).toBe(200)
    expect((await api('DELETE', `/keys/${made.body.id}`, undefined, key)).status).toBe(204)
  })

  it('D6: * passes no /proxy without a grant', async () => {
    expect((await through(scene.gate.adminKey)).code).toBe('not_granted')
  })
})

describe('D7: permissions and credentials limited to some connections', () => {
  const at = (permission: string, limit: object) => ({ permission, ...limit })

  it.each([
    ['by id', { connection: 'svc' }],
    ['by tags', { tags: { team: 'a' } }],
  ])('D7: limited %s: the other connection answers as if it were not there', async (_, limit) => {
    await api('PATCH', '/connections/svc', { tags: { team: 'a' } })
    const names = ['connections.read', 'connections.write', 'connections.read_credentials']
    const permissions = names.map((name) => at(name, limit))
    const grants = ['svc', 'other'].map((connection) => ({ connection, allow: [], credentials: true }))
    const key = await keyFor(scene.gate, grants, { permissions })
    const ghost = await api('GET', '/connections/ghost', undefined, key)
    const tries = await Promise.all([
      api('GET', '/connections/other', undefined, key),
      api('PATCH', '/connections/other', { name: 'x' }, key),
      api('DELETE', '/connections/other', undefined, key),
      api('POST', '/connections/other/test', {}, key),
      api('PUT', '/connections/other/next', { secrets: null }, key),
      api('POST', '/connections/other/switch', {}, key),
      api('POST', '/connections/other/activate', undefined, key),
      api('GET', '/connections/other/credentials', undefined, key),
    ])
    expect(tries.map(({ status, body }) => [status, body.code])).toEqual(Array(8).fill([404, ghost.body.code]))
    expect((await api('GET', '/connections/svc', undefined, key)).status).toBe(200)
    expect((await api('GET', '/connections/svc/credentials', undefined, key)).status).toBe(200)
    const { body } = await api('GET', '/connections', undefined, key)
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['svc'])
  })

  it('D7: nobody moves a connection into or out of his tags', async () => {
    const key = await keyFor(scene.gate, [], { permissions: [at('connections.write', { tags: { team: 'a' } })] })
    expect((await api('PATCH', '/connections/other', { tags: { team: 'a' } }, key)).status).toBe(404)
    expect((await api('PATCH', '/connections/svc', { tags: { team: 'b' } }, key)).status).toBe(403)
    const made = await api('POST', '/connections', { id: 'n', connector: 'generic-basic', secrets: {} }, key)
    expect([400, 403]).toContain(made.status)
  })

  it('D7: credentials need the permission and a grant that says so', async () => {
    const permissions = ['connections.read_credentials']
    const grant = { connection: 'svc', allow: ['* /**'] }
    const read = async (grants: unknown, more: object) =>
      (await api('GET', '/connections/svc/credentials', undefined, await keyFor(scene.gate, grants, { ...more })))
        .status
    expect(await read([{ ...grant, credentials: true }], { permissions })).toBe(200)
    expect(await read([grant], { permissions })).toBe(403)
    expect(await read([{ ...grant, credentials: true }], {})).toBe(403)
    expect(await read([{ ...grant, connection: 'other', credentials: true }], { permissions })).toBe(403)
  })
})
