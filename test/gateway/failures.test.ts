import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Loopback, listen } from '../support/loopback.ts'
import { ask, askRaw, connectionTo, credential, keyFor, type Scene, startScene, until, wireTo } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ timeouts: { connect_ms: 300, first_byte_ms: 600, idle_ms: 500 } })
})
afterAll(() => scene.stop())

/** A service of a few bytes: what it sends to whoever connects and asks. */
async function crude(act: (socket: Socket, asked: string) => void): Promise<Loopback> {
  const server: Server = createServer((socket) => {
    let asked = ''
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        asked += chunk
        act(socket, asked)
      })
  })
  return listen(server as never)
}

async function through(loopback: Loopback, id: string, more: Record<string, unknown> = {}) {
  await connectionTo(scene.gate, `http://127.0.0.1:${loopback.port}`, { id, ...more })
  const key = await keyFor(scene.gate, [{ connection: id, allow: ['* /**'] }])
  return { gate: scene.gate, key }
}

describe('the service fails', () => {
  it('C-03: 502 upstream_unreachable with Retry-After and the state while nothing listens, 200 once it does', async () => {
    await scene.upstream.down()
    const answer = await ask(scene, '/x')
    expect([answer.status, answer.code]).toEqual([502, 'upstream_unreachable'])
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(answer.headers.get('octroi-connection-state')).toBe('ready')
    await scene.upstream.up()
    expect((await ask(scene, '/x')).status).toBe(200)
  })

  it('502 when it resets before an answer; a call that reads is tried once more, one that writes never', async () => {
    const count = (path: string) => scene.upstream.requests.filter(({ url }) => url === path).length
    expect((await ask(scene, '/reset?r')).code).toBe('upstream_unreachable')
    expect(count('/reset?r')).toBe(2)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await ask(scene, `/reset?${method}`, { method, body: 'x' })
      expect([method, answer.code, count(`/reset?${method}`)]).toEqual([method, 'upstream_unreachable', 1])
    }
    expect((await ask(scene, '/reset?empty', { method: 'POST' })).code).toBe('upstream_unreachable')
    expect(count('/reset?empty')).toBe(1)
  })

  it('a socket that the service closed between two calls fails no call that reads', async () => {
    for (let i = 0; i < 10; i++) expect((await ask(scene, '/close-after')).status).toBe(200)
  })

  it('an answer that breaks off is broken off: never ended as if it were whole', async () => {
    await expect(askRaw(scene, 'GET /proxy/svc/reset-midway')).rejects.toThrow(/closed|ECONNRESET/)
    const service = await crude((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    )
    const caller = await through(service, 'half')
    await expect(askRaw(caller, 'GET /proxy/half/')).rejects.toThrow(/closed|ECONNRESET/)
    await service.down()
  })

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['a header with NUL', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n'],
    ['a header with a control character', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a header with DEL', 'HTTP/1.1 200 OK\r\nX-A: a\x7fb\r\nContent-Length: 0\r\n\r\n'],
    ['a bare LF in a header', 'HTTP/1.1 200 OK\r\nX-A: a\nX-B: b\r\nContent-Length: 0\r\n\r\n'],
    ['a status of 99', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['nothing', ''],
  ])('502 or a clean answer, never a crash, when it sends %s', async (name, bytes) => {
    const service = await crude((socket) => socket.end(bytes, 'latin1'))
    const id = name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()
    const caller = await through(service, id)
    const answer = await askRaw(caller, `POST /proxy/${id}/`, 'Content-Length: 1', '', 'x')
    expect([200, 502]).toContain(answer.status)
    if (answer.status === 502) expect(answer.header('octroi-error')).toBe('upstream_unreachable')
    expect(answer.rawHeaders.join('')).not.toMatch(/[\0-\x08\x0a-\x1f\x7f]/)
    expect((await ask(scene, '/after')).status).toBe(200)
    await service.down()
  })

  it('bytes that follow an answer are nobody’s answer', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'
    const service = await crude((socket, asked) => {
      if (asked.endsWith('\r\n\r\n')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine${poison}`)
    })
    const caller = await through(service, 'poison')
    for (let i = 0; i < 5; i++) {
      const answer = await ask(caller, '/proxy/poison/')
      if (answer.status === 200) expect(answer.text).toBe('mine')
      else expect(answer.code).toBe('upstream_unreachable')
    }
    await service.down()
  })
})

describe('the service is slow', () => {
  it('504 when no first byte comes, and it is aborted', async () => {
    const before = scene.upstream.stats().aborted
    const answer = await ask(scene, '/never')
    expect([answer.status, answer.code]).toEqual([504, 'upstream_timeout'])
    expect(answer.headers.get('retry-after')).toBe('5')
    await until(() => expect(scene.upstream.stats().aborted).toBe(before + 1))
  })

  it('504 when the connection is not made in time (a TLS handshake that never comes)', async () => {
    const silent = await crude(() => undefined)
    await connectionTo(scene.gate, `https://127.0.0.1:${silent.port}`, {
      id: 'silent',
      timeouts: { connect_ms: 200, first_byte_ms: 20_000 },
    })
    const key = await keyFor(scene.gate, [{ connection: 'silent', allow: ['* /**'] }])
    const answer = await ask({ gate: scene.gate, key }, '/proxy/silent/')
    expect([answer.status, answer.code]).toEqual([504, 'upstream_timeout'])
    await silent.down()
  })

  it('an answer that pauses too long is cut', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('GET /proxy/svc/drip/2/60000 HTTP/1.1', 'Host: a', ...credential(scene.key))
    const all = await wire.closed
    expect(all).toMatch(/^HTTP\/1\.1 200 /)
    expect(all).not.toMatch(/0\r\n\r\n$/)
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
  })

  it('a slow answer that does not pause is not cut: 8 drops over more than the idle limit', async () => {
    const answer = await ask(scene, '/drip/8/150')
    expect(answer.text.trim().split('\n')).toHaveLength(8)
  })

  it('while the caller is still sending, the service is not late', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('POST /proxy/svc/trickle HTTP/1.1', 'Host: a', ...credential(scene.key), 'Content-Length: 8')
    let sent = 0
    const timer = setInterval(() => {
      wire.socket.write('x')
      if (++sent === 8) clearInterval(timer)
    }, 150)
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 200 [\s\S]*"bytes":8/))
    wire.socket.destroy()
  })

  it('a caller who stops sending ends as 504, and the service is let go', async () => {
    const wire = wireTo(scene.gate.port)
    wire.send('POST /proxy/svc/stalled HTTP/1.1', 'Host: a', ...credential(scene.key), 'Content-Length: 8')
    wire.socket.write('half')
    await until(() => expect(wire.text()).toMatch(/^HTTP\/1\.1 504 /))
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
  })
})

