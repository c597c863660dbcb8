import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../support/loopback.ts'
import { sampleBytes } from '../support/upstream.ts'
import { ask, askRaw, connectionTo, credential, keyFor, type Scene, startScene, until, wireTo } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ limits: { request_bytes: 3_000_000 }, timeouts: { idle_ms: 5_000 } })
})
afterAll(() => scene.stop())

const authorization = () => ({ authorization: `Bearer ${scene.key}` })

describe('answers stream', () => {
  it('a chunk passes before the next is sent', async () => {
    let more: () => void = () => undefined
    scene.upstream.on('/step', async ({ response }) => {
      response.write('one')
      await new Promise<void>((resolve) => {
        more = resolve
      })
      response.end('two')
    })
    const wire = wireTo(scene.gate.port)
    wire.send('GET /proxy/svc/step HTTP/1.1', 'Host: a', ...credential(scene.key))
    await until(() => expect(wire.text()).toContain('\r\n3\r\none\r\n'))
    expect(wire.text()).not.toContain('two')
    more()
    await until(() => expect(wire.text()).toMatch(/3\r\ntwo\r\n0\r\n\r\n$/))
    wire.socket.destroy()
  })

  it.each(['bytes', 'chunked'])('5 MB of /%s arrive byte for byte', async (kind) => {
    const answer = await fetch(`${scene.gate.url}/proxy/svc/${kind}/5000000`, { headers: authorization() })
    expect(Buffer.from(await answer.arrayBuffer()).equals(sampleBytes(5_000_000))).toBe(true)
  })

  it('a reader that does not read holds the service back: no more is taken from it than sockets hold', async () => {
    const service = createServer((_, response) => {
      response.writeHead(200, { 'Content-Length': 500_000_000 })
      const block = Buffer.alloc(65_536)
      const pump = () => {
        while (!response.destroyed && response.write(block));
      }
      response.on('drain', pump)
      response.socket?.once('close', () => response.off('drain', pump))
      pump()
      taken = () => response.socket?.bytesWritten ?? 0
    })
    let taken = () => 0
    const loopback = await listen(service)
    await connectionTo(scene.gate, `http://127.0.0.1:${loopback.port}`, { id: 'flood' })
    const key = await keyFor(scene.gate, [{ connection: 'flood', allow: ['GET /**'] }])
    const wire = wireTo(scene.gate.port)
    wire.socket.pause()
    wire.send('GET /proxy/flood/ HTTP/1.1', 'Host: a', ...credential(key))
    await until(() => expect(taken()).toBeGreaterThan(65_536))
    let before = -1
    await until(() => {
      const now = taken()
      const still = now === before
      before = now
      expect(still).toBe(true)
    })
    // Kernel buffers on two sockets and one high-water mark: far from the 500 MB that were offered.
    expect(taken()).toBeLessThan(60_000_000)
    wire.socket.destroy()
    await loopback.down()
  })
})

