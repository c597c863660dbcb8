import { createServer, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../../../test/support/upstream.ts'
import { Upstreams } from './upstreams.ts'
import { webFetch } from './web_fetch.ts'

let upstream: Upstream
let upstreams: Upstreams
beforeEach(async () => {
  upstream = await startUpstream()
  upstreams = new Upstreams(() => [])
})
afterEach(async () => {
  await upstreams.close()
  await upstream.stop()
})

const NEAR = { allow_private: true, allow_http: true }
const near = () => webFetch(upstreams, NEAR)

describe('a fetch through our own egress', () => {
  it('sends method, headers and a form as fetch does; the answer is a Response', async () => {
    const answer = await near()(`${upstream.url}/token?x=1`, {
      method: 'POST',
      headers: { 'X-One': '1' },
      body: new URLSearchParams({ a: 'b c' }),
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await answer.json()).toMatchObject({ method: 'POST', url: '/token?x=1', body: 'a=b+c' })
    const { header } = upstream.requests[0] as Upstream['requests'][number]
    expect([header('x-one'), header('content-type'), header('user-agent')]).toEqual([
      '1',
      'application/x-www-form-urlencoded;charset=UTF-8',
      'Octroi',
    ])
  })

  it('gives a redirect back and follows none', async () => {
    const target = `${upstream.url}/elsewhere`
    const answer = await near()(`${upstream.url}/redirect?to=${encodeURIComponent(target)}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, target])
    expect(upstream.requests).toHaveLength(1)
  })

  it.each([
    ['more than a megabyte', '/bytes/1048577'],
    ['a reset', '/reset'],
    ['half an answer', '/reset-midway'],
  ])('502 upstream_unreachable for %s', async (_, path) => {
    await expect(near()(`${upstream.url}${path}`)).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })

  it('504 upstream_timeout when it ends before the answer came', async () => {
    const asked = near()(`${upstream.url}/never`, { signal: AbortSignal.timeout(50) })
    await expect(asked).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it.each(['ftp://x.test/', 'https://user:pass@x.test/', 'nonsense', '', 'javascript:alert(1)', 'file:///etc/passwd'])(
    '502 for %j, which is no address of a service',
    async (url) => {
      await expect(near()(url)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    },
  )
})

describe('T32: addresses that a provider may not lead us to', () => {
  it.each(['http://127.0.0.1/', 'https://127.0.0.1/', 'http://[::1]/', 'http://2130706433/', 'http://0x7f.1/'])(
    'loopback is refused unless allowed: %s',
    async (url) => {
      await expect(webFetch(upstreams, {})(url)).rejects.toMatchObject({ code: 'upstream_refused_address' })
    },
  )

  it.each(['http://169.254.169.254/latest/', 'http://[fd00:ec2::254]/', 'http://[::ffff:a9fe:a9fe]/', 'http://0/'])(
    'metadata addresses are refused always: %s',
    async (url) => {
      await expect(near()(url)).rejects.toMatchObject({ code: 'upstream_refused_address' })
    },
  )

  it('plain HTTP needs allow_http', async () => {
    const asked = webFetch(upstreams, { allow_private: true })(upstream.url)
    await expect(asked).rejects.toMatchObject({ code: 'upstream_refused_address' })
    expect(upstream.requests).toHaveLength(0)
  })

  describe('names', () => {
    let server: Server
    beforeEach(async () => {
      server = createServer((_, response) => response.writeHead(204, { connection: 'close' }).end())
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    })
    afterEach(() => server.close())

    /** Whatever the name gave when the method was set up: it gives loopback now. */
    const flipped: LookupFunction = (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])

    it('rebinding: each connection judges the address that it goes to', async () => {
      const rebound = new Upstreams(() => [], flipped)
      try {
        const { port } = server.address() as AddressInfo
        await expect(webFetch(rebound, {})(`https://provider.test:${port}/`)).rejects.toMatchObject({
          code: 'upstream_refused_address',
        })
        const allowed = await webFetch(rebound, NEAR)(`http://provider.test:${port}/`)
        expect(allowed.status).toBe(204)
      } finally {
        await rebound.close()
      }
    })
  })
})
