import { createSecretKey, randomBytes } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NetworkPolicy, Webhook } from '../../src/core/types.ts'
import type { ValueSealer } from '../../src/core/vault.ts'
import { Upstreams } from '../../src/outbound/network/upstreams.ts'
import { firstSecret, WebhookSecrets } from '../../src/outbound/webhooks/secrets.ts'
import { WebhookSender } from '../../src/outbound/webhooks/sender.ts'
import { newSigningKey } from '../../src/outbound/webhooks/signing.ts'
import { open, seal } from '../../src/vault/seal.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** One attempt over a real socket: what the network allows, and what a receiver can do to us. */

const NEAR: NetworkPolicy = { allow_private: true, allow_http: true }
const key = createSecretKey(randomBytes(32))
const sealer: ValueSealer = {
  seal: (plain, place) => seal(key, 'test', plain, place),
  open: (sealed, place) => open(key, sealed, place),
}
const secrets = new WebhookSecrets(sealer)
const message = { id: 'event-1', body: '{"type":"key.created"}' }

let receiver: Upstream
let withTls: Upstream
beforeAll(async () => {
  receiver = await startUpstream()
  withTls = await startUpstream({ tls: true })
})
afterAll(async () => {
  await receiver.stop()
  await withTls.stop()
})

const opened: Upstreams[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((upstreams) => upstreams.close()))
})

async function send(url: string, network: NetworkPolicy = NEAR, more: { ms?: number; resolve?: LookupFunction } = {}) {
  const upstreams = new Upstreams(() => [{ address: '127.0.0.1', port: 8700 }], more.resolve)
  opened.push(upstreams)
  const at = '2026-01-01T00:00:00.000Z'
  const webhook: Webhook = {
    ...{ id: 'w1', name: 'w1', url, types: ['*'], network, created_by: null },
    ...{ state: 'active', state_reason: null, state_since: at, created_at: at, updated_at: at },
  }
  const sealed = secrets.seal(webhook, firstSecret(newSigningKey()))
  return new WebhookSender(upstreams, secrets, more.ms).send({ webhook, sealed }, message, new Date())
}

const resolving =
  (address: string): LookupFunction =>
  (_, options, callback) =>
    options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)

describe('the network of a webhook (D9)', () => {
  const refused = { ok: false, status: null, detail: expect.stringContaining('may not reach') }

  it('private addresses are refused where it does not allow them, whatever their notation', async () => {
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      expect(await send(`https://${host}:${receiver.port}/`, {}), host).toMatchObject(refused)
    }
    expect(receiver.requests).toEqual([])
  })
  it('so are names that turned private since the webhook was made', async () => {
    const resolve = resolving('127.0.0.1')
    expect(await send(`https://hooks.example.org:${withTls.port}/`, {}, { resolve })).toMatchObject(refused)
    expect(withTls.requests).toEqual([])
  })
  it.each([
    ['plain http without allow_http', () => `http://127.0.0.1:${receiver.port}/`, { allow_private: true }],
    ['other private addresses than those allowed', () => receiver.url, { ...NEAR, allow_private: ['10.0.0.0/8'] }],
    ['metadata, always', () => 'http://169.254.169.254/', NEAR],
    ['Octroi itself, always', () => 'http://127.0.0.1:8700/', NEAR],
  ])('refused: %s', async (_, url, network) => {
    expect(await send(url(), network)).toMatchObject(refused)
  })
  it('a certificate is verified, against its own authority where one is given', async () => {
    const unknown = await send(withTls.url, { allow_private: true })
    expect(unknown).toMatchObject({ ok: false, detail: expect.stringContaining('certificate of the receiver') })
    expect(await send(withTls.url, { allow_private: true, ca: withTls.ca })).toMatchObject({ ok: true, status: 200 })
  })
})

describe('the receiver', () => {
  it('is not followed where it redirects to', async () => {
    receiver.on('/moved', ({ response }) => response.writeHead(307, { Location: '/elsewhere' }).end())
    expect(await send(`${receiver.url}/moved`)).toMatchObject({ ok: false, status: 307, gone: false })
    expect(receiver.requests.map(({ url }) => url)).not.toContain('/elsewhere')
  })
  it.each([
    [200, true],
    [202, true],
    [204, true],
    [299, true],
    [400, false],
    [401, false],
    [404, false],
    [503, false],
  ])('%s: ok is %s', async (status, ok) => {
    receiver.on('/answers', ({ response }) => response.writeHead(status).end())
    expect(await send(`${receiver.url}/answers`)).toMatchObject({ ok, status, gone: false })
  })
  it('wants nothing more with 410', async () => {
    expect(await send(`${receiver.url}/status/410`)).toMatchObject({ ok: false, gone: true, status: 410 })
  })
  it('may ask for later', async () => {
    receiver.on('/later', ({ response }) => response.writeHead(429, { 'Retry-After': '30' }).end())
    expect((await send(`${receiver.url}/later`)).retryAfterMs).toBe(30_000)
  })
  it('is given up when it does not answer in time', async () => {
    const attempt = await send(`${receiver.url}/never`, NEAR, { ms: 100 })
    expect(attempt).toMatchObject({ ok: false, status: null, detail: 'The receiver did not answer in time.' })
  })
  it('cannot send without end: its answer is cut off, and its status stands', async () => {
    let wrote = 0
    const closed = Promise.withResolvers<void>()
    receiver.on('/endless', ({ response }) => {
      response.once('close', closed.resolve)
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_024))) wrote++
      }
      response.on('drain', more)
      more()
    })
    expect(await send(`${receiver.url}/endless`)).toMatchObject({ ok: true, status: 200 })
    await closed.promise
    // What the buffers of the two sockets take is sent; nothing is read of it.
    expect(wrote).toBeLessThan(20_000)
  })
  it('that cuts the connection has not answered', async () => {
    const attempt = await send(`${receiver.url}/reset`)
    expect(attempt).toMatchObject({ ok: false, status: null, detail: expect.stringContaining('closed the connection') })
  })
  it('sees nothing of us but the message, its headers and a name', async () => {
    await send(`${receiver.url}/seen`)
    const seen = receiver.requests.findLast(({ url }) => url === '/seen')
    const names = seen?.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
    const ours = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
    expect(names?.sort()).toEqual([...ours, 'connection', 'content-length', 'host'].sort())
    expect([seen?.body.toString(), seen?.header('user-agent')]).toEqual([message.body, 'Octroi'])
  })
})
