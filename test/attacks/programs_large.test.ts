import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCaddy } from '../proxies/caddy.ts'
import { startHaproxy } from '../proxies/haproxy.ts'
import { startNginx } from '../proxies/nginx.ts'
import { type Scene, startScene } from '../proxies/scene.ts'
import { identity } from '../proxies/seen.ts'

/** Who calls may take much to say: a hundred groups with long names are nothing unusual. */

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
  ['HAProxy', startHaproxy],
])('%s', (_, start) => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())

  it.each([
    ['thirty groups of twenty characters', 30, 20],
    ['a hundred groups of thirty characters', 99, 30],
  ])('200 for a caller in %s, and the application is told of all', async (_, count, length) => {
    const groups = Array.from({ length: count }, (_, i) => `g${count}-${i}-`.padEnd(length, 'x')).sort()
    for (const id of groups) await scene.gate.api('POST', '/groups', { id, name: id })
    const { key } = (
      await scene.gate.api('POST', '/keys', { name: 'Вызывающая программа '.repeat(9), groups: [...groups, 'sales'] })
    ).body
    scene.application.seen.splice(0)
    const answer = await scene.ask('GET /orders/1', `API-KEY: ${key}`)
    expect([answer.status, answer.header('octroi-error')]).toEqual([200, undefined])
    expect(identity(scene)['Octroi-Groups']).toBe([...groups, 'sales'].join())
  })
})
