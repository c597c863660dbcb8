import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openInstallation } from '../../src/installation/open.ts'
import { warnOfExpiry } from '../../src/installation/rounds.ts'
import { folder, octroi } from '../cli/octroi.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { ask, askRaw, keyWithId, type Scene, until } from '../gateway/scene.ts'
import { ALL, check, keyOf, route, startKeyScene, through } from './keys_scene.ts'

/** Rows: what Octroi does where Odoo has keys of its own (`res.users.apikeys`). */

let scene: Scene
const files = folder()
beforeAll(async () => {
  scene = await startKeyScene()
  await route(scene, {})
})
afterAll(async () => {
  files.remove()
  removeFolders()
  await scene.stop()
})

const api = (method: string, path: string, body?: unknown, key?: string | null) =>
  scene.gate.api(method, path, body, key === undefined ? {} : { key })
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()
const DAY = 86_400_000

it('A-60: Odoo’s own keys are hashes: those are refused, whoever still has the key itself brings it along', async () => {
  const key = randomBytes(20).toString('hex')
  const salt = randomBytes(16)
  const digest = pbkdf2Sync(key, salt, 6_000, 64, 'sha512')
  const ab64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '').replaceAll('+', '.')
  const stored = `$pbkdf2-sha512$6000$${ab64(salt)}$${ab64(digest)}`
  const csv = (value: string) => `name,user_id/login,scope,index,key\nReports,demo,rpc,${key.slice(0, 8)},${value}\n`
  const run = (text: string) =>
    octroi(['key', 'import', files.file('native.csv', text), '--make-accounts'], {
      env: { OCTROI_URL: scene.gate.url, OCTROI_KEY: scene.gate.adminKey },
    })
  const refused = await run(csv(stored))
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('line 2, key: is the hash of a key')])
  expect((await api('POST', '/keys/import', { name: 'x', secret: stored })).status).toBe(400)
  const taken = await run(csv(key))
  expect([taken.code, taken.stdout]).toEqual([0, expect.stringContaining('Keys that were taken over: 1;')])
  expect((await api('GET', '/keys/self', undefined, key)).body).toMatchObject({ account: 'demo', imported: true })
})

it('A-61: an inactive account: its keys are refused like unknown ones', async () => {
  const { key } = await keyOf(scene, 'leaver')
  await api('POST', '/accounts/leaver/disable')
  const [gone, unknown] = [await check(scene, { 'API-KEY': key }), await check(scene, { 'API-KEY': `x${key}` })]
  const told = ({ status, code, text }: typeof gone) => [status, code, JSON.parse(text).detail]
  expect(told(gone)).toEqual(told(unknown))
  expect([gone.status, gone.code]).toEqual([401, 'unauthenticated'])
})

it('A-62: no scope is no right, never all of them', async () => {
  const { key } = await keyWithId(scene.gate, [])
  expect(await through(scene, key)).toBe('not_granted')
  expect((await api('GET', '/connections', undefined, key)).status).toBe(403)
  const administrator = await keyWithId(scene.gate, [], { permissions: ['*'] })
  expect(await through(scene, administrator.key)).toBe('not_granted')
  const scoped = await keyWithId(scene.gate, [{ connection: 'svc', allow: ['GET /x'] }])
  expect(await through(scene, scoped.key)).toBe(200)
  expect((await ask({ gate: scene.gate, key: scoped.key }, '/x', { method: 'POST' })).code).toBe('not_granted')
})

it('A-63: whoever ends makes nothing that lasts longer, and keys for ever are named by the doctor', async () => {
  const permissions = ['keys.write']
  const expires_at = inMs(DAY)
  const { key } = await keyWithId(scene.gate, ALL, { permissions, expires_at })
  const make = (more: object) => api('POST', '/keys', { name: 'mine', grants: ALL, ...more }, key)
  expect((await make({})).status).toBe(403)
  expect((await make({ expires_at: inMs(2 * DAY) })).status).toBe(403)
  const made = await make({ expires_at: inMs(DAY / 2) })
  expect(made.status).toBe(201)
  const longer = await api('PATCH', `/keys/${made.body.id}`, { expires_at: inMs(30 * DAY) }, key)
  expect(longer.status).toBe(403)
  // An administrator may make keys that last.
  expect((await api('POST', '/keys', { name: 'lasting' })).body.expires_at).toBeNull()
  const ran = await octroi(['doctor', '--json'], {
    env: { OCTROI_DATA_DIR: scene.gate.settings.data_dir, OCTROI_LISTEN: '127.0.0.1:0' },
  })
  expect(ran.stdout).toContain('key.administrator_forever')
})

