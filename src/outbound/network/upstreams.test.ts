import { createServer, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { NetworkPolicy } from '../../core/types.ts'
import { RefusedAddress } from './egress.ts'
import { upstreamError } from './upstream_error.ts'
import { Upstreams } from './upstreams.ts'

const NEAR: NetworkPolicy = { allow_private: true, allow_http: true }
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

async function service(): Promise<{ port: number; asked: string[]; sockets: Set<unknown>; server: Server }> {
  const asked: string[] = []
  const sockets = new Set<unknown>()
  const server = createServer((request, response) => {
    asked.push(request.url as string)
    response.end('ok')
  })
  server.on('connection', (socket) => sockets.add(socket))
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked, sockets, server }
}

function upstreams(resolve?: LookupFunction, listeners: { address: string; port: number }[] = []): Upstreams {
  const made = new Upstreams(() => listeners, resolve)
  closing.push(() => made.close())
  return made
}

/** Names answer in turn. */
function flipping(...answers: string[]): LookupFunction {
  let asked = 0
  return (_host, options, callback) => {
    const address = answers[Math.min(asked++, answers.length - 1)] as string
    if (options.all) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }
}

const get = (made: Upstreams, origin: string, network = NEAR) =>
  made.get(origin, network, 1_000).pool.request({ method: 'GET', path: '/' })

async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error) => error,
  )
}

describe('T32: the address that is connected to is the one that was judged', () => {
  it('a name that flips to loopback is refused at the connection, whatever it answered before', async () => {
    const { port, asked } = await service()
    const policy = { allow_private: ['127.0.0.1'], allow_http: true }
    const made = upstreams(flipping('127.0.0.1', '127.0.0.2', '169.254.169.254', '10.0.0.1'))
    const origin = `http://rebinding.test:${port}`
    const first = await made.get(origin, policy, 1_000).pool.request({ method: 'GET', path: '/1', reset: true })
    await first.body.dump()
    for (let i = 0; i < 3; i++) {
      const error = await failure(get(made, origin, policy))
      expect(upstreamError(error).code).toBe('upstream_refused_address')
    }
    expect(asked).toEqual(['/1'])
  })

  it('an address in digits is judged too, though nobody looks it up', async () => {
    const { port, asked } = await service()
    for (const origin of [`http://127.0.0.1:${port}`, `http://[::ffff:7f00:1]:${port}`]) {
      const error = await failure(get(upstreams(), origin, { allow_http: true }))
      expect(error).toBeInstanceOf(RefusedAddress)
    }
    expect(asked).toEqual([])
  })

  it('D9: our own listener, by name and by number', async () => {
    const { port, asked } = await service()
    const made = upstreams(flipping('127.0.0.1'), [{ address: '127.0.0.1', port }])
    for (const host of ['127.0.0.1', 'ourselves.test', '[::ffff:7f00:1]', '127.0.0.2']) {
      const error = await failure(get(made, `http://${host}:${port}`))
      expect(upstreamError(error).code).toBe('upstream_refused_address')
    }
    expect(asked).toEqual([])
  })
})

describe('a name that nobody knows', () => {
  it('502 upstream_unreachable, and the caller learns no more', async () => {
    const resolve: LookupFunction = (_host, _options, callback) =>
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND db.inside.test'), { code: 'ENOTFOUND' }), [])
    const error = upstreamError(await failure(get(upstreams(resolve), 'http://db.inside.test')))
    expect(error).toMatchObject({ code: 'upstream_unreachable', detail: 'The name of the service is not known.' })
  })
})

describe('D12: who shares sockets', () => {
  it('only the same origin, CA, network policy and time-out', () => {
    const made = upstreams()
    const base = ['https://a.test', { allow_private: true }, 1_000] as const
    const same = made.get(...base)
    expect(made.get(...base)).toBe(same)
    const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
    const others = [
      made.get('https://b.test', base[1], 1_000),
      made.get('http://a.test', base[1], 1_000),
      made.get('https://a.test:8443', base[1], 1_000),
      made.get(base[0], {}, 1_000),
      made.get(base[0], { allow_private: true, allow_http: true }, 1_000),
      made.get(base[0], { allow_private: ['10.0.0.0/8'] }, 1_000),
      made.get(base[0], { allow_private: ['10.0.0.0/8', '127.0.0.1'] }, 1_000),
      made.get(base[0], { allow_private: true, ca }, 1_000),
      made.get(base[0], { allow_private: true, ca: ca.replace('AAAA', 'BBBB') }, 1_000),
      made.get(base[0], base[1], 2_000),
    ]
    expect(new Set([same, ...others]).size).toBe(others.length + 1)
  })

  it('a socket that one policy opened carries no call under another', async () => {
    const { port, sockets } = await service()
    const made = upstreams()
    const origin = `http://127.0.0.1:${port}`
    await (await get(made, origin)).body.dump()
    const before = sockets.size
    expect(await failure(get(made, origin, { allow_http: true }))).toBeInstanceOf(RefusedAddress)
    expect(sockets.size).toBe(before)
    await (await get(made, origin, { ...NEAR, allow_private: ['127.0.0.1'] })).body.dump()
    expect(sockets.size).toBe(before + 1)
  })
})

describe('a pool that was closed because nobody used it', () => {
  it('is opened again by a target that was kept meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    const { port, sockets } = await service()
    const made = upstreams()
    const kept = made.get(`http://127.0.0.1:${port}`, NEAR, 1_000)
    await (await kept.pool.request({ method: 'GET', path: '/' })).body.dump()
    const { pool } = kept
    vi.advanceTimersByTime(600_000)
    await vi.waitFor(() => expect(pool.closed || pool.destroyed).toBe(true))
    const answer = await kept.pool.request({ method: 'GET', path: '/' })
    expect(await answer.body.text()).toBe('ok')
    expect(sockets.size).toBe(2)
  })
})
