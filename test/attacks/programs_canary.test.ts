import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, type Scene } from '../gateway/scene.ts'
import { check, keyOf, route, startKeyScene } from '../requirements/keys_scene.ts'

/** A key that strayed into an address is refused, in whatever spelling, and kept out of what is kept. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
  await route(scene, { path: '/**' })
})
afterAll(() => scene.stop())

const spellings = (key: string) => [
  key,
  key.replaceAll('_', '%5F'),
  key.replace('oct', '%6Fct'),
  [...key].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join(''),
]

it('T26: a key in the path, in every spelling: 400, and neither in the trail nor in a trace', async () => {
  const { key } = await keyOf(scene, 'till')
  const trace = (await scene.gate.api('POST', '/forward-auth/traces')).body
  for (const spelling of spellings(key)) {
    const headers = { 'API-KEY': key, 'Octroi-Trace': trace.id }
    for (const path of [`/x/${spelling}`, `/x?key=${spelling}`]) {
      expect([path, (await check(scene, headers, path)).code]).toEqual([path, 'invalid_request'])
      expect([path, (await ask({ gate: scene.gate, key }, path)).code]).toEqual([path, 'invalid_request'])
    }
  }
  const told = [
    await scene.gate.api('GET', '/audit?limit=100'),
    await scene.gate.api('GET', `/forward-auth/traces/${trace.id}`),
  ]
  for (const { status, body } of told) {
    expect(status).toBe(200)
    expect(decodeURIComponent(JSON.stringify(body).replace(/%(?![0-9a-f]{2})/gi, ''))).not.toContain(key)
  }
})
