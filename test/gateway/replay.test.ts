import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ask,
  askRaw,
  connectionTo,
  credential,
  keyFor,
  keyWithId,
  type Scene,
  startScene,
  until,
  wireTo,
} from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ replay_s: 3_600 })
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

let numbers = 0
const newKey = () => `closing-${++numbers}`
const post = (
  path: string,
  idempotencyKey: string,
  body = '{"amount":1}',
  caller: Pick<Scene, 'gate' | 'key'> = scene,
) => ask(caller, path, { method: 'POST', headers: { 'idempotency-key': idempotencyKey }, body })
const calls = () => scene.upstream.requests.length

describe('C-08, D13: kept answers', () => {
  it('same key and body: one upstream call, the same answer, another request id', async () => {
    const key = newKey()
    scene.upstream.on('/made', ({ response }) =>
      response.writeHead(201, { Location: '/made/1', ETag: '"1"' }).end(`made ${calls()}`),
    )
    const first = await post('/made', key)
    const second = await post('/made', key)
    expect(calls()).toBe(1)
    expect([second.status, second.text, second.headers.get('location')]).toEqual([201, first.text, '/made/1'])
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    const [id, other] = [first, second].map(({ headers }) => headers.get('octroi-request-id'))
    expect(other).toMatch(/^[0-9a-f]{20}$/)
    expect(other).not.toBe(id)
    expect(scene.upstream.requests[0]?.header('idempotency-key')).toBe(key)
  })

  it('422 idempotency_mismatch with another body, never 409', async () => {
    const key = newKey()
    await post('/x', key, 'one')
    const answer = await post('/x', key, 'two')
    expect([answer.status, answer.code, calls()]).toEqual([422, 'idempotency_mismatch', 1])
  })

  it('12 at once: one upstream call, all have its answer', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('/slow/150', key)))
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(calls()).toBe(1)
  })

  it.each([500, 503, 429, 401, 403, 409, 302])('%i is not kept: the next one goes out', async (status) => {
    const key = newKey()
    await post(`/status/${status}`, key)
    await post(`/status/${status}`, key)
    expect(calls()).toBe(2)
  })

  it.each([200, 204, 400, 404, 422])('%i is kept', async (status) => {
    const key = newKey()
    await post(`/status/${status}`, key)
    expect((await post(`/status/${status}`, key)).status).toBe(status)
    expect(calls()).toBe(1)
  })

  it('a failed call frees the key', async () => {
    const key = newKey()
    expect((await post('/reset', key)).status).toBe(502)
    scene.upstream.on('/reset', ({ response }) => response.end('works again'))
    expect((await post('/reset', key)).text).toBe('works again')
  })

  it('another caller, another path, another query, another method are another scope', async () => {
    const key = newKey()
    const other = await keyFor(scene.gate, [{ connection: 'svc', allow: ['* /**'] }])
    await post('/scope', key)
    await post('/scope', key, '{"amount":1}', { gate: scene.gate, key: other })
    await post('/scope2', key)
    await post('/scope?q', key)
    await ask(scene, '/scope', { method: 'PUT', headers: { 'idempotency-key': key }, body: '{"amount":1}' })
    expect(calls()).toBe(5)
  })

  it('another connection is another scope', async () => {
    const key = newKey()
    await connectionTo(scene.gate, scene.upstream.url, { id: 'svc2', replay_s: 60 })
    const both = await keyFor(scene.gate, [
      { connection: 'svc', allow: ['* /**'] },
      { connection: 'svc2', allow: ['* /**'] },
    ])
    await post('/proxy/svc/c', key, 'x', { gate: scene.gate, key: both })
    await post('/proxy/svc2/c', key, 'x', { gate: scene.gate, key: both })
    expect(calls()).toBe(2)
  })

  it('D13: 403 after the grant was taken away, 401 after the key was revoked: authorisation comes first', async () => {
    const made = await keyWithId(scene.gate, [{ connection: 'svc', allow: ['POST /**'] }])
    const caller = { gate: scene.gate, key: made.key }
    const key = newKey()
    await post('/secret-answer', key, 'x', caller)
    await scene.gate.api('PATCH', `/keys/${made.id}`, { grants: [{ connection: 'svc', allow: ['POST /other'] }] })
    expect((await post('/secret-answer', key, 'x', caller)).code).toBe('not_granted')
    await scene.gate.api('DELETE', `/keys/${made.id}`)
    expect((await post('/secret-answer', key, 'x', caller)).code).toBe('key_revoked')
  })

  it('reads are never kept', async () => {
    const key = newKey()
    for (let i = 0; i < 2; i++) await ask(scene, '/read', { headers: { 'idempotency-key': key } })
    expect(calls()).toBe(2)
  })

  it('413 with a body that is larger than can be kept, by length and by counting', async () => {
    const large = 'x'.repeat(1_200_000)
    expect((await post('/large', newKey(), large)).code).toBe('payload_too_large')
    const wire = wireTo(scene.gate.port)
    const lines = ['Host: a', ...credential(scene.key), `Idempotency-Key: ${newKey()}`, 'Transfer-Encoding: chunked']
    wire.send('POST /proxy/svc/large HTTP/1.1', ...lines)
    for (let i = 0; i < 20; i++) wire.socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 413 /))
    wire.socket.destroy()
    expect(calls()).toBe(0)
  })

  it.each(['bytes', 'chunked'])(
    'an answer too large to keep (/%s) arrives whole; again: 422, no second call',
    async (kind) => {
      const key = newKey()
      const lines = [`Idempotency-Key: ${key}`, 'Content-Length: 0']
      const answer = await askRaw(scene, `POST /proxy/svc/${kind}/3000000`, ...lines)
      expect([answer.status, answer.body.length]).toEqual([200, 3_000_000])
      const again = await askRaw(scene, `POST /proxy/svc/${kind}/3000000`, ...lines)
      expect([again.status, again.header('octroi-error')]).toEqual([422, 'idempotency_mismatch'])
      expect(calls()).toBe(1)
    },
  )

  it('a call goes on when its caller leaves: his next request has the answer', async () => {
    const key = newKey()
    const wire = wireTo(scene.gate.port)
    const lines = ['Host: a', ...credential(scene.key), `Idempotency-Key: ${key}`, 'Content-Length: 1']
    wire.send('POST /proxy/svc/slow/300 HTTP/1.1', ...lines, '', 'x')
    await until(() => expect(calls()).toBe(1))
    wire.socket.destroy()
    expect((await post('/slow/300', key, 'x')).status).toBe(200)
    expect(calls()).toBe(1)
  })

  it('works across a restart; nothing of it stands in clear in the data folder', async () => {
    const key = newKey()
    scene.upstream.on('/kept', ({ response }) => response.end('a-kept-answer-in-clear'))
    await post('/kept', key, 'a-kept-body-in-clear')
    await scene.gate.restart()
    const again = await post('/kept', key, 'a-kept-body-in-clear')
    expect([again.text, again.headers.get('idempotent-replayed'), calls()]).toEqual([
      'a-kept-answer-in-clear',
      'true',
      1,
    ])
    const { readdirSync, readFileSync, statSync } = await import('node:fs')
    const folder = scene.gate.settings.data_dir
    for (const name of readdirSync(folder)) {
      if (!statSync(`${folder}/${name}`).isFile()) continue
      expect([name, readFileSync(`${folder}/${name}`).includes('in-clear')]).toEqual([name, false])
    }
  })

  it('without replay_s the header passes and nothing is kept', async () => {
    await connectionTo(scene.gate, scene.upstream.url, { id: 'plain' })
    const caller = { gate: scene.gate, key: await keyFor(scene.gate, [{ connection: 'plain', allow: ['* /**'] }]) }
    for (let i = 0; i < 2; i++) await post('/proxy/plain/x', 'same', 'x', caller)
    expect(scene.upstream.requests.map((request) => request.header('idempotency-key'))).toEqual(['same', 'same'])
  })
})
