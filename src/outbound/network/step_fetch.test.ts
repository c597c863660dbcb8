import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../../../test/support/upstream.ts'
import { stepFetch } from './step_fetch.ts'
import { Upstreams } from './upstreams.ts'

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
const step = (path: string, network: object = NEAR, signal = new AbortController().signal) =>
  stepFetch(
    upstreams,
    network,
    signal,
  )({ method: 'POST', url: `${upstream.url}${path}`, body: 'a=b', headers: { X: '1' } })

describe('a request of an exchange', () => {
  it('goes out as it is given, and its answer comes back whole', async () => {
    const { status, headers, text } = await step('/token?x=1')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(JSON.parse(text)).toMatchObject({ method: 'POST', url: '/token?x=1', body: 'a=b' })
    const { header } = upstream.requests[0] as Upstream['requests'][number]
    expect([header('accept'), header('x'), header('user-agent')]).toEqual(['application/json', '1', 'Octroi'])
  })

  it('follows no redirect: a secret goes where it was meant to', async () => {
    expect((await step(`/redirect?to=${encodeURIComponent(`${upstream.url}/elsewhere`)}`)).status).toBe(302)
    expect(upstream.requests).toHaveLength(1)
  })

  it.each([
    ['an answer of more than a megabyte', '/bytes/1048577', 'upstream_unreachable'],
    ['a reset', '/reset', 'upstream_unreachable'],
    ['half an answer', '/reset-midway', 'upstream_unreachable'],
  ])('%s is %s', async (_, path, code) => {
    await expect(step(path)).rejects.toMatchObject({ code })
  })

  it('a megabyte is read', async () => {
    expect((await step('/bytes/1048576')).text.length).toBeGreaterThan(500_000)
  })

  it('the network of the connection holds for it', async () => {
    await expect(step('/', {})).rejects.toMatchObject({ code: 'upstream_refused_address' })
    expect(upstream.requests).toHaveLength(0)
  })

  it('ends when the whole exchange has to', async () => {
    const ending = new AbortController()
    const asked = step('/never', NEAR, ending.signal)
    await expect.poll(() => upstream.requests.length).toBe(1)
    ending.abort(new Error('Octroi stops'))
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^upstream_/) })
  })

  it.each(['ftp://x', 'https://user:pass@x', 'nonsense', ''])('%j is no address', async (url) => {
    const asked = stepFetch(upstreams, NEAR, new AbortController().signal)({ method: 'GET', url })
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
