import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Scene } from '../gateway/scene.ts'
import { basic, check, keyOf, route, startKeyScene, through } from './keys_scene.ts'

/** Rows: accounts that are inactive, and groups. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
})
afterAll(() => scene.stop())

const api = (method: string, path: string, body?: unknown) => scene.gate.api(method, path, body)
const made = async (account: string, more: object = {}) => keyOf(scene, account, { ...more })

it('A-30: a key stops with its account; one that shall not says so itself', async () => {
  const plain = await made('shop')
  const lasting = await made('shop', { usable_when_owner_inactive: true })
  await api('POST', '/accounts/shop/disable')
  expect([await through(scene, plain.key), await through(scene, lasting.key)]).toEqual(['unauthenticated', 200])
  await api('PATCH', `/keys/${lasting.id}`, { usable_when_owner_inactive: false })
  expect(await through(scene, lasting.key)).toBe('unauthenticated')
})

it('A-31: with the account enabled again it works', async () => {
  const { key } = await made('depot')
  await api('POST', '/accounts/depot/disable')
  expect(await through(scene, key)).toBe('unauthenticated')
  await api('POST', '/accounts/depot/enable')
  expect(await through(scene, key)).toBe(200)
})

it('A-32: the default of the installation is for keys made from then on, and changes none that is there', async () => {
  const flag = async (id: string) => (await api('GET', `/keys/${id}`)).body.usable_when_owner_inactive
  const before = await made('office')
  await scene.gate.restart({ OCTROI_KEYS_OUTLIVE_OWNER: 'true' })
  const during = await made('office')
  const asked = await made('office', { usable_when_owner_inactive: false })
  const imported = await api('POST', '/keys/import', { name: 'i', secret: 'a-key-that-was-made-elsewhere-1' })
  const batch = { keys: [{ name: 'b', secret: 'a-key-that-was-made-elsewhere-2' }] }
  const [inBatch] = (await api('POST', '/keys/import/batch', batch)).body.keys
  expect(await flag(before.id)).toBe(false)
  expect([await flag(during.id), await flag(imported.body.id), await flag(inBatch.id)]).toEqual([true, true, true])
  expect(await flag(asked.id)).toBe(false)
  await api('POST', '/accounts/office/disable')
  expect([await through(scene, before.key), await through(scene, during.key)]).toEqual(['unauthenticated', 200])
  await scene.gate.restart({ OCTROI_KEYS_OUTLIVE_OWNER: 'false' })
  expect([await flag(before.id), await flag(during.id)]).toEqual([false, true])
  expect(await flag((await made('office')).id)).toBe(false)
})

it('A-33: a program is an account of its own kind: nobody has to be made inactive, and archiving people touches none', async () => {
  await api('POST', '/accounts', { id: 'integrator', kind: 'person', name: 'The integrator' })
  await api('POST', '/accounts', { id: 'till', kind: 'service', name: 'Till' })
  const [ofPerson, ofService] = [await made('integrator'), await made('till')]
  await api('POST', '/accounts/integrator/disable')
  expect([await through(scene, ofPerson.key), await through(scene, ofService.key)]).toEqual(['unauthenticated', 200])
  // It may also call by itself; a person may not: his password is for signing in.
  const body = { password: 'the-password-of-the-till' }
  expect((await api('POST', '/accounts/till/password', body)).status).toBeLessThan(300)
  await api('POST', '/accounts/integrator/enable')
  expect((await api('POST', '/accounts/integrator/password', body)).status).toBe(200)
  await route(scene, { path: '/services/**', accept: { any: ['basic'] } })
  const answer = await check(scene, { Authorization: basic('till', body.password) }, '/services/x')
  expect([answer.status, answer.headers.get('octroi-kind'), answer.headers.get('octroi-key-id')]).toEqual([
    200,
    'service',
    '',
  ])
  const person = await check(scene, { Authorization: basic('integrator', body.password) }, '/services/x')
  expect(person.status).toBe(401)
})

it('A-34: a key that is disabled itself is denied, whatever its account is', async () => {
  const { id, key } = await made('depot', { usable_when_owner_inactive: true })
  await api('PATCH', `/keys/${id}`, { disabled: true })
  expect(await through(scene, key)).toBe('unauthenticated')
})

it('A-40: a key is in as many groups as it needs; the code of a group is unique', async () => {
  for (const id of ['stock', 'orders']) {
    expect((await api('POST', '/groups', { id, name: id.toUpperCase() })).status).toBe(201)
  }
  expect((await api('POST', '/groups', { id: 'stock', name: 'Another' })).status).toBe(409)
  expect((await api('POST', '/groups', { id: 'third', name: 'STOCK' })).status).toBe(201)
  const { id, key } = await made('depot', { groups: ['stock', 'orders'] })
  expect((await api('GET', `/keys/${id}`)).body.groups).toEqual(['orders', 'stock'])
  const { body } = await scene.gate.api('GET', '/keys/self', undefined, { key })
  expect(body.groups).toEqual(['orders', 'stock'])
  expect((await api('POST', '/keys', { name: 'x', groups: ['nowhere'] })).status).toBe(400)
  expect((await api('DELETE', '/groups/stock')).status).toBe(409)
})

it('A-41: a group lets keys through where a route names it, and nowhere else', async () => {
  await route(scene, { path: '/orders/**', allow: { groups: ['orders'] } })
  await route(scene, { path: '/third/**', allow: { groups: ['third'] } })
  const { key } = await made('depot', { groups: ['orders'] })
  const passed = await check(scene, { 'API-KEY': key }, '/orders/1')
  expect([passed.status, passed.headers.get('octroi-groups')]).toEqual([200, 'orders'])
  expect((await check(scene, { 'API-KEY': key }, '/third/1')).status).toBe(403)
  expect((await check(scene, { 'API-KEY': key }, '/elsewhere')).status).toBe(403)
  // The proxy asks for grants: a group gives a key none.
  const bare = await made('depot', { groups: ['orders'], grants: [] })
  expect(await through(scene, bare.key)).toBe('not_granted')
})

it('A-42: a valid key that is in no group of the route: 403, and the trail says which key and which route', async () => {
  const id = await route(scene, { path: '/stock/**', allow: { groups: ['stock'] } })
  const other = await made('depot', { groups: ['third'] })
  const none = await made('depot', { groups: [] })
  const inherited = await made('storekeeper')
  for (const { key } of [other, none, inherited]) {
    const answer = await check(scene, { 'API-KEY': key }, '/stock/1')
    expect([answer.status, answer.code, answer.headers.get('octroi-subject')]).toEqual([403, 'not_granted', ''])
    expect(answer.text).not.toContain(key)
  }
  const { body } = await api('GET', `/audit?key=${other.id}`)
  const line = body.items.find(({ code }: { code: string }) => code === 'not_granted')
  expect(line).toMatchObject({ key: other.id, target: `route:${id}`, path: '/stock/1', status: 403 })
  expect(JSON.stringify(body)).not.toContain(other.key)
  // A key without groups of its own has those of its account, from the next request.
  await api('PATCH', '/accounts/storekeeper', { groups: ['stock'] })
  expect((await check(scene, { 'API-KEY': inherited.key }, '/stock/1')).status).toBe(200)
})

it('A-43: a route that allows nobody refuses every key, and says so when it is made', async () => {
  const made403 = await api('POST', '/routes', {
    host: 'odoo.example.org',
    path: '/nobody/**',
    accept: { any: ['api_key'] },
    allow: {},
  })
  expect([made403.status, made403.body.warnings.length]).toEqual([201, 1])
  for (const { key } of [await made('depot', { groups: ['stock', 'orders', 'third'] }), { key: scene.gate.adminKey }]) {
    expect((await check(scene, { 'API-KEY': key }, '/nobody/1')).code).toBe('not_granted')
  }
})
