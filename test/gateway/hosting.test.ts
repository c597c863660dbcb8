import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { ask, askRaw, type Scene, startScene, until } from './scene.ts'

describe('below a path (OCTROI_PUBLIC_URL=http://h/sub)', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({}, { env: { OCTROI_PUBLIC_URL: 'http://h/sub' } })
  })
  afterAll(() => scene.stop())

  it.each(['/sub/proxy/svc/a/b?c', '/proxy/svc/a/b?c'])('200 at %s; the service sees neither', async (target) => {
    expect((await askRaw(scene, `GET ${target}`)).status).toBe(200)
    expect(scene.upstream.requests.at(-1)?.url).toBe('/a/b?c')
  })

  it.each([
    ['/sub/health', 200],
    ['/sub/api/v1/keys/self', 200],
    ['/health', 200],
    ['/sub', 303],
    ['/sub?x=1', 303],
    ['/subproxy/svc/a', 404],
    ['/sub/sub/proxy/svc/a', 404],
    ['/sub//proxy/svc/a', 404],
  ])('%s → %i', async (target, status) => {
    expect((await askRaw(scene, `GET ${target}`)).status).toBe(status)
  })

  it('problem documents point below it', async () => {
    const { type } = (await ask(scene, '/proxy/nowhere/')).json
    expect(type).toBe('http://h/sub/errors/not_granted')
    expect((await fetch(`${scene.gate.url}/sub/errors/not_granted`)).status).toBe(200)
  })

  it('T9: X-Forwarded-Prefix is ignored', async () => {
    const answer = await askRaw(scene, 'GET /evil/proxy/svc/a', 'X-Forwarded-Prefix: /evil')
    expect(answer.status).toBe(404)
  })

  it('Expect: 100-continue is held back below the path too', async () => {
    const lines = ['POST /sub/proxy/nowhere/x HTTP/1.1', 'Host: a', `Authorization: Bearer ${scene.key}`]
    const answer = await rawRequest(scene.gate.port, rawLines(...lines, 'Content-Length: 5', 'Expect: 100-continue'))
    expect([answer.status, answer.interim]).toEqual([403, []])
  })
})

describe('strict audit', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({}, { env: { OCTROI_AUDIT: 'strict' } })
  })
  afterAll(() => scene.stop())

  it('answers pass whole, each with two lines: before and after', async () => {
    const answer = await ask(scene, '/bytes/300000')
    expect([answer.status, answer.text.length > 0]).toEqual([200, true])
    expect((await askRaw(scene, 'GET /proxy/svc/chunked/200000')).body.length).toBe(200_000)
    expect((await ask(scene, '/204')).status).toBe(204)
    expect((await ask(scene, '/x', { method: 'POST', body: 'abc' })).json.body).toBe('abc')
    const id = answer.headers.get('octroi-request-id')
    const { body } = await scene.gate.api('GET', '/audit?limit=100')
    const phases = body.items.filter((line: { request: string }) => line.request === id)
    expect(phases.map(({ phase }: { phase: string }) => phase).sort()).toEqual(['finished', 'started'])
  })

  it('503 store_unavailable, never 401 or 403, while it cannot be written; nothing is answered that is not recorded', async () => {
    const locks = readdirSync(scene.gate.settings.data_dir)
      .filter((name) => /\.(db|sqlite)$/.test(name))
      .map((name) => new DatabaseSync(join(scene.gate.settings.data_dir, name)))
      .filter((db) => db.prepare("SELECT 1 FROM sqlite_master WHERE name LIKE 'audit%'").get())
    expect(locks).toHaveLength(1)
    locks[0]?.exec('BEGIN EXCLUSIVE')
    const answers = await Promise.all([
      ask(scene, '/x'),
      ask({ gate: scene.gate, key: 'wrong' }, '/x'),
      ask(scene, '/proxy/nowhere/x'),
    ])
    expect(answers.map(({ status, code }) => [status, code])).toEqual(Array(3).fill([503, 'store_unavailable']))
    expect((await ask(scene, '/health')).status).not.toBe(401)
    locks[0]?.exec('ROLLBACK')
    locks[0]?.close()
    await until(async () => expect((await ask(scene, '/x')).status).toBe(200))
  })
})

describe('batched audit', () => {
  it('the last use of a key is noted, and the trail has one line for a call', async () => {
    const scene = await startScene()
    const answer = await ask(scene, '/once?secret=1', { headers: { 'x-correlation-id': 'c-77' } })
    const { body } = await scene.gate.api('GET', '/audit?connection=svc&limit=100')
    const lines = body.items.filter(
      ({ request }: { request: string }) => request === answer.headers.get('octroi-request-id'),
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      method: 'GET',
      path: '/once',
      status: 200,
      correlation: 'c-77',
      address: '127.0.0.1',
    })
    const self = await scene.gate.api('GET', '/keys/self', undefined, { key: scene.key })
    expect(self.body.last_used_at).not.toBeNull()
    await scene.stop()
  })
})
