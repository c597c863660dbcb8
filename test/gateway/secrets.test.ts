import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PAHEKO_READER, PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { POSTING } from '../support/paheko_call.ts'
import { ask, connectionTo, keyFor, PASSWORD, type Scene, startScene, USER, until } from './scene.ts'

let scene: Scene
let paheko: Paheko
beforeAll(async () => {
  paheko = await startPaheko({ writeMs: 1 })
  scene = await startScene({ settings: { test_path: '/test' } })
})
afterAll(async () => {
  await paheko.stop()
  await scene.stop()
})

async function pahekoConnection(id: string, more: Record<string, unknown> = {}) {
  const { username, password } = PAHEKO_WRITER
  await connectionTo(scene.gate, paheko.url, { id, connector: 'paheko', secrets: { username, password }, ...more })
  const key = await keyFor(scene.gate, [{ connection: id, allow: ['* /api/accounting/**'] }])
  return { gate: scene.gate, key }
}

const state = async (id: string) => (await scene.gate.api('GET', `/connections/${id}`)).body.state
const events = async (id: string): Promise<string[]> => {
  const { body } = await scene.gate.api('GET', '/events?limit=200')
  return body.items
    .filter(({ subject }: { subject: string }) => subject === `connection:${id}`)
    .map(({ type }: { type: string }) => type)
}
const post = (path: string, extra: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...extra },
  body: JSON.stringify({ ...POSTING, reference: path }),
})

describe('C-04: the service refuses the stored secret', () => {
  it('502 upstream_rejected_credential, never 401 or 403; degraded by its own test, an event, recovered by it', async () => {
    const caller = await pahekoConnection('p1')
    paheko.setCredentials([{ ...PAHEKO_WRITER, password: 'another one' }])
    const answer = await ask(caller, '/proxy/p1/api/accounting/transaction', post('a'))
    expect([answer.status, answer.code]).toEqual([502, 'upstream_rejected_credential'])
    expect(answer.headers.get('retry-after')).toBe('60')
    expect(answer.text).not.toContain('Invalid username')
    await until(async () => expect(await state('p1')).toBe('degraded'))
    expect(await events('p1')).toContain('connection.degraded')
    // Degraded stops no call: what was mended at the service works at once.
    paheko.setCredentials([PAHEKO_WRITER, PAHEKO_READER])
    expect((await ask(caller, '/proxy/p1/api/accounting/transaction', post('b'))).status).toBe(200)
    expect((await scene.gate.api('POST', '/connections/p1/test', {})).body).toMatchObject({ ok: true })
    expect(await state('p1')).toBe('ready')
    expect(await events('p1')).toContain('connection.recovered')
  })

  it('D19: 40 refusals by a caller cause one look', async () => {
    const caller = await pahekoConnection('p2')
    paheko.setCredentials([{ ...PAHEKO_WRITER, password: 'another one' }])
    const looks = () => paheko.requests.filter(({ url }) => url === '/api/accounting/years').length
    const before = looks()
    const calls = Array.from({ length: 40 }, (_, i) =>
      ask(caller, '/proxy/p2/api/accounting/charts', { method: i % 2 ? 'GET' : 'POST' }),
    )
    for (const answer of await Promise.all(calls)) expect(answer.code).toBe('upstream_rejected_credential')
    await until(async () => expect(await state('p2')).toBe('degraded'))
    expect(looks() - before).toBe(1)
    expect((await events('p2')).filter((type) => type === 'connection.degraded')).toHaveLength(1)
    paheko.setCredentials([PAHEKO_WRITER, PAHEKO_READER])
  })

  it('D19: what only the caller is refused does not mark the connection: its own test decides', async () => {
    scene.upstream.on('/forbidden', ({ response }) => response.writeHead(401).end('no'))
    scene.upstream.on('/test', ({ response }) => response.end('fine'))
    const tests = () => scene.upstream.requests.filter(({ url }) => url === '/test').length
    const before = tests()
    expect((await ask(scene, '/forbidden')).code).toBe('upstream_rejected_credential')
    await until(() => expect(tests()).toBe(before + 1))
    expect((await ask(scene, '/forbidden')).status).toBe(502)
    expect(await state('svc')).toBe('ready')
    expect(tests()).toBe(before + 1)
  })

  it('a true denial of the service passes as it is', async () => {
    const caller = await pahekoConnection('p3', {
      secrets: { username: PAHEKO_READER.username, password: PAHEKO_READER.password },
    })
    const answer = await ask(caller, '/proxy/p3/api/accounting/transaction', post('denied'))
    expect([answer.status, answer.code]).toEqual([403, null])
    expect(answer.text).toContain('You do not have enough rights')
  })

  it.each(['gzip', 'identity'])('502 also when the refusal comes as %s', async (encoding) => {
    const body = Buffer.from('{"error":"Invalid username or password"}')
    scene.upstream.on('/api/refuses', ({ response }) => {
      response.writeHead(403, { 'Content-Encoding': encoding }).end(encoding === 'gzip' ? gzipSync(body) : body)
    })
    await connectionTo(scene.gate, scene.upstream.url, { id: `packed-${encoding}`, connector: 'paheko' })
    const key = await keyFor(scene.gate, [{ connection: `packed-${encoding}`, allow: ['GET /**'] }])
    const answer = await ask({ gate: scene.gate, key }, `/proxy/packed-${encoding}/api/refuses`)
    expect([answer.status, answer.code]).toEqual([502, 'upstream_rejected_credential'])
  })

  it('502 with a refusal that never ends: it is cut, not waited for', async () => {
    scene.upstream.on('/endless', ({ response }) => {
      response.writeHead(401)
      const pump = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', pump)
      pump()
    })
    expect((await ask(scene, '/endless')).code).toBe('upstream_rejected_credential')
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
  })
})

