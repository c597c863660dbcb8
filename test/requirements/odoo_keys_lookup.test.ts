import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateKey } from '../../src/inbound/key_format.ts'
import { hotQueries } from '../../src/store/hot_queries.ts'
import { startChildGate } from '../gateway/child.ts'
import { ask, type Scene } from '../gateway/scene.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { ALL, basic, check, keyOf, route, startKeyScene, through } from './keys_scene.ts'

/** Rows of what is known of `auth_api_key`: how a key is sent, looked up and kept. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
  await route(scene, {})
})
afterAll(() => scene.stop())

const api = (method: string, path: string, body?: unknown, key?: string | null) =>
  scene.gate.api(method, path, body, key === undefined ? {} : { key })

it('A-01: API-KEY makes the request that of its account; what is behind learns who, and never the key', async () => {
  const { id, key } = await keyOf(scene, 'webshop')
  const self = await api('GET', '/keys/self', undefined, key)
  expect(self.body).toMatchObject({ id, account: 'webshop' })
  const before = scene.upstream.requests.length
  expect(await through(scene, key)).toBe(200)
  const seen = scene.upstream.requests.at(-1)
  expect([scene.upstream.requests.length, seen?.header('api-key')]).toEqual([before + 1, undefined])
  expect(JSON.stringify(seen?.rawHeaders)).not.toContain(key)

  const passed = await check(scene, { 'API-KEY': key })
  expect([passed.status, passed.headers.get('octroi-subject'), passed.headers.get('octroi-key-id')]).toEqual([
    200,
    'webshop',
    id,
  ])
  const assertion = passed.headers.get('octroi-assertion') as string
  const claims = JSON.parse(Buffer.from(assertion.split('.')[1] as string, 'base64url').toString())
  expect(claims).toMatchObject({ sub: 'webshop', key_id: id, proof: 'api_key' })
  expect(JSON.stringify([...passed.headers, claims])).not.toContain(key)
})

it('A-02: without a key, or with an empty one, 401 that says how to authenticate; 403 is for those who are known', async () => {
  for (const headers of [{}, { 'API-KEY': '' }, { 'API-KEY': '   ' }]) {
    const answers = [await ask({ ...scene, key: '' }, '/x', { headers }), await check(scene, headers)]
    for (const { status, code, headers: given } of answers) {
      expect([status, code, given.get('www-authenticate')?.includes('Bearer')]).toEqual([401, 'unauthenticated', true])
    }
  }
  const { key } = await keyOf(scene, 'webshop', { grants: [] })
  expect(await through(scene, key)).toBe('not_granted')
  expect((await ask({ gate: scene.gate, key }, '/x')).status).toBe(403)
})

it('A-03: API-KEY, X-API-Key, Bearer and the password of Basic; API_KEY is refused by name, two different keys always', async () => {
  const { key } = await keyOf(scene, 'webshop')
  const other = await keyOf(scene, 'reports')
  const places: Record<string, string>[] = [
    { 'API-KEY': key },
    { 'api-key': key },
    { 'X-API-Key': key },
    { Authorization: `Bearer ${key}` },
    { Authorization: basic('anything', key) },
    { 'API-KEY': key, 'X-API-Key': key, Authorization: `Bearer ${key}` },
  ]
  for (const headers of places) {
    expect((await ask({ ...scene, key: '' }, '/x', { headers })).status).toBe(200)
    expect((await check(scene, headers)).headers.get('octroi-subject')).toBe('webshop')
  }
  const alias = await ask({ ...scene, key: '' }, '/x', { headers: { API_KEY: key } })
  expect([alias.status, alias.code]).toEqual([400, 'invalid_request'])
  expect(alias.json.detail).toContain('write api-key, with hyphens')
  expect((await check(scene, { API_KEY: key })).status).toBe(400)
  const two = [
    { 'API-KEY': key, 'X-API-Key': other.key },
    { 'API-KEY': key, Authorization: `Bearer ${other.key}` },
  ]
  const beside = { 'API-KEY': key, Authorization: basic('x', other.key) }
  for (const answer of [
    ...(await Promise.all([...two, beside].map((headers) => ask({ ...scene, key: '' }, '/x', { headers })))),
    ...(await Promise.all(two.map((headers) => check(scene, headers)))),
  ]) {
    expect([answer.status, answer.code]).toEqual([400, 'ambiguous_credentials'])
  }
  // Behind somebody else's proxy Basic may be the application's own: a route that takes keys alone does not look at it.
  expect((await check(scene, beside)).headers.get('octroi-subject')).toBe('webshop')
  const twice = rawLines('GET /proxy/svc/x HTTP/1.1', 'Host: gate', `API-KEY: ${key}`, `API-KEY: ${other.key}`)
  expect((await rawRequest(scene.gate.port, twice)).header('octroi-error')).toBe('ambiguous_credentials')
})

it('A-04: a route takes any or all of Basic and a key; both are verified, and a 401 says which is missing', async () => {
  const password = 'the-password-of-the-till'
  await api('POST', '/accounts', { id: 'till', kind: 'service', name: 'Till', password })
  const { key } = await keyOf(scene, 'till')
  const [right, wrong] = [basic('till', password), basic('till', 'not-the-password')]
  await route(scene, { path: '/all/**', accept: { all: ['basic', 'api_key'] } })
  await route(scene, { path: '/any/**', accept: { any: ['basic', 'api_key'] } })
  const at = async (path: string, headers: Record<string, string>) => {
    const { status, code, text, headers: given } = await check(scene, headers, path)
    return { status, code, text, challenge: given.get('www-authenticate') }
  }
  expect(await at('/all/x', { Authorization: right, 'API-KEY': key })).toMatchObject({ status: 200 })
  const lone = await at('/all/x', { 'API-KEY': key })
  expect([lone.status, lone.text]).toEqual([401, expect.stringContaining('missing: basic')])
  expect(lone.challenge).toMatch(/^Basic/)
  const other = await at('/all/x', { Authorization: right })
  expect([other.status, other.text]).toEqual([401, expect.stringContaining('missing: api_key')])
  expect(await at('/all/x', { Authorization: wrong, 'API-KEY': key })).toMatchObject({ status: 401 })
  expect(await at('/all/x', { Authorization: right, 'API-KEY': `${key}x` })).toMatchObject({ status: 401 })
  for (const headers of [{ Authorization: right }, { 'API-KEY': key }]) {
    expect(await at('/any/x', headers)).toMatchObject({ status: 200 })
  }
  expect(await at('/any/x', { Authorization: wrong })).toMatchObject({ status: 401 })
})

it('A-05: one look-up by an index, however many keys there are', () => {
  const db = new DatabaseSync(join(scene.gate.settings.data_dir, 'octroi.db'))
  for (const query of [hotQueries('?').findKey, hotQueries('?').findTechName]) {
    const plan = db.prepare(`explain query plan ${query}`).all('x') as { detail: string }[]
    expect(plan.some(({ detail }) => /^SEARCH/.test(detail))).toBe(true)
    expect(plan.map(({ detail }) => detail).filter((detail) => /^SCAN/.test(detail))).toEqual([])
  }
  db.close()
})

it('A-06: the key is shown once; the store has a keyed hash of it', async () => {
  const { id, key } = await keyOf(scene, 'webshop')
  for (const path of [`/keys/${id}`, '/keys?limit=200', '/events', '/audit']) {
    expect(JSON.stringify((await api('GET', path)).body)).not.toContain(key)
  }
  const folder = scene.gate.settings.data_dir
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path).isFile()) expect([name, readFileSync(path).includes(key)]).toEqual([name, false])
  }
})

it('A-07: a wrong key is in no answer', async () => {
  const wrong = 'CANARY-wrong-key-of-some-length'
  const answers = [
    await ask({ ...scene, key: wrong }, '/x'),
    await check(scene, { 'API-KEY': wrong }),
    await ask({ ...scene, key: '' }, `/x?api_key=${wrong}`),
  ]
  for (const { status, text, headers } of answers) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(JSON.stringify([text, ...headers])).not.toContain('CANARY')
  }
  expect((await api('GET', '/keys/self', undefined, wrong)).status).toBe(401)
})

it('A-08: no byte of a key that was sent is in the log or in the trail, right or wrong, at the level of everything', async () => {
  const gate = await startChildGate({
    OCTROI_LOG_LEVEL: 'trace',
    OCTROI_AUDIT: 'strict',
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
  })
  const wrong = 'CANARY-wrong-key-of-some-length'
  const imported = 'CANARY-imported-key-of-some-length'
  const admin = { authorization: `Bearer ${gate.adminKey}`, 'content-type': 'application/json' }
  const post = (path: string, body: unknown) =>
    fetch(`${gate.url}/api/v1${path}`, { method: 'POST', headers: admin, body: JSON.stringify(body) })
  const batch = {
    keys: [
      { name: 'x', secret: imported },
      { name: 'y', secret: wrong, account: 'nobody' },
    ],
  }
  expect((await post('/keys/import/batch', batch)).status).toBe(400)
  expect((await post('/keys/import/batch', { keys: batch.keys.slice(0, 1) })).status).toBe(200)
  expect((await post('/keys/import', { name: 'again', secret: imported })).status).toBe(409)
  const asked = { 'X-Forwarded-Host': 'a.example', 'X-Forwarded-Uri': '/', 'X-Forwarded-Method': 'GET' }
  for (const key of [wrong, imported, `${imported}é`]) {
    for (const headers of [
      { 'API-KEY': key },
      { Authorization: `Bearer ${key}` },
      { Authorization: basic('u', key) },
    ]) {
      await fetch(`${gate.url}/proxy/svc/x`, { headers })
      await fetch(`${gate.url}/api/v1/keys/self`, { headers })
      await fetch(`${gate.url}/forward-auth`, { headers: { ...asked, 'X-Forwarded-Proto': 'https', ...headers } })
    }
  }
  await gate.stop()
  expect(gate.output().includes('CANARY')).toBe(false)
  expect(gate.output().toString()).toContain('Octroi is ready')
  for (const name of readdirSync(gate.folder)) {
    expect([name, readFileSync(join(gate.folder, name)).includes('CANARY')]).toEqual([name, false])
  }
  await gate.remove()
})

it('A-09: a key with bytes beyond ASCII is a wrong key: 401, never 500', async () => {
  for (const key of ['clé-secrète-de-la-caisse', '\u0080\u00ff\u00fe', 'a\tb', '\u00a0']) {
    for (const header of [`API-KEY: ${key}`, `Authorization: Bearer ${key}`]) {
      const lines = rawLines('GET /proxy/svc/x HTTP/1.1', 'Host: gate', header)
      expect((await rawRequest(scene.gate.port, lines)).status).toBe(401)
    }
  }
})

it('A-10: one secret is one key’s: a duplicate is refused, and no name has to be unique for that', async () => {
  const secret = 'a-key-that-was-made-elsewhere-1'
  expect((await api('POST', '/keys/import', { name: 'one', secret })).status).toBe(201)
  const second = await api('POST', '/keys/import', { name: 'two', secret })
  expect([second.status, second.body.code]).toEqual([409, 'conflict'])
  const other = await api('POST', '/accounts', { kind: 'service', name: 'Other' })
  const batch = { keys: [{ name: 'three', secret, account: other.body.id }] }
  expect((await api('POST', '/keys/import/batch', batch)).status).toBe(409)
  const twice = { keys: [1, 2].map((i) => ({ name: `${i}`, secret: 'a-key-that-was-made-elsewhere-2' })) }
  expect((await api('POST', '/keys/import/batch', twice)).status).toBe(400)
  const names = [await api('POST', '/keys', { name: 'same' }), await api('POST', '/keys', { name: 'same' })]
  expect(names.map(({ status }) => status)).toEqual([201, 201])
})

it('A-11: keys are made here, with 190 bits; one that was made elsewhere is flagged', async () => {
  const made = new Set(Array.from({ length: 1_000 }, () => generateKey().key.slice('oct_key_12345678_'.length)))
  expect(made.size).toBe(1_000)
  for (const secret of made) expect(secret).toMatch(/^[0-9A-Za-z]{38}$/)
  // 32 characters of 62, drawn evenly: each stands in each place.
  expect(32 * Math.log2(62)).toBeGreaterThan(160)
  const inPlace = (i: number) => new Set([...made].map((secret) => secret[i])).size
  for (let i = 0; i < 32; i++) expect(inPlace(i)).toBe(62)
  const chosen = await api('POST', '/keys', { name: 'mine', key: 'a-secret-of-my-own-choosing' })
  expect(chosen.status).toBe(400)
  const imported = await api('POST', '/keys/import', { name: 'old', secret: 'a-key-that-was-made-elsewhere-3' })
  expect(imported.body.imported).toBe(true)
  expect((await api('POST', '/keys', { name: 'new' })).body.imported).toBe(false)
})

it('A-12: only who has keys.read sees keys, also those of his own account; a key sees itself', async () => {
  const { id, key } = await keyOf(scene, 'webshop')
  const sibling = await keyOf(scene, 'webshop')
  for (const path of ['/keys', `/keys/${sibling.id}`, `/keys/${id}`, `/keys/${id}/usage`, '/keys?account=webshop']) {
    expect([path, (await api('GET', path, undefined, key)).status]).toEqual([path, 403])
    expect([path, (await api('GET', path, undefined, null)).status]).toEqual([path, 401])
  }
  expect((await api('GET', '/keys/self', undefined, key)).body.id).toBe(id)
  expect((await api('GET', '/keys/self/usage', undefined, key)).status).toBe(200)
  const reader = await keyOf(scene, 'webshop', { permissions: ['keys.read'] })
  expect((await api('GET', `/keys/${sibling.id}`, undefined, reader.key)).status).toBe(200)
})

it('A-13: an administrator manages the keys of every account', async () => {
  const { id, key } = await keyOf(scene, 'reports')
  const listed = await api('GET', '/keys?account=reports&limit=200')
  expect(listed.body.items.map((item: { id: string }) => item.id)).toContain(id)
  expect((await api('PATCH', `/keys/${id}`, { name: 'renamed', grants: ALL })).body.name).toBe('renamed')
  const rotated = (await api('POST', `/keys/${id}/rotate`, { overlap_s: 0 })).body.key
  expect([await through(scene, key), await through(scene, rotated)]).toEqual(['key_expired', 200])
  expect((await api('DELETE', `/keys/${id}`)).status).toBe(204)
  expect(await through(scene, rotated)).toBe('key_revoked')
})
