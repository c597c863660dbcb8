import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, connectionTo, keyFor, keyWithId, type Scene, startScene } from '../gateway/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await connectionTo(scene.gate, scene.upstream.url, { id: 'other', tags: { team: 'b' } })
})
afterAll(() => scene.stop())

const api = (method: string, path: string, body?: unknown, key?: string | null) =>
  scene.gate.api(method, path, body, key === undefined ? {} : { key })
const all = [{ connection: 'svc', allow: ['* /**'] }]
const through = (key: string, path = '/x', init: RequestInit = {}) => ask({ gate: scene.gate, key }, path, init)

const CREATE = { name: 'mine', grants: [] }
/** Every field of a stored key that nobody gives. */
const STORED = {
  id: 'abcdefgh',
  key: 'oct_key_abcdefgh_x',
  secret: 'a-secret-of-my-own-choosing',
  hash: 'x',
  userId: 'admin',
  user_id: 'admin',
  owner: 'admin',
  imported: true,
  environment: 'production',
  state: 'active',
  disabled_at: null,
  revoked_at: null,
  last_used_at: null,
  created_at: '2020-01-01T00:00:00Z',
  updated_at: '2020-01-01T00:00:00Z',
  created_by: 'admin',
  rateLimitMax: 1,
  __proto__: { x: 1 },
  constructor: 'x',
}

describe('T23: no key is made or changed but by who may', () => {
  it.each([
    ['POST', '/keys', CREATE],
    ['POST', '/keys/import', { ...CREATE, secret: 'a-secret-of-my-own-choosing' }],
    ['POST', '/keys/import/batch', { keys: [{ ...CREATE, secret: 'a-secret-of-my-own-choosing' }] }],
    ['GET', '/keys', undefined],
    ['GET', '/keys/abcdefgh/usage', undefined],
    ['PATCH', '/keys/abcdefgh', { name: 'x' }],
    ['POST', '/keys/abcdefgh/rotate', {}],
    ['DELETE', '/keys/abcdefgh', undefined],
  ])('T23: %s %s: 401 without a key, 403 with one that lacks keys.*', async (method, path, body) => {
    const anonymous = await api(method, path, body, null)
    expect([anonymous.status, anonymous.body.code]).toEqual([401, 'unauthenticated'])
    expect((await api(method, path, body, scene.key)).status).toBe(403)
  })

  it.each(Object.keys(STORED))('T23: mass assignment: 400 with %s at creation, change and rotation', async (field) => {
    const { id } = await keyWithId(scene.gate, [])
    const value = STORED[field as keyof typeof STORED]
    const calls = [
      await api('POST', '/keys', { ...CREATE, [field]: value }),
      await api('PATCH', `/keys/${id}`, { [field]: value }),
      await api('POST', `/keys/${id}/rotate`, { [field]: value }),
    ]
    for (const { status } of calls) expect(status).toBe(400)
    expect((await api('GET', `/keys/${id}`)).body).toMatchObject({ id, imported: false, state: 'active' })
  })

  it.each(Object.keys(STORED).filter((field) => field !== 'secret'))(
    'T23: mass assignment: 400 with %s in a row of a batch, and no row is taken over',
    async (field) => {
      const row = { name: 'mine', secret: 'a-secret-of-my-own-choosing' }
      const wrong = { ...row, secret: `${row.secret}-2`, [field]: STORED[field as keyof typeof STORED] }
      expect((await api('POST', '/keys/import/batch', { keys: [row, wrong] })).status).toBe(400)
      const { body } = await api('POST', '/keys/import/batch', { keys: [row], dry_run: true })
      expect(body).toMatchObject({ made: 1, unchanged: 0 })
    },
  )

  it('T23: __proto__ in the text of the body', async () => {
    for (const text of [
      '{"name":"x","__proto__":{"permissions":["*"]}}',
      '{"name":"x","constructor":{"prototype":{}}}',
    ]) {
      const answer = await fetch(`${scene.gate.url}/api/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${scene.gate.adminKey}`, 'content-type': 'application/json' },
        body: text,
      })
      expect(answer.status).toBe(400)
    }
  })

  it('T23: 400 for an account that is not there', async () => {
    expect((await api('POST', '/keys', { ...CREATE, account: 'nobody' })).status).toBe(400)
  })

  it('T23: no credential of a form: 400 or 401 with the key in the body, the query, a cookie', async () => {
    const url = `${scene.gate.url}/api/v1/keys`
    const json = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ...CREATE, api_key: scene.gate.adminKey })
    expect((await fetch(url, { method: 'POST', headers: json, body })).status).toBe(401)
    expect((await fetch(`${url}?key=${scene.gate.adminKey}`)).status).toBe(400)
    expect((await fetch(url, { headers: { cookie: `octroi_session=${scene.gate.adminKey}` } })).status).toBe(401)
    const form = { 'content-type': 'application/x-www-form-urlencoded', authorization: `Bearer ${scene.gate.adminKey}` }
    expect((await fetch(url, { method: 'POST', headers: form, body: 'name=x' })).status).toBe(400)
  })
})

