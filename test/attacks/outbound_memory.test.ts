import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import { Upstreams } from '../../src/outbound/network/upstreams.ts'
import { type Upstream as Service, startUpstream } from '../support/upstream.ts'

/** What nobody uses any more is not kept: neither the keys of connections that are gone, nor a place for each. */

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let service: Service | undefined
const upstreams = new Upstreams(() => [])
afterEach(async () => {
  await upstreams.close()
  await service?.stop()
})

async function collected(refs: readonly WeakRef<object>[]): Promise<number> {
  for (let i = 0; i < 10 && refs.some((ref) => ref.deref() !== undefined); i++) {
    await turn()
    collect()
  }
  return refs.filter((ref) => ref.deref() === undefined).length
}

describe('client certificates that were replaced', () => {
  it('their keys leave the memory with the last connection that used them', async () => {
    const refs = Array.from({ length: 100 }, (_, i) => {
      const certificate = { cert: `cert ${i}`, key: `key ${i}` }
      upstreams.get('https://127.0.0.1:1', {}, 1_000, certificate)
      return new WeakRef(certificate)
    })
    expect(await collected(refs)).toBe(100)
  })

  it('what is in use stays one, and so do sockets that are open', async () => {
    service = await startUpstream()
    const near = { allow_private: true, allow_http: true }
    const first = upstreams.get(service.url, near, 1_000)
    expect(upstreams.get(service.url, near, 1_000)).toBe(first)
    const ref = new WeakRef(upstreams.get(service.url, near, 2_000))
    const ask = () =>
      upstreams.get(service?.url as string, near, 2_000).pool.request({ path: '/status/200', method: 'GET' })
    for (let i = 0; i < 3; i++) {
      await (await ask()).body.text()
      expect(await collected([ref])).toBe(0)
    }
    expect(service.stats().sockets).toBe(1)
  })
})
