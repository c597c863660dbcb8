import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER, startPaheko } from '../support/paheko.ts'
import { POSTING } from '../support/paheko_call.ts'
import { ask, connectionTo, credential, keyFor, type Scene, startScene, until, type Wire, wireTo } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({
    limits: { concurrent: 4, concurrent_writes: 1, queue: 3 },
    timeouts: { first_byte_ms: 30_000 },
  })
})
afterEach(() => idle())
afterAll(() => scene.stop())

const open: Wire[] = []
function start(line: string, ...more: string[]): Wire {
  const wire = wireTo(scene.gate.port)
  wire.send(`${line} HTTP/1.1`, 'Host: a', ...credential(scene.key), ...more)
  open.push(wire)
  return wire
}

async function idle(): Promise<void> {
  for (const wire of open.splice(0)) wire.socket.destroy()
  await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
}

const inFlight = (count: number) => until(() => expect(scene.upstream.stats().inFlight).toBe(count))

describe('places at a connection', () => {
  it('503 busy with Retry-After when the queue is full; reads go on beside a write that waits', async () => {
    start('POST /proxy/svc/never?1', 'Content-Length: 0')
    await inFlight(1)
    const more = Array.from({ length: 4 }, (_, i) => start(`POST /proxy/svc/never?queued${i}`, 'Content-Length: 0'))
    const refused = () => more.filter((wire) => wire.text() !== '')
    await until(() => expect(refused()).toHaveLength(1))
    expect(refused()[0]?.text()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nOctroi-Error: busy\r\n[\s\S]*Retry-After: 2\r\n/)
    expect((await ask(scene, '/read')).status).toBe(200)
    expect(scene.upstream.requests.some(({ url }) => /queued/.test(url))).toBe(false)
  })

  it('never more than `concurrent` at once', async () => {
    const wires = Array.from({ length: 7 }, (_, i) => start(`GET /proxy/svc/slow/100?c${i}`))
    let most = 0
    await until(() => {
      most = Math.max(most, scene.upstream.stats().inFlight)
      for (const wire of wires) expect(wire.text()).toMatch(/^HTTP\/1\.1 200 /)
    })
    expect(most).toBeLessThanOrEqual(4)
  })

  it('503 busy after waiting as long as a first byte may take; what waited is never sent', async () => {
    await scene.gate.api('PATCH', '/connections/svc', { timeouts: { first_byte_ms: 1_000 } })
    start('POST /proxy/svc/drip/40/100', 'Content-Length: 0')
    await inFlight(1)
    const answer = await ask(scene, '/waited', { method: 'POST', body: 'x' })
    expect([answer.status, answer.code]).toEqual([503, 'busy'])
    await idle()
    expect((await ask(scene, '/next', { method: 'POST' })).status).toBe(200)
    expect(scene.upstream.requests.some(({ url }) => url === '/waited')).toBe(false)
  })

  it('a refused call takes no place', async () => {
    const { gate } = scene
    const reader = await keyFor(gate, [{ connection: 'svc', allow: ['GET /**'] }])
    for (let i = 0; i < 20; i++) {
      expect((await ask({ gate, key: reader }, '/x', { method: 'POST', body: 'x' })).status).toBe(403)
    }
    expect((await ask(scene, '/x', { method: 'POST' })).status).toBe(200)
  })

  it('a body that never comes whole holds the one place to write no longer than the limit', async () => {
    const stalled = start('POST /proxy/svc/stalled', 'Content-Length: 10')
    await until(() => expect(stalled.text()).toMatch(/^HTTP\/1\.1 504 /))
    expect((await ask(scene, '/behind', { method: 'POST', body: 'x' })).status).toBe(200)
    await scene.gate.api('PATCH', '/connections/svc', { timeouts: { first_byte_ms: 30_000 } })
  })
})