describe('requests stream', () => {
  it('a chunk reaches the service before the next is sent', async () => {
    const request = httpRequest(`${scene.gate.url}/proxy/svc/upload`, { method: 'POST', headers: authorization() })
    request.write('first')
    const seen = () => scene.upstream.requests.find(({ url }) => url === '/upload')
    await until(() => expect(seen()?.bytes).toBe(5))
    request.end(' second')
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    expect(String(seen()?.body)).toBe('first second')
  })

  it('chunked stays without a length, a length stays a length', async () => {
    await askRaw(scene, 'POST /proxy/svc/len', 'Content-Length: 4', '', 'four')
    const byLength = scene.upstream.requests.at(-1)
    expect([byLength?.header('content-length'), byLength?.header('transfer-encoding')]).toEqual(['4', undefined])
    await askRaw(scene, 'POST /proxy/svc/len', 'Transfer-Encoding: chunked', '', '4', 'four', '0', '', '')
    const chunked = scene.upstream.requests.at(-1)
    expect([chunked?.header('content-length'), chunked?.header('transfer-encoding')]).toEqual([undefined, 'chunked'])
    expect(String(chunked?.body)).toBe('four')
  })

  it('a GET may have a body', async () => {
    const answer = await askRaw(scene, 'GET /proxy/svc/search', 'Content-Length: 2', '', '{}')
    expect(JSON.parse(String(answer.body))).toMatchObject({ method: 'GET', body: '{}' })
  })

  it('2 MB up and down again', async () => {
    const body = sampleBytes(2_000_000)
    scene.upstream.on('/same', ({ recorded, response }) => response.end(recorded.body))
    const answer = await fetch(`${scene.gate.url}/proxy/svc/same`, { method: 'POST', headers: authorization(), body })
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  })

  it('a service that does not read holds the caller back', async () => {
    const release: (() => void)[] = []
    const service = createServer((request, response) => {
      release.push(() => {
        request.resume().on('end', () => response.end('read'))
      })
    })
    const loopback = await listen(service)
    await connectionTo(scene.gate, `http://127.0.0.1:${loopback.port}`, {
      id: 'deaf',
      limits: { request_bytes: 500_000_000 },
    })
    const key = await keyFor(scene.gate, [{ connection: 'deaf', allow: ['* /**'] }])
    const wire = wireTo(scene.gate.port)
    const size = 100_000_000
    wire.send('POST /proxy/deaf/ HTTP/1.1', 'Host: a', ...credential(key), `Content-Length: ${size}`)
    const block = Buffer.alloc(65_536)
    let offered = 0
    const pump = () => {
      while (offered < size) {
        const part = block.subarray(0, Math.min(block.length, size - offered))
        offered += part.length
        if (!wire.socket.write(part)) return
      }
    }
    wire.socket.on('drain', pump)
    pump()
    await until(() => expect(release).toHaveLength(1))
    let before = -1
    await until(() => {
      const still = offered === before
      before = offered
      expect(still).toBe(true)
    })
    expect(offered).toBeLessThan(60_000_000)
    release[0]?.()
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 200 /))
    wire.socket.destroy()
    await loopback.down()
  })
})

describe('answers that come before the request is over', () => {
  it('200: an early answer passes while the caller is still sending, and nothing breaks after it', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('POST /proxy/svc/early/422 HTTP/1.1', 'Host: a', ...credential(scene.key), 'Content-Length: 1000000')
    wire.socket.write('a little')
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 422 [\s\S]*early$/))
    wire.socket.destroy()
    expect((await ask(scene, '/still-there')).status).toBe(200)
  })

  it('the process outlives callers who leave after an early answer', async () => {
    const wires = Array.from({ length: 20 }, () => wireTo(scene.gate.port))
    for (const wire of wires) {
      wire.send('POST /proxy/svc/early HTTP/1.1', 'Host: a', ...credential(scene.key), 'Transfer-Encoding: chunked')
      wire.socket.write('5\r\nhello\r\n')
    }
    await until(() => {
      for (const wire of wires) expect(wire.text()).toContain('early')
    })
    for (const wire of wires) {
      wire.socket.write('5\r\nagain\r\n')
      wire.socket.resetAndDestroy()
    }
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
    expect((await ask(scene, '/alive')).status).toBe(200)
  })
})

describe('bodies that are too large', () => {
  it('413 by Content-Length: nothing is sent upstream, and a caller who keeps sending can read it', async () => {
    const before = scene.upstream.stats().total
    const body = Buffer.alloc(4_000_000, 'x')
    const answer = await ask(scene, '/big', { method: 'POST', body })
    expect([answer.status, answer.code]).toEqual([413, 'payload_too_large'])
    expect(scene.upstream.stats().total).toBe(before)
  })

  it('413 by counting chunks; the service gets no whole request', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('POST /proxy/svc/counted HTTP/1.1', 'Host: a', ...credential(scene.key), 'Transfer-Encoding: chunked')
    const block = `10000\r\n${'x'.repeat(65_536)}\r\n`
    for (let i = 0; i < 60; i++) wire.socket.write(block)
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*payload_too_large/))
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
    const seen = scene.upstream.requests.find(({ url }) => url === '/counted')
    expect(seen === undefined || !seen.complete).toBe(true)
  })

  it.each([
    ['401', '', '/proxy/svc/x'],
    ['403', 'key', '/proxy/other/x'],
  ])('%s with a large unread body can be read, and the connection ends', async (status, withKey, path) => {
    const wire = wireTo(scene.gate.port)
    const lines = ['Host: a', ...(withKey ? credential(scene.key) : []), 'Content-Length: 50000000']
    wire.send(`POST ${path} HTTP/1.1`, ...lines)
    wire.socket.write(Buffer.alloc(1_000_000))
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 \d{3} [\s\S]*"request_id"/))
    expect(wire.text()).toContain(`HTTP/1.1 ${status} `)
    expect(wire.text()).toMatch(/\r\nConnection: close\r\n/)
    wire.socket.destroy()
  })
})