it('A-63: events warn 30, 7 and 1 days before a key ends, once each, and of no other key', async () => {
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 0)
  const { open } = await openInstallation(settings)
  const [first] = await open.store.keys.list({ limit: 1 })
  const ends = Date.parse('2027-06-30T12:00:00.000Z')
  const expiring = { ...first!, name: 'till', expires_at: new Date(ends).toISOString() }
  const secret = (id: string) => ({ hash: `#${id}`, key_id: id, expires_at: null, created_at: first!.created_at })
  for (const [id, more] of [
    ['expiring', {}],
    ['disabled', { disabled_at: first!.created_at }],
    ['revoked', { revoked_at: first!.created_at }],
    ['lasting', { expires_at: null }],
  ] as const) {
    await open.store.keys.insert({ ...expiring, ...more, id, tech_name: null }, secret(id))
  }
  const warned: [number, unknown][] = []
  // Every hour, as the gate looks.
  for (let hours = 40 * 24; hours > -48; hours--) {
    await warnOfExpiry(open.store, new Date(ends - hours * 3_600_000))
    const events = await open.store.events.list({ limit: 100 }, { type: 'key.expiring' })
    if (events.length > warned.length) warned.push([hours, events[0]])
  }
  await open.close()
  const of = (within_days: number) =>
    expect.objectContaining({
      subject: 'key:expiring',
      data: { name: 'till', expires_at: expiring.expires_at, within_days },
    })
  expect(warned).toEqual([
    [30 * 24, of(30)],
    [7 * 24, of(7)],
    [24, of(1)],
  ])
})

it('A-63: each of thousands of keys that end at the same moment is warned of', async () => {
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 0)
  const { open } = await openInstallation(settings)
  const [first] = await open.store.keys.list({ limit: 1 })
  const expires_at = '2027-06-30T12:00:00.000Z'
  await open.store.transaction(async (store) => {
    for (let i = 0; i < 2_100; i++) {
      const id = `key-${i}`
      const secret = { hash: `#${id}`, key_id: id, expires_at: null, created_at: first!.created_at }
      await store.keys.insert({ ...first!, id, expires_at, tech_name: null }, secret)
    }
  })
  for (let round = 0; round < 2; round++) await warnOfExpiry(open.store, new Date('2027-06-10T12:00:00.000Z'))
  const subjects = new Set<string>()
  let events = 0
  for (let after: string | undefined; ; ) {
    const page = await open.store.events.list({ limit: 200, after }, { type: 'key.expiring' })
    for (const { subject } of page) subjects.add(subject)
    events += page.length
    after = page.at(-1)?.id
    if (after === undefined) break
  }
  expect([subjects.size, events]).toEqual([2_100, 2_100])
  await open.close()
})

