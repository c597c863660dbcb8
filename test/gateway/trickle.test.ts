import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

let gate: TestGate
let upstream: Upstream
let key: string

beforeAll(async () => {
  gate = await startTestGate()
  upstream = await startUpstream()
  await gate.api('POST', '/connections', {
    id: 'up',
    connector: 'generic-basic',
    settings: { base_url: upstream.url },
    secrets: { username: 'u', password: 'p' },
    network: { allow_private: true, allow_http: true },
    limits: { concurrent_writes: 1 },
    timeouts: { first_byte_ms: 1_000 },
  })
  key = (await gate.api('POST', '/keys', { name: 'k', grants: [{ connection: 'up', allow: ['POST /**'] }] })).body.key
})

afterAll(async () => {
  await gate.stop()
  await upstream.stop()
})

it('a caller who sends drop by drop does not keep the only place while others wait for it', async () => {
  const socket = connect(gate.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`POST /proxy/up/slow HTTP/1.1\r\nHost: x\r\nAPI-KEY: ${key}\r\nContent-Length: 1000\r\n\r\n`)
  const dripping = setInterval(() => socket.write('.'), 200)
  await wait(300)
  const post = () =>
    fetch(`${gate.url}/proxy/up/status/200`, { method: 'POST', headers: { 'api-key': key }, body: 'x' })
  const statuses: number[] = []
  // As an outbox does: again after each 503, until the place is free.
  for (let i = 0; i < 10 && statuses.at(-1) !== 200; i++) statuses.push((await post()).status)
  clearInterval(dripping)
  socket.destroy()
  expect(statuses.at(-1)).toBe(200)
})
