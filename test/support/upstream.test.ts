import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { get as httpsGet } from 'node:https'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rawLines, rawRequest } from './raw_http.ts'
import { sampleBytes, startUpstream, type Upstream } from './upstream.ts'

let upstream: Upstream
beforeEach(async () => {
  upstream = await startUpstream()
})
afterEach(() => upstream.stop())

const raw = (path: string, ...more: string[]) =>
  rawRequest(upstream.port, rawLines(`GET ${path} HTTP/1.1`, 'Host: a', ...more))

describe('what it records', () => {
  it('method, target, headers with duplicates, and body: the default answer is the same', async () => {
    const lines = ['POST /any/%2Fpath?q=1 HTTP/1.1', 'Host: a', 'X-A: 1', 'x-a: 2', 'Content-Length: 2', '', 'ok']
    const answer = await rawRequest(upstream.port, rawLines(...lines))
    const rawHeaders = ['Host', 'a', 'X-A', '1', 'x-a', '2', 'Content-Length', '2']
    expect(JSON.parse(String(answer.body))).toEqual({
      method: 'POST',
      url: '/any/%2Fpath?q=1',
      rawHeaders,
      bytes: 2,
      body: 'ok',
    })
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', rawHeaders, body: Buffer.from('ok'), complete: true })
  })

  it('what a cut upload had sent', async () => {
    const socket = connect(upstream.port, '127.0.0.1')
    socket.write(rawLines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9', '', 'half'))
    await vi.waitFor(() => expect(upstream.requests[0]?.bytes).toBe(4))
    socket.destroy()
    await vi.waitFor(() => expect(String(upstream.requests[0]?.body)).toBe('half'))
    expect(upstream.requests[0]?.complete).toBe(false)
    expect(upstream.stats().aborted).toBe(1)
  })

  it('counts without keeping, where bodies are large', async () => {
    const other = await startUpstream({ keepBodies: false })
    await fetch(other.url, { method: 'POST', body: 'x'.repeat(1000) })
    expect(other.requests[0]).toMatchObject({ bytes: 1000, body: Buffer.alloc(0) })
    await other.stop()
  })
})

describe('what the path asks for', () => {
  it('/status/{n} with headers of choice', async () => {
    const answer = await raw('/status/429?header=Retry-After:%203&header=X-A:1')
    expect([answer.status, answer.header('retry-after'), answer.header('x-a')]).toEqual([429, '3', '1'])
  })

  it('/slow/{ms}', async () => {
    const before = performance.now()
    expect((await raw('/slow/40')).status).toBe(200)
    expect(performance.now() - before).toBeGreaterThan(35)
  })

  it('/never: in flight until the client gives up', async () => {
    await expect(
      rawRequest(upstream.port, rawLines('GET /never HTTP/1.1', 'Host: a'), { timeoutMs: 40 }),
    ).rejects.toThrow('40 ms')
    await vi.waitFor(() => expect(upstream.stats()).toEqual({ sockets: 0, inFlight: 0, aborted: 1, total: 1 }))
  })

  it('/drip/{n}/{ms}', async () => {
    const answer = await raw('/drip/3/5')
    expect([answer.header('transfer-encoding'), String(answer.body)]).toEqual(['chunked', 'drop 1\ndrop 2\ndrop 3\n'])
  })

  it.each(['/bytes/200000', '/chunked/200000', '/bytes/0'])('%s', async (path) => {
    const answer = await raw(path)
    expect(answer.body.equals(sampleBytes(Number(path.split('/')[2])))).toBe(true)
    expect(answer.header('content-length') !== undefined).toBe(path.startsWith('/bytes'))
  })

  it.each(['/reset', '/reset-early', '/reset-midway'])('%s is not counted as an abort of the client', async (path) => {
    await expect(raw(path)).rejects.toThrow('ECONNRESET')
    await vi.waitFor(() => expect(upstream.stats()).toEqual({ sockets: 0, inFlight: 0, aborted: 0, total: 1 }))
  })

  it('/headers: hop-by-hop, trailers, and what speaks for the origin', async () => {
    const answer = await raw('/headers')
    const named = ['connection', 'x-internal', 'keep-alive', 'trailer', 'octroi-error', 'clear-site-data', 'alt-svc']
    const more = ['service-worker-allowed', 'strict-transport-security', 'x-kept', 'proxy-authenticate']
    for (const name of [...named, ...more]) expect([name, answer.header(name)]).toEqual([name, expect.any(String)])
    expect(answer.header('connection')).toBe('X-Internal')
    expect(answer.rawHeaders.filter((name) => name === 'Set-Cookie')).toHaveLength(2)
    expect(String(answer.all)).toMatch(/X-Checksum: 42\r\n\r\n$/)
  })

  it('/redirect?to=', async () => {
    const answer = await raw('/redirect?to=https%3A%2F%2Fevil.test%2Fx')
    expect([answer.status, answer.header('location')]).toEqual([302, 'https://evil.test/x'])
  })

  it('/early answers before the body has come', async () => {
    const request = rawLines('POST /early/413 HTTP/1.1', 'Host: a', 'Content-Length: 1000000', '', 'a little')
    expect((await rawRequest(upstream.port, request)).status).toBe(413)
  })

  it('/gzip', async () => {
    expect((await raw('/gzip')).header('content-encoding')).toBe('gzip')
    expect(await (await fetch(`${upstream.url}/gzip`)).json()).toEqual({ packed: true })
  })

  it.each([204, 304])('/%i has no body', async (status) => {
    const answer = await raw(`/${status}`)
    expect([answer.status, answer.body.length]).toEqual([status, 0])
  })

  it('/1xx sends 103 first', async () => {
    expect(await raw('/1xx')).toMatchObject({ status: 200, interim: [103] })
  })

  it('/close-after announces keep-alive and then closes', async () => {
    const agent = new Agent({ keepAlive: true })
    const request = httpRequest(`${upstream.url}/close-after`, { agent }).end()
    const [response] = await once(request, 'response')
    expect(response.headers.connection).toBe('keep-alive')
    response.resume()
    await vi.waitFor(() => expect(upstream.stats().sockets).toBe(0))
    agent.destroy()
  })

  it('a handler of the test comes before the table', async () => {
    upstream.on('/never', ({ recorded, response }) => response.end(`${recorded.method} handled`))
    expect(String((await raw('/never?x=1')).body)).toBe('GET handled')
  })
})

describe('connections', () => {
  it('idle ones stay open, and are counted', async () => {
    const agent = new Agent({ keepAlive: true })
    const [response] = await once(httpRequest(upstream.url, { agent }).end(), 'response')
    response.resume()
    await once(response, 'end')
    await wait(20)
    expect(upstream.stats()).toEqual({ sockets: 1, inFlight: 0, aborted: 0, total: 1 })
    agent.destroy()
  })

  it('down refuses them, up takes them on the same port', async () => {
    await upstream.down()
    await expect(raw('/')).rejects.toThrow('ECONNREFUSED')
    await upstream.up()
    expect((await raw('/')).status).toBe(200)
  })
})

describe('TLS', () => {
  const get = async (url: string, ca: string | undefined) => {
    const [response] = await once(httpsGet(url, { ca, agent: false }), 'response')
    response.resume()
    return response.statusCode
  }

  it.each(['127.0.0.1', 'localhost'])('its own authority vouches for %s, nobody else does', async (host) => {
    const secure = await startUpstream({ tls: true })
    const url = `https://${host}:${secure.port}/`
    expect(await get(url, secure.ca)).toBe(200)
    await expect(get(url, undefined)).rejects.toThrow(/certificate/)
    await secure.stop()
  })

  it('/reset works there too', async () => {
    const secure = await startUpstream({ tls: true })
    await expect(get(`${secure.url}/reset`, secure.ca)).rejects.toThrow(/hang up|ECONNRESET/)
    expect(secure.stats().aborted).toBe(0)
    await secure.stop()
  })
})
