import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, connectionTo, keyFor, keyWithId, type Scene, startScene, until } from '../gateway/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

const all = [{ connection: 'svc', allow: ['* /**'] }]

/** The files of the store that hold such a table. */
function databases(table: string): DatabaseSync[] {
  const folder = scene.gate.settings.data_dir
  return readdirSync(folder)
    .filter((name) => /\.(db|sqlite)$/.test(name))
    .map((name) => new DatabaseSync(join(folder, name)))
    .filter((db) => db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table))
}

describe('D18: what is cached is as good as the store', () => {
  it('D18: a change by another process holds from the next request', async () => {
    const { id, key } = await keyWithId(scene.gate, all)
    expect((await ask({ gate: scene.gate, key }, '/x')).status).toBe(200)
    const [db] = databases('connections')
    db?.prepare('UPDATE api_keys SET revoked_at = ? WHERE id = ?').run(new Date().toISOString(), id)
    db?.close()
    expect((await ask({ gate: scene.gate, key }, '/x')).code).toBe('key_revoked')
  })

  it('D18: a revocation beside 200 calls in flight: none that began after its answer passes', async () => {
    for (let round = 0; round < 10; round++) {
      const { id, key } = await keyWithId(scene.gate, all)
      const caller = { gate: scene.gate, key }
      let revoked = false
      const late: number[] = []
      const calls = Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 10; i++) {
          const after = revoked
          const { status } = await ask(caller, '/x')
          if (after) late.push(status)
        }
      })
      await ask(caller, '/x')
      await scene.gate.api('DELETE', `/keys/${id}`)
      revoked = true
      late.push((await ask(caller, '/x')).status)
      await Promise.all(calls)
      expect(late.filter((status) => status !== 401)).toEqual([])
    }
  })

  it('D18: calls, audit and last use move the version of nothing else', async () => {
    const [db] = databases('connections')
    const version = () => db?.prepare('PRAGMA data_version').get()
    const before = version()
    for (let i = 0; i < 20; i++) await ask(scene, '/x')
    await scene.gate.api('GET', '/audit')
    expect(version()).toEqual(before)
    await scene.gate.api('PATCH', '/connections/svc', { name: 'renamed' })
    expect(version()).not.toEqual(before)
    db?.close()
  })

  it('D18: a secret that changed is the one that is sent', async () => {
    await connectionTo(scene.gate, scene.upstream.url, { id: 'changing' })
    const key = await keyFor(scene.gate, [{ connection: 'changing', allow: ['GET /**'] }])
    for (let i = 0; i < 5; i++) {
      await scene.gate.api('PATCH', '/connections/changing', { secrets: { username: 'u', password: `p${i}` } })
      await ask({ gate: scene.gate, key }, '/proxy/changing/x')
      expect(scene.upstream.requests.at(-1)?.header('authorization')).toBe(
        `Basic ${Buffer.from(`u:p${i}`).toString('base64')}`,
      )
    }
  })
})

describe('D13: answers that are kept at the management API', () => {
  const create = (key: string, idempotencyKey: string, name = 'made once') =>
    scene.gate.api('POST', '/keys', { name, grants: [] }, { key, headers: { 'idempotency-key': idempotencyKey } })

  it('D13: a second request makes no second key, and does not show the first one’s secret again', async () => {
    const first = await create(scene.gate.adminKey, 'once')
    const second = await create(scene.gate.adminKey, 'once')
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id])
    expect([typeof first.body.key, second.body.key]).toEqual(['string', undefined])
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect((await create(scene.gate.adminKey, 'once', 'another')).body.code).toBe('idempotency_mismatch')
  })

  it('D13: another caller with the same key and body is another scope; one without the right gets nothing', async () => {
    const first = await create(scene.gate.adminKey, 'scope')
    const other = await keyFor(scene.gate, [], { permissions: ['keys.write'] })
    const made = await create(other, 'scope')
    expect([made.status, made.body.id === first.body.id]).toEqual([201, false])
    const none = await keyFor(scene.gate, [])
    expect((await create(none, 'scope')).status).toBe(403)
  })

  it('D13: ten at once: one key', async () => {
    const before = (await scene.gate.api('GET', '/keys?limit=200')).body.items.length
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(scene.gate.adminKey, 'parallel')))
    for (const { status } of answers) expect([201, 503]).toContain(status)
    await until(async () => expect((await create(scene.gate.adminKey, 'parallel')).status).toBe(201))
    expect((await scene.gate.api('GET', '/keys?limit=200')).body.items.length).toBe(before + 1)
  })
})

describe('our own trouble is no denial', () => {
  it('503 store_unavailable, never 401, 403 or 2xx, with a store that cannot be read', async () => {
    const broken = await startScene()
    const { key } = await keyWithId(broken.gate, all)
    const folder = broken.gate.settings.data_dir
    const [name] = readdirSync(folder).filter((file) => {
      if (!/\.(db|sqlite)$/.test(file)) return false
      const db = new DatabaseSync(join(folder, file))
      const found = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'connections'").get()
      db.close()
      return found !== undefined
    })
    const db = new DatabaseSync(join(folder, name as string))
    db.exec('ALTER TABLE api_keys RENAME TO gone')
    const caller = { gate: broken.gate, key }
    for (const answer of [await ask(caller, '/x'), await ask({ ...caller, key: 'unknown-key-of-some-length' }, '/x')]) {
      expect([500, 503]).toContain(answer.status)
    }
    expect((await broken.gate.api('GET', '/keys/self')).status).toBeGreaterThanOrEqual(500)
    db.exec('ALTER TABLE gone RENAME TO api_keys')
    db.close()
    expect((await ask(caller, '/x')).status).toBe(200)
    await broken.stop()
  })
})