describe('a connection that cannot be called', () => {
  it.each(['reconnect_required', 'suspended', 'pending'])('502 reconnect_required in the state %s', async (state) => {
    const { DatabaseSync } = await import('node:sqlite')
    const { readdirSync } = await import('node:fs')
    const { join } = await import('node:path')
    const folder = scene.gate.settings.data_dir
    const set = (to: string) => {
      for (const name of readdirSync(folder).filter((file) => /\.(db|sqlite)$/.test(file))) {
        const db = new DatabaseSync(join(folder, name))
        const has = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'connections'").get()
        if (has) db.prepare('UPDATE connections SET state = ? WHERE id = ?').run(to, 'svc')
        db.close()
      }
    }
    set(state)
    const answer = await ask(scene, '/x')
    expect([answer.status, answer.code]).toEqual([502, 'reconnect_required'])
    expect(answer.headers.get('octroi-connection-state')).toBe(state)
    // Its own test does not put back into service what a restore took out of it (D15).
    await scene.gate.api('PATCH', '/connections/svc', { settings: { test_path: '/status/200' } })
    set(state)
    await scene.gate.api('POST', '/connections/svc/test', {})
    const after = await scene.gate.api('GET', '/connections/svc')
    expect(after.body.state).toBe(state === 'suspended' ? 'suspended' : 'ready')
    set('ready')
    expect((await ask(scene, '/x')).status).toBe(200)
  })
})
