import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scene } from '../gateway/scene.ts'
import { ALL, check, HOST, keyOf, route, startKeyScene, through } from '../requirements/keys_scene.ts'

/** Keys at `/forward-auth`: what is remembered for one question answers no other. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
  for (const id of ['stock', 'orders']) await scene.gate.api('POST', '/groups', { id, name: id })
  await route(scene, { path: '/stock/**', allow: { groups: ['stock'] } })
  await route(scene, { path: '/orders/**', methods: ['GET'], allow: { groups: ['orders'] } })
})
afterAll(() => scene.stop())

const at = async (key: string, path: string, more: Record<string, string> = {}, method = 'GET') => {
  const { status, code } = await check(scene, { 'API-KEY': key, ...more }, path, method)
  return code ?? status
}
const patch = (id: string, body: object) => scene.gate.api('PATCH', `/keys/${id}`, body)

describe('T25: what is cached for one question answers no other', () => {
  it('T25: key, route, method, host and address are asked each time', async () => {
    const stock = await keyOf(scene, 'depot', { groups: ['stock'] })
    const orders = await keyOf(scene, 'shop', { groups: ['orders'] })
    const fenced = await keyOf(scene, 'depot', { groups: ['stock'], cidrs: ['192.0.2.0/24'] })
    const from = (address: string) => ({ 'X-Forwarded-For': address })
    for (let round = 0; round < 3; round++) {
      expect(await at(stock.key, '/stock/1')).toBe(200)
      expect(await at(stock.key, '/orders/1')).toBe('not_granted')
      expect(await at(orders.key, '/orders/1')).toBe(200)
      expect(await at(orders.key, '/stock/1')).toBe('not_granted')
      expect(await at(orders.key, '/orders/1', {}, 'DELETE')).toBe('not_granted')
      expect(await at(stock.key, '/stock/1', { 'X-Forwarded-Host': 'another.example.org' })).toBe('not_granted')
      expect(await at(fenced.key, '/stock/1', from('192.0.2.7'))).toBe(200)
      expect(await at(fenced.key, '/stock/1', from('198.51.100.7'))).toBe('not_granted')
    }
  })

  it('T25: an assertion is for one key and one host', async () => {
    await route(scene, { host: '*.example.net', path: '/stock/**', allow: { groups: ['stock'] } })
    const keys = [await keyOf(scene, 'depot', { groups: ['stock'] }), await keyOf(scene, 'shop', { groups: ['stock'] })]
    const claims = async (key: string, host: string) => {
      const { headers } = await check(scene, { 'API-KEY': key, 'X-Forwarded-Host': host }, '/stock/1')
      const [, payload = ''] = (headers.get('octroi-assertion') as string).split('.')
      const { aud, sub, key_id } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      return [aud, sub, key_id]
    }
    for (let round = 0; round < 2; round++) {
      for (const host of [HOST, 'a.example.net', 'b.example.net']) {
        expect(await claims(keys[0]!.key, host)).toEqual([host, 'depot', keys[0]!.id])
        expect(await claims(keys[1]!.key, host)).toEqual([host, 'shop', keys[1]!.id])
      }
    }
  })

  it('T24: what is taken away is gone from the next check: group, membership of the account, route, key', async () => {
    const { id, key } = await keyOf(scene, 'depot', { groups: ['stock'] })
    const inherited = await keyOf(scene, 'storekeeper')
    await scene.gate.api('PATCH', '/accounts/storekeeper', { groups: ['stock'] })
    expect([await at(key, '/stock/1'), await at(inherited.key, '/stock/1')]).toEqual([200, 200])
    await patch(id, { groups: [] })
    await scene.gate.api('PATCH', '/accounts/storekeeper', { groups: [] })
    expect([await at(key, '/stock/1'), await at(inherited.key, '/stock/1')]).toEqual(['not_granted', 'not_granted'])
    await patch(id, { groups: ['stock'] })
    expect(await at(key, '/stock/1')).toBe(200)
    const own = await route(scene, { path: '/stock/own/**', allow: { keys: [id] } })
    expect([await at(key, '/stock/own/1'), await at(inherited.key, '/stock/own/1')]).toEqual([200, 'not_granted'])
    await scene.gate.api('PATCH', `/routes/${own}`, { allow: {} })
    expect(await at(key, '/stock/own/1')).toBe('not_granted')
    await scene.gate.api('DELETE', `/routes/${own}`)
    expect(await at(key, '/stock/own/1')).toBe(200)
    await scene.gate.api('DELETE', `/keys/${id}`)
    expect(await at(key, '/stock/1')).toBe('key_revoked')
  })
})

describe('T27: a limit is one bucket for every door', () => {
  it('T27: of 120 at once at three doors exactly 10 pass', async () => {
    const rate_limit = { limit: 10, window_s: 3_600 }
    const { key } = await keyOf(scene, 'depot', { groups: ['stock'], grants: ALL, rate_limit })
    const doors = [
      () => at(key, '/stock/1'),
      () => through(scene, key),
      async () => (await scene.gate.api('GET', '/keys/self', undefined, { key })).status,
    ]
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => doors[i % 3]!()))
    expect(answers.filter((answer) => answer === 200)).toHaveLength(10)
    // A proxy is told why, and nobody else's bucket is touched.
    expect(await at(key, '/stock/1')).toBe('rate_limited')
    expect(await at((await keyOf(scene, 'depot', { groups: ['stock'] })).key, '/stock/1')).toBe(200)
  })
})