describe('T24: what is taken away is gone from the next request', () => {
  it('T24: revoked, disabled, expired, narrowed, account off, while all of it is cached', async () => {
    const { id, key } = await keyWithId(scene.gate, all)
    const answers: unknown[] = []
    const note = async () => {
      const { status, code } = await through(key)
      answers.push(code ?? status)
    }
    await note()
    await api('PATCH', `/keys/${id}`, { disabled: true })
    await note()
    await api('PATCH', `/keys/${id}`, { disabled: false })
    await note()
    await api('PATCH', `/keys/${id}`, { grants: [{ connection: 'svc', allow: ['POST /x'] }] })
    await note()
    await api('PATCH', `/keys/${id}`, { grants: all, cidrs: ['10.0.0.0/8'] })
    await note()
    await api('PATCH', `/keys/${id}`, { cidrs: [] })
    await note()
    await api('DELETE', `/keys/${id}`)
    await note()
    expect(answers).toEqual([200, 'unauthenticated', 200, 'not_granted', 'not_granted', 200, 'key_revoked'])
  })

  it('T24: expiry holds to the second, and is told to its holder only', async () => {
    const expires_at = new Date(Date.now() + 1_500).toISOString()
    const { key } = await keyWithId(scene.gate, all, { expires_at })
    expect((await through(key)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, Date.parse(expires_at) - Date.now() + 5))
    expect((await through(key)).code).toBe('key_expired')
    expect((await through(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`)).code).toBe('unauthenticated')
  })

  it('T24: rotation: overlap 0 ends the old secret at once, an overlap keeps it', async () => {
    const { id, key } = await keyWithId(scene.gate, all)
    const second = (await api('POST', `/keys/${id}/rotate`, { overlap_s: 3_600 })).body.key
    expect([(await through(key)).status, (await through(second)).status]).toEqual([200, 200])
    const third = (await api('POST', `/keys/${id}/rotate`, { overlap_s: 0 })).body.key
    expect([(await through(key)).status, (await through(second)).status, (await through(third)).status]).toEqual([
      401, 401, 200,
    ])
  })

  it('T24: a disabled account takes its keys with it; a deleted connection its calls', async () => {
    const account = (await api('POST', '/accounts', { kind: 'service', name: 'till' })).body.id
    const { key } = await keyWithId(scene.gate, all, { account })
    const stays = await keyFor(scene.gate, all, { account, usable_when_owner_inactive: true })
    expect((await through(key)).status).toBe(200)
    await api('POST', `/accounts/${account}/disable`)
    expect([(await through(key)).code, (await through(stays)).status]).toEqual(['unauthenticated', 200])
    await api('POST', `/accounts/${account}/enable`)
    expect((await through(key)).status).toBe(200)
    await connectionTo(scene.gate, scene.upstream.url, { id: 'short-lived' })
    const brief = await keyFor(scene.gate, [{ connection: 'short-lived', allow: ['* /**'] }])
    expect((await through(brief, '/proxy/short-lived/x')).status).toBe(200)
    await api('DELETE', '/connections/short-lived')
    expect((await through(brief, '/proxy/short-lived/x')).code).toBe('not_granted')
  })
})

describe('T25: what is cached for one question answers no other', () => {
  it('T25: key, connection, method and path are asked each time', async () => {
    const reader = await keyFor(scene.gate, [{ connection: 'svc', allow: ['GET /a'] }])
    const other = await keyFor(scene.gate, [{ connection: 'other', allow: ['GET /a'] }])
    for (let round = 0; round < 3; round++) {
      expect((await through(reader, '/a')).status).toBe(200)
      expect((await through(reader, '/a', { method: 'POST' })).status).toBe(403)
      expect((await through(reader, '/b')).status).toBe(403)
      expect((await through(reader, '/proxy/other/a')).status).toBe(403)
      expect((await through(other, '/a')).status).toBe(403)
      expect((await through(other, '/proxy/other/a')).status).toBe(200)
      expect((await api('GET', '/keys', undefined, reader)).status).toBe(403)
    }
  })

  it('T25: tags and grants of the connection as they are now', async () => {
    const key = await keyFor(scene.gate, [{ connector: 'generic-basic', tags: { customer: '42' }, allow: ['GET /**'] }])
    expect((await through(key)).status).toBe(403)
    await api('PATCH', '/connections/svc', { tags: { customer: '42' } })
    expect((await through(key)).status).toBe(200)
    await api('PATCH', '/connections/svc', { tags: { customer: '43' } })
    expect((await through(key)).status).toBe(403)
  })
})

describe('T27: limits', () => {
  it('T27: of 100 at once with a limit of 10 exactly 10 pass, whatever the door', async () => {
    const key = await keyFor(scene.gate, all, { rate_limit: { limit: 10, window_s: 3_600 } })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        i % 2
          ? through(key).then(({ status }) => status)
          : api('GET', '/keys/self', undefined, key).then(({ status }) => status),
      ),
    )
    expect(answers.filter((status) => status === 200)).toHaveLength(10)
    expect(answers.filter((status) => status === 429)).toHaveLength(90)
    const limited = await through(key)
    expect([limited.code, Number(limited.headers.get('retry-after')) > 0]).toEqual(['rate_limited', true])
  })

  it('T27: nobody uses up another one’s limit: wrong keys, a rotated secret and forged addresses count for nobody', async () => {
    const { id, key } = await keyWithId(scene.gate, all, { rate_limit: { limit: 3, window_s: 3_600 } })
    for (let i = 0; i < 10; i++) {
      await through(`${key.slice(0, -1)}x`)
      await ask({ gate: scene.gate, key: '' }, '/x', { headers: { 'x-forwarded-for': '127.0.0.1' } })
    }
    expect((await through(key)).status).toBe(200)
    const rotated = (await api('POST', `/keys/${id}/rotate`, { overlap_s: 60 })).body.key
    const statuses = [await through(rotated), await through(key), await through(rotated), await through(key)]
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429, 429])
  })
})

describe('D14: what is stored of a key', () => {
  it.each([
    [{}, 400],
    [{ allow_weak: true }, 400],
    [{ allow_weak: true, cidrs: ['127.0.0.0/8'] }, 400],
    [{ cidrs: ['127.0.0.0/8'], expires_at: '2099-01-01T00:00:00Z' }, 400],
    [{ allow_weak: true, cidrs: ['127.0.0.0/8'], expires_at: '2099-01-01T00:00:00Z' }, 201],
  ])('D14: a weak key needs allow_weak, a CIDR and an end (%j → %i)', async (more, status) => {
    const secret = `weak${Math.random().toString(36).slice(2, 10)}`
    expect((await api('POST', '/keys/import', { name: 'old', grants: all, secret, ...more })).status).toBe(status)
    expect((await through(secret)).status).toBe(status === 201 ? 200 : 401)
  })

  it('D14: the stored hash is no hash of the key alone', async () => {
    const { createHash } = await import('node:crypto')
    const { readdirSync, readFileSync } = await import('node:fs')
    const key = await keyFor(scene.gate, all)
    const folder = scene.gate.settings.data_dir
    const files = readdirSync(folder)
      .filter((name) => name !== 'master.key')
      .map((name) => readFileSync(`${folder}/${name}`))
    for (const algorithm of ['sha256', 'sha1', 'md5', 'sha512']) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const digest = createHash(algorithm).update(key).digest(encoding)
        expect(files.some((file) => file.includes(digest) || file.includes(key))).toBe(false)
      }
    }
  })
})
