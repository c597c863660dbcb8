import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, connectionTo, type Scene } from '../gateway/scene.ts'
import { check, keyOf, route, startKeyScene } from '../requirements/keys_scene.ts'

/** What is compiled for one door or one connection is kept beside what is compiled for another. */

let scene: Scene
beforeAll(async () => {
  scene = await startKeyScene()
  await route(scene, { path: '/app/**' })
})
afterAll(() => scene.stop())

describe('T25: what is kept for a key', () => {
  it.each(['forward-auth', 'constructor', 'get', 'compiled'])(
    'T25: a connection called %s is one like others, at both doors',
    async (id) => {
      await connectionTo(scene.gate, scene.upstream.url, { id })
      const grants = [{ connection: id, allow: ['GET /**'] }]
      const { key } = await keyOf(scene, 'till', { grants })
      for (let round = 0; round < 3; round++) {
        expect((await check(scene, { 'API-KEY': key }, '/app/1')).status).toBe(200)
        expect((await ask({ gate: scene.gate, key }, `/proxy/${id}/x`)).status).toBe(200)
      }
    },
  )
})