it('A-64: a key that has expired stays in the list, says so to its holder alone, and the doctor names it', async () => {
  const { id, key } = await keyWithId(scene.gate, ALL, { expires_at: inMs(1_500) })
  expect(await through(scene, key)).toBe(200)
  await until(async () => expect(await through(scene, key)).toBe('key_expired'))
  expect((await check(scene, { 'API-KEY': key })).code).toBe('key_expired')
  expect(await through(scene, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`)).toBe('unauthenticated')
  expect((await api('GET', `/keys/${id}`)).body.state).toBe('expired')
  const ran = await octroi(['doctor', '--json'], {
    env: { OCTROI_DATA_DIR: scene.gate.settings.data_dir, OCTROI_LISTEN: '127.0.0.1:0' },
  })
  const { findings } = ran.json
  expect(findings.find(({ code }: { code: string }) => code === 'key.expired').message).toContain(id)
})

it('A-65: a key is removed by who has the permission and holds all that it holds: not by its owner, not by a lesser one', async () => {
  const victim = await keyOf(scene, 'webshop')
  const sibling = await keyOf(scene, 'webshop')
  for (const id of [victim.id, sibling.id]) {
    expect((await api('DELETE', `/keys/${id}`, undefined, sibling.key)).status).toBe(403)
  }
  const lesser = await keyWithId(scene.gate, [], { permissions: ['keys.write'] })
  expect((await api('DELETE', `/keys/${victim.id}`, undefined, lesser.key)).status).toBe(403)
  expect((await api('POST', `/keys/${victim.id}/rotate`, {}, lesser.key)).status).toBe(403)
  const equal = await keyWithId(scene.gate, ALL, { permissions: ['keys.write'] })
  expect((await api('DELETE', `/keys/${victim.id}`, undefined, equal.key)).status).toBe(204)
  expect(await through(scene, victim.key)).toBe('key_revoked')
  const admin = (await api('GET', '/keys/self')).body.id
  expect((await api('DELETE', `/keys/${admin}`, undefined, equal.key)).status).toBe(403)
})

it('A-66: a wrong bearer key: 401 that says Bearer, no session, and no credential of a browser beside it', async () => {
  const { key } = await keyOf(scene, 'webshop')
  const wrong = { authorization: 'Bearer not-a-key-of-anybody' }
  for (const answer of [await ask(scene, '/x', { headers: wrong }), await check(scene, wrong)]) {
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')])
    expect(answer.headers.get('set-cookie')).toBeNull()
  }
  const right = await ask(scene, '/x', { headers: { authorization: `Bearer ${key}` } })
  expect([right.status, right.headers.get('set-cookie')]).toEqual([200, null])
  // A cookie is no credential of a program, and a page that a person opens is not called with one.
  const cookie = { cookie: `session_id=${key}; octroi_session=${key}` }
  expect((await ask({ ...scene, key: '' }, '/x', { headers: cookie })).status).toBe(401)
  const navigated = await askRaw({ gate: scene.gate, key }, 'GET /proxy/svc/x', 'Sec-Fetch-Mode: navigate')
  expect([navigated.status, navigated.header('octroi-error')]).toEqual([403, 'csrf_rejected'])
})

it('A-67: an administrator makes a scoped key of short life for another account; who holds less makes no more than he holds', async () => {
  await api('POST', '/accounts', { id: 'agent', kind: 'service', name: 'Agent' })
  const grants = [{ connection: 'svc', allow: ['GET /orders/{n}'] }]
  const scoped = { name: 'for one task', account: 'agent', grants, expires_at: inMs(900_000), cidrs: ['127.0.0.0/8'] }
  const { status, body } = await api('POST', '/keys', scoped)
  expect(status).toBe(201)
  expect(body).toMatchObject({ account: 'agent', expires_at: scoped.expires_at, created_by: expect.any(String) })
  const agent = { gate: scene.gate, key: body.key }
  expect((await ask(agent, '/orders/7')).status).toBe(200)
  for (const [path, method] of [
    ['/orders/7', 'DELETE'],
    ['/orders', 'GET'],
    ['/orders/x', 'GET'],
  ] as const) {
    expect((await ask(agent, path, { method })).code).toBe('not_granted')
  }
  // A program that mints keys for agents: scopes within its own, never beyond.
  const minter = await keyWithId(scene.gate, grants, { permissions: ['keys.write'] })
  const mint = (more: object) => api('POST', '/keys', { ...scoped, ...more }, minter.key)
  expect((await mint({})).status).toBe(201)
  for (const more of [
    { grants: [{ connection: 'svc', allow: ['GET /**'] }] },
    { grants: [{ connection: 'svc', allow: ['DELETE /orders/{n}'] }] },
    { permissions: ['keys.write', 'accounts.write'] },
  ]) {
    expect([(await mint(more)).status, more]).toEqual([403, more])
  }
  const { body: events } = await api('GET', '/events?limit=200')
  expect(events.items).toContainEqual(expect.objectContaining({ type: 'key.created', subject: `key:${body.id}` }))
})
