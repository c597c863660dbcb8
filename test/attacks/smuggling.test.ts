import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askRaw, connectionTo, credential, keyFor, type Scene, startScene, until, wireTo } from '../gateway/scene.ts'
import { listen } from '../support/loopback.ts'
import { rawRequest } from '../support/raw_http.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

const HIDDEN = 'GET /proxy/svc/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const bytes = (...lines: string[]) => rawRequest(scene.gate.port, lines.join('\r\n'))
const auth = () => `Authorization: Bearer ${scene.key}`
const nothingSmuggled = () =>
  expect(JSON.stringify(scene.upstream.requests.map(({ url }) => url))).not.toContain('smuggled')

describe('framing that can be read in two ways', () => {
  it.each([
    ['TE and CL', ['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'],
    ['CL and TE', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello!'],
    ['two equal lengths', ['Content-Length: 5', 'Content-Length: 5'], 'hello'],
    ['a list of lengths', ['Content-Length: 5, 5'], 'hello'],
    ['a length with a sign', ['Content-Length: +5'], 'hello'],
    ['a negative length', ['Content-Length: -5'], 'hello'],
    ['a length in hex', ['Content-Length: 0x5'], 'hello'],
    ['an empty length', ['Content-Length:'], ''],
    ['two encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['chunked, then identity', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['an encoding of another name', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['an encoding in quotes', ['Transfer-Encoding: "chunked"'], '0\r\n\r\n'],
    ['obs-fold', ['X-A: 1', ' Transfer-Encoding: chunked', 'Content-Length: 0'], ''],
    ['a folded encoding', ['Transfer-Encoding:', ' chunked', 'Content-Length: 0'], ''],
    ['NUL in a value', ['X-A: a\0b', 'Content-Length: 0'], ''],
    ['NUL in a name', ['X-\0A: a', 'Content-Length: 0'], ''],
    ['a bare CR', ['X-A: a\rX-B: b', 'Content-Length: 0'], ''],
    ['a line without a colon', ['nonsense', 'Content-Length: 0'], ''],
    ['a chunk size in words', ['Transfer-Encoding: chunked'], 'five\r\nhello\r\n0\r\n\r\n'],
    ['a chunk that is longer than it says', ['Transfer-Encoding: chunked'], '2\r\nhello\r\n0\r\n\r\n'],
    ['a chunk size that overflows', ['Transfer-Encoding: chunked'], 'ffffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ])('400 with %s; what follows is no request', async (_, lines, body) => {
    const answer = await bytes('POST /proxy/svc/x HTTP/1.1', 'Host: a', auth(), ...lines, '', body + HIDDEN)
    expect(answer.status).toBe(400)
    expect(String(answer.all).match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    expect(scene.upstream.requests.filter(({ complete }) => complete)).toHaveLength(0)
    nothingSmuggled()
  })

  it('400 with bare LF', async () => {
    const answer = await rawRequest(scene.gate.port, `GET /proxy/svc/x HTTP/1.1\nHost: a\n${auth()}\n\n`)
    expect(answer.status).toBe(400)
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('501 with an encoding that we do not take off', async () => {
    const answer = await bytes(
      'POST /proxy/svc/x HTTP/1.1',
      'Host: a',
      auth(),
      'Transfer-Encoding: gzip, chunked',
      '',
      '0\r\n\r\n',
    )
    expect([answer.status, answer.header('octroi-error')]).toEqual([501, 'unsupported'])
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('a body that looks like a request is a body', async () => {
    const answer = await bytes(
      'POST /proxy/svc/x HTTP/1.1',
      'Host: a',
      auth(),
      `Content-Length: ${HIDDEN.length}`,
      '',
      HIDDEN,
    )
    expect(JSON.parse(String(answer.body)).body).toBe(HIDDEN)
    expect(scene.upstream.requests).toHaveLength(1)
  })

  it('400 with headers over the limit, and at the API as well', async () => {
    for (const path of ['/proxy/svc/x', '/api/v1/status']) {
      const answer = await askRaw(scene, `GET ${path}`, `X-Large: ${'x'.repeat(40_000)}`)
      expect([answer.status, answer.header('octroi-error')]).toEqual([400, 'invalid_request'])
    }
    expect((await askRaw(scene, 'GET /proxy/svc/x', `X-Large: ${'x'.repeat(8_000)}`)).status).toBe(200)
  })

  it.each([
    'http://127.0.0.1/proxy/svc/smuggled',
    'https://evil.test/proxy/svc/smuggled',
    'http://u:p@h/proxy/svc/smuggled',
  ])('400 with the absolute form %s', async (target) => {
    const answer = await askRaw(scene, `GET ${target}`)
    expect([answer.status, answer.header('octroi-error')]).toEqual([400, 'invalid_request'])
    nothingSmuggled()
  })

  it('400 for what is no HTTP at all, and for HTTP/2', async () => {
    for (const text of [
      'hello\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ]) {
      expect((await rawRequest(scene.gate.port, text)).status).toBe(400)
    }
  })
})

describe('Upgrade', () => {
  it.each(['websocket', 'h2c, websocket', 'TLS/1.0', 'foo'])('501 for %s', async (protocol) => {
    const answer = await askRaw(scene, 'GET /proxy/svc/x', 'Connection: Upgrade', `Upgrade: ${protocol}`)
    expect([answer.status, answer.header('octroi-error')]).toEqual([501, 'unsupported'])
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('the offer of h2c is ignored; a body behind it is a body', async () => {
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    const answer = await askRaw(scene, 'POST /proxy/svc/x', ...offer, `Content-Length: ${HIDDEN.length}`, '', HIDDEN)
    expect([answer.status, JSON.parse(String(answer.body)).body]).toEqual([200, HIDDEN])
    expect(String(answer.all).match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    const names = scene.upstream.requests.flatMap(({ rawHeaders }) => rawHeaders.map((name) => name.toLowerCase()))
    expect(names.filter((name) => name === 'upgrade' || name === 'http2-settings')).toEqual([])
  })
})

describe('Expect: 100-continue', () => {
  const body = ['Content-Length: 5', 'Expect: 100-continue']

  it('100 only after the call is allowed', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('POST /proxy/svc/x HTTP/1.1', 'Host: a', ...credential(scene.key), ...body)
    await until(() => expect(wire.text()).toBe('HTTP/1.1 100 Continue\r\n\r\n'))
    wire.socket.write('hello')
    await until(() => expect(wire.text()).toMatch(/HTTP\/1\.1 200 [\s\S]*"body":"hello"/))
    expect(scene.upstream.requests[0]?.header('expect')).toBeUndefined()
    wire.socket.destroy()
  })

  it.each([
    ['401 without a key', '/proxy/svc/x', false],
    ['403 without a grant', '/proxy/other/x', true],
    ['400 with a path', '/proxy/svc/../x', true],
  ])('%s: no 100, the answer at once, the body is not asked for', async (title, path, withKey) => {
    const wire = wireTo(scene.gate.port)
    wire.send(`POST ${path} HTTP/1.1`, 'Host: a', ...credential(withKey ? scene.key : ''), ...body)
    await until(() => expect(wire.text()).toContain('"request_id"'))
    expect(wire.text()).toContain(`HTTP/1.1 ${title.slice(0, 3)} `)
    expect(wire.text()).not.toContain('100 Continue')
    expect(scene.upstream.requests).toHaveLength(0)
    wire.socket.destroy()
  })

  it('400 for another expectation', async () => {
    expect((await askRaw(scene, 'GET /proxy/svc/x', 'Expect: 200-ok')).status).toBe(400)
    expect(scene.upstream.requests).toHaveLength(0)
  })
})

describe('HTTP/1.0', () => {
  it('200 and the connection ends', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('GET /proxy/svc/chunked/1000 HTTP/1.0', ...credential(scene.key))
    const all = await wire.closed
    expect(all).toMatch(/^HTTP\/1\.1 200 /)
    expect(all).not.toMatch(/transfer-encoding/i)
    expect(all.split('\r\n\r\n')[1]).toHaveLength(1_000)
  })
})

describe('several requests on one connection', () => {
  const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)

  it('pipelined with different keys: each is answered in order, as what its own key may', async () => {
    const { gate } = scene
    const reader = await keyFor(gate, [{ connection: 'svc', allow: ['GET /slow/**', 'GET /r/**'] }])
    const wire = wireTo(gate.port)
    const request = (path: string, key: string) =>
      [`GET /proxy/svc${path} HTTP/1.1`, 'Host: a', ...credential(key), '', ''].join('\r\n')
    wire.socket.write(
      request('/slow/150?1', reader) +
        request('/admin?2', scene.key) +
        request('/admin?3', reader) +
        request('/r/4', reader) +
        request('/x?5', 'wrong'),
    )
    await until(() => expect(statuses(wire.text())).toHaveLength(5))
    expect(statuses(wire.text())).toEqual(['200', '200', '403', '200', '401'])
    const urls = [...wire.text().matchAll(/"url":"([^"]*)"/g)].map(([, url]) => url)
    expect(urls).toEqual(['/slow/150?1', '/admin?2', '/r/4'])
    wire.socket.destroy()
  })

  it('kept alive with another key each: nothing of the one before is left', async () => {
    const { gate } = scene
    const [a, b] = [
      await keyFor(gate, [{ connection: 'svc', allow: ['GET /a'] }]),
      await keyFor(gate, [{ connection: 'svc', allow: ['GET /b'] }]),
    ]
    const wire = wireTo(gate.port)
    const expected: string[] = []
    for (const [path, key, status] of [
      ['/a', a, '200'],
      ['/a', b, '403'],
      ['/b', b, '200'],
      ['/b', a, '403'],
      ['/a', '', '401'],
      ['/a', a, '200'],
    ] as const) {
      expected.push(status)
      wire.send(`GET /proxy/svc${path} HTTP/1.1`, 'Host: a', ...credential(key))
      await until(() => expect(statuses(wire.text())).toEqual(expected))
    }
    wire.socket.destroy()
  })

  it('rubbish behind a request that is being answered does not stand in its answer', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('GET /proxy/svc/drip/100/20 HTTP/1.1', 'Host: a', ...credential(scene.key))
    await until(() => expect(wire.text()).toContain('drop 1'))
    wire.socket.write('rubbish\r\n\r\n')
    const all = await wire.closed
    expect(statuses(all)).toEqual(['200'])
    expect(all).not.toContain('invalid_request')
  })

  it('a service that keeps one socket gets the answers of two callers apart', async () => {
    const service = createServer((request, response) => {
      response.end(`${request.headers.authorization} ${request.url}`)
    })
    const loopback = await listen(service)
    const callers = await Promise.all(
      ['one', 'two'].map(async (id) => {
        await connectionTo(scene.gate, `http://127.0.0.1:${loopback.port}`, {
          id,
          secrets: { username: id, password: 'pw' },
        })
        return { id, key: await keyFor(scene.gate, [{ connection: id, allow: ['GET /**'] }]) }
      }),
    )
    const calls = Array.from({ length: 60 }, async (_, i) => {
      const { id, key } = callers[i % 2] as { id: string; key: string }
      const answer = await askRaw({ gate: scene.gate, key }, `GET /proxy/${id}/${i}`)
      expect(String(answer.body)).toBe(`Basic ${Buffer.from(`${id}:pw`).toString('base64')} /${i}`)
    })
    await Promise.all(calls)
    await loopback.down()
  })
})