describe('the caller leaves', () => {
  it('while the service thinks: it is aborted, the place is free', async () => {
    const before = scene.upstream.stats().aborted
    const wire = start('POST /proxy/svc/never?left', 'Content-Length: 0')
    await inFlight(1)
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats()).toMatchObject({ inFlight: 0, aborted: before + 1 }))
    expect((await ask(scene, '/free', { method: 'POST' })).status).toBe(200)
  })

  it('during the answer', async () => {
    const before = scene.upstream.stats().aborted
    const wire = start('GET /proxy/svc/drip/1000/20')
    await until(() => expect(wire.text()).toContain('drop 2'))
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats()).toMatchObject({ inFlight: 0, aborted: before + 1 }))
  })

  it('during his own body: the service gets no whole request', async () => {
    const wire = start('POST /proxy/svc/cut', 'Content-Length: 1000')
    wire.socket.write('half')
    await until(() => expect(scene.upstream.requests.find(({ url }) => url === '/cut')?.bytes).toBe(4))
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
    expect(scene.upstream.requests.find(({ url }) => url === '/cut')?.complete).toBe(false)
  })

  it('while he waits in the queue: nothing is sent for him', async () => {
    start('POST /proxy/svc/never?holder', 'Content-Length: 0')
    await inFlight(1)
    const waiting = start('POST /proxy/svc/gone', 'Content-Length: 0')
    const other = start('POST /proxy/svc/stays', 'Content-Length: 0')
    // Both are in the queue once a read that came after them was answered.
    await ask(scene, '/marker')
    waiting.socket.destroy()
    await ask(scene, '/marker')
    open[open.length - 3]?.socket.destroy()
    await until(() => expect(other.text()).toMatch(/^HTTP\/1\.1 200 /))
    expect(scene.upstream.requests.some(({ url }) => url === '/gone')).toBe(false)
  })

  it('with answers that wait behind another one on the same connection: all are aborted', async () => {
    const before = scene.upstream.stats().aborted
    const wire = start('GET /proxy/svc/never?a')
    wire.send('GET /proxy/svc/never?b HTTP/1.1', 'Host: a', ...credential(scene.key))
    await inFlight(2)
    wire.socket.destroy()
    await until(() => expect(scene.upstream.stats()).toMatchObject({ inFlight: 0, aborted: before + 2 }))
  })

  it('300 at once, in the middle of downloads: 50 calls after that all succeed, places and sockets are free', async () => {
    await scene.gate.api('PATCH', '/connections/svc', { limits: { concurrent: 100, queue: 1_000 } })
    const wires = Array.from({ length: 300 }, (_, i) => {
      const wire = start(`GET /proxy/svc/${i % 2 ? 'drip/5000/10' : 'bytes/500000000'}`)
      return wire.socket.pause() && wire
    })
    await until(() => expect(scene.upstream.stats().inFlight).toBe(100))
    wires.forEach((wire, i) => {
      if (i % 3) wire.socket.destroy()
      else wire.socket.resetAndDestroy()
    })
    await until(() => expect(scene.upstream.stats().inFlight).toBe(0))
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(scene, `/after/${i}`)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(answers.map(({ json }, i) => json.url === `/after/${i}`)).toEqual(Array(50).fill(true))
    // What was aborted is closed; what is open now is what the 50 left behind.
    await until(() => expect(scene.upstream.stats().sockets).toBeLessThanOrEqual(100))
  })
})

describe('Paheko takes one writer at a time', () => {
  it('40 parallel posts all succeed against a service that fails on two at once', async () => {
    const paheko = await startPaheko()
    const { username, password } = PAHEKO_WRITER
    await connectionTo(scene.gate, paheko.url, {
      id: 'paheko',
      connector: 'paheko',
      secrets: { username, password },
    })
    const key = await keyFor(scene.gate, [{ connection: 'paheko', allow: ['accounting-post', 'accounting-read'] }])
    const post = (i: number) =>
      ask({ gate: scene.gate, key }, '/proxy/paheko/api/accounting/transaction', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...POSTING, reference: `CAISSE-${i}` }),
      })
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => post(i)))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    expect(paheko.transactionCount()).toBe(40)
    await paheko.stop()
  })
})