describe('C-05: two upstream secrets', () => {
  it('100 parallel posts while the password changes: none fails, none is doubled, and the connection changes over once', async () => {
    const caller = await pahekoConnection('p4')
    const renewed = { ...PAHEKO_WRITER, password: 'the new one' }
    const next = { username: renewed.username, password: renewed.password }
    expect((await scene.gate.api('PUT', '/connections/p4/next', { secrets: next })).status).toBe(200)
    const before = paheko.transactionCount()
    const calls = Array.from({ length: 100 }, (_, i) => {
      if (i === 50) setTimeout(() => paheko.setCredentials([renewed, PAHEKO_READER]), 20)
      return ask(caller, '/proxy/p4/api/accounting/transaction', post(`c05-${i}`))
    })
    const answers = await Promise.all(calls)
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(paheko.transactionCount() - before).toBe(100)
    await until(async () => {
      // One call after the change, in case all hundred were through before it.
      expect((await ask(caller, '/proxy/p4/api/accounting/years')).status).toBe(200)
      expect((await events('p4')).filter((type) => type === 'connection.switched')).toHaveLength(1)
    })
    expect(await state('p4')).toBe('ready')
    const seen = paheko.requests.length
    await ask(caller, '/proxy/p4/api/accounting/years')
    expect(paheko.requests.length - seen).toBe(1)
    paheko.setCredentials([PAHEKO_WRITER, PAHEKO_READER])
  })

  it('a service in trouble is no reason to change over', async () => {
    scene.upstream.on('/two', ({ recorded, response }) => {
      const first =
        recorded.header('authorization') === `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`
      response.writeHead(first ? 401 : 500).end('x')
    })
    await connectionTo(scene.gate, scene.upstream.url, { id: 'shaky' })
    await scene.gate.api('PUT', '/connections/shaky/next', { secrets: { username: USER, password: 'next' } })
    const key = await keyFor(scene.gate, [{ connection: 'shaky', allow: ['GET /**'] }])
    expect((await ask({ gate: scene.gate, key }, '/proxy/shaky/two')).status).toBe(500)
    const { body } = await scene.gate.api('GET', '/connections/shaky/credentials')
    expect(body.secrets.password).toBe(PASSWORD)
    expect(await events('shaky')).not.toContain('connection.switched')
  })

  it('502 when both are refused; the body was sent twice, no more', async () => {
    scene.upstream.on('/both', ({ response }) => response.writeHead(401).end('no'))
    await connectionTo(scene.gate, scene.upstream.url, { id: 'both' })
    await scene.gate.api('PUT', '/connections/both/next', { secrets: { username: USER, password: 'next' } })
    const key = await keyFor(scene.gate, [{ connection: 'both', allow: ['* /**'] }])
    const answer = await ask({ gate: scene.gate, key }, '/proxy/both/both', { method: 'POST', body: 'x' })
    expect(answer.code).toBe('upstream_rejected_credential')
    expect(scene.upstream.requests.filter(({ url }) => url === '/both').map(({ body }) => String(body))).toEqual([
      'x',
      'x',
    ])
  })

  it('an address that moves takes no next secret with it', async () => {
    await connectionTo(scene.gate, scene.upstream.url, { id: 'moves' })
    await scene.gate.api('PUT', '/connections/moves/next', { secrets: { username: USER, password: 'next' } })
    const moved = await scene.gate.api('PATCH', '/connections/moves', {
      settings: { base_url: `${scene.upstream.url}/elsewhere` },
      secrets: { username: USER, password: 'new' },
    })
    expect(moved.body.has_next).toBe(false)
  })
})
