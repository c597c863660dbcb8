import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Upstreams } from '../network/upstreams.ts'
import { checkConnection, checkFault, probe } from './check.ts'
import type { Target } from './targets.ts'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function targetOf(serve: RequestListener, more: object = {}): Promise<Target> {
  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstreams = new Upstreams(() => [])
  closing.push(
    () => upstreams.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connector = {
    rejected_when: [{ status: 403, body: 'Invalid password' }],
    unauthorized: 'rejected',
    compiled: {},
  }
  return {
    connection: { id: 'c', settings: {} },
    connector,
    upstream: upstreams.get(origin, { allow_private: true, allow_http: true }, 1_000),
    basePath: '/base',
    signature: { headers: ['Authorization', 'the-secret'], query: 'key=k' },
    firstByteMs: 500,
    ...more,
  } as unknown as Target
}

describe('one look', () => {
  it.each([
    [200, '', 'accepted', true],
    [204, '', 'accepted', true],
    [401, '', 'refused', false],
    [403, 'Invalid password', 'refused', false],
    [403, 'not enough rights', 'failed', false],
    [302, '', 'failed', false],
    [404, '', 'failed', false],
    [500, '', 'failed', false],
  ] as const)('%i %s: %s', async (status, body, outcome, ok) => {
    const target = await targetOf((_, response) => response.writeHead(status).end(body))
    expect(await probe(target, 'GET', '/me')).toMatchObject({ status, outcome, ok })
  })

  it('is signed, below the base path, and asks for no compression', async () => {
    let seen: unknown[] = []
    const target = await targetOf(({ url, headers }, response) => {
      seen = [url, headers.authorization, headers['accept-encoding']]
      response.end()
    })
    await probe(target, 'GET', '/me?a=1')
    expect(seen).toEqual(['/base/me?a=1&key=k', 'the-secret', undefined])
  })

  it('never throws for the service’s faults, and never says the secret', async () => {
    const cut = await targetOf(({ socket }) => socket.destroy())
    const never = await targetOf(() => undefined)
    const endless = await targetOf((_, response) => {
      const pump = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', pump)
      pump()
    })
    for (const target of [cut, never, endless]) {
      const result = await probe(target, 'GET', '/me')
      expect(JSON.stringify(result)).not.toContain('the-secret')
      expect(JSON.stringify(checkFault(result))).not.toContain('the-secret')
      expect(result.outcome).toBe(target === endless ? 'accepted' : 'failed')
    }
  })

  it('without a declared test nothing is asked', async () => {
    const target = await targetOf(() => expect.unreachable('no request is made'))
    expect(await checkConnection(target)).toMatchObject({ outcome: 'untested', ok: true, status: null })
  })
})
