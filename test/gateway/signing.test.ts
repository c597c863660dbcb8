import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RecordedRequest } from '../support/loopback.ts'
import { ask, NEAR, type Scene, sentHeaders, startScene } from './scene.ts'

/** A scheme that signs each request by what is in it, through a whole gate: the service computes the signature for itself. */

const CONNECTOR = `id: signed
name: Signed
docs: https://acme.example
scheme: hmac
settings:
  base_url: { title: Address, format: url }
base_url: \${settings.base_url}
hmac:
  key: "\${secrets.secret}"
  canonical: [method, target, nonce, { header: X-Mark }, body_hash]
  separator: "|"
  nonce: hex
  body_hash: { algorithm: sha256, encoding: hex, empty: hash }
  apply:
    - { header: X-Nonce, value: "\${nonce}" }
    - { header: X-Signature, value: "\${signature}" }
test: GET /status/200
`

let folder = ''
let scene: Scene
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octroi-signed-'))
  await writeFile(join(folder, 'signed.yaml'), CONNECTOR)
  const connection = { connector: 'signed', secrets: { secret: 'golden' }, network: NEAR }
  scene = await startScene(connection, { env: { OCTROI_CONNECTORS: folder } })
})
afterEach(async () => {
  await scene.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What the service would compute of what it was sent. */
function expected({ method, url, rawHeaders, body }: RecordedRequest, secret = 'golden'): string {
  const headers = sentHeaders(rawHeaders)
  const hash = createHash('sha256').update(body).digest('hex')
  const text = [method, url, headers['x-nonce']?.[0] ?? '', headers['x-mark']?.[0] ?? '', hash].join('|')
  return createHmac('sha256', secret).update(text).digest('hex')
}

function expectSigned(request: RecordedRequest, secret?: string): void {
  expect(sentHeaders(request.rawHeaders)['x-signature']).toEqual([expected(request, secret)])
}

const sent = () => scene.upstream.requests.at(-1) as RecordedRequest

describe('signing each request', () => {
  it.each([
    ['GET', '/echo?b=2&a=%C3%A9&a=1', undefined],
    ['HEAD', '/status/200', undefined],
    ['DELETE', '/echo', undefined],
    ['POST', '/echo', '{"amount":12}'],
    ['PUT', '/echo?x', 'y'.repeat(300_000)],
  ])('%s %s arrives with the signature of what arrived', async (method, path, body) => {
    const { status } = await ask(scene, path, { method, body: body ?? null, headers: { 'X-Mark': 'm 1' } })
    expect(status).toBe(200)
    expectSigned(sent())
    expect(sent().body.toString()).toBe(body ?? '')
  })

  it('a body of unknown length is read whole, signed, and sent with its length', async () => {
    const stream = Readable.toWeb(Readable.from(['one,', 'two,', 'three'])) as ReadableStream
    const { status } = await ask(scene, '/echo', { method: 'POST', body: stream, duplex: 'half' } as RequestInit)
    expect([status, sent().body.toString()]).toEqual([200, 'one,two,three'])
    expectSigned(sent())
    expect(sent().header('content-length')).toBe('13')
    expect(sent().header('transfer-encoding')).toBeUndefined()
  })

  it('D17 what the caller sends in its place is dropped, and each request has a nonce of its own', async () => {
    const headers = { 'X-Signature': 'mine', 'x-nonce': 'mine' }
    const nonces = new Set<string>()
    for (let i = 0; i < 4; i++) {
      expect((await ask(scene, '/echo', { headers })).status).toBe(200)
      expectSigned(sent())
      nonces.add(sentHeaders(sent().rawHeaders)['x-nonce']?.join() ?? '')
    }
    expect(nonces.size).toBe(4)
    expect([...nonces].every((nonce) => /^[0-9a-f]{32}$/.test(nonce))).toBe(true)
  })

  it('413 for more than is held in memory, before anything is sent', async () => {
    const body = Buffer.alloc(16 * 1024 * 1024 + 1)
    const before = scene.upstream.requests.length
    const { status, code } = await ask(scene, '/echo', { method: 'POST', body })
    expect([status, code]).toEqual([413, 'payload_too_large'])
    expect(scene.upstream.requests.length).toBe(before)
  })

  it('C-05 the next secrets sign the call anew, body and all, when the service is done with the current ones', async () => {
    scene.upstream.on('/guarded', ({ recorded, response }) => {
      const isGood = sentHeaders(recorded.rawHeaders)['x-signature']?.[0] === expected(recorded, 'newer')
      response.writeHead(isGood ? 200 : 401).end()
    })
    await scene.gate.api('PUT', '/connections/svc/next', { secrets: { secret: 'newer' } })
    const { status } = await ask(scene, '/guarded', { method: 'POST', body: 'z'.repeat(100_000) })
    expect(status).toBe(200)
    const [first, second] = scene.upstream.requests.slice(-2) as [RecordedRequest, RecordedRequest]
    expectSigned(first)
    expectSigned(second, 'newer')
    expect([first.bytes, second.bytes]).toEqual([100_000, 100_000])
  })

  it('a kept-alive socket that closes costs a second attempt, signed anew', async () => {
    for (let i = 0; i < 5; i++) expect((await ask(scene, '/close-after')).status).toBe(200)
    for (const request of scene.upstream.requests) expectSigned(request)
  })

  it('400 for a parameter of the call that the scheme does not have', async () => {
    const { status, code } = await ask(scene, '/echo', { headers: { 'Octroi-Param-Company': '1' } })
    expect([status, code]).toEqual([400, 'invalid_request'])
  })

  it('the test of the connection is signed as well', async () => {
    expect((await scene.gate.api('POST', '/connections/svc/test')).body).toMatchObject({ ok: true, status: 200 })
    expectSigned(sent())
  })
})
