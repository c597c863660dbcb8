import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, createFetch, type GateFetch } from '../../src/client/index.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** Through a real gate to a service that tells what arrived. */
let gate: TestGate
let service: Server
let origin: string
let key: string
let call: GateFetch
let stopped: Promise<unknown>

const ANSWERS: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  '/v2/echo': (request, response) => void request.pipe(response.writeHead(200, { 'x-method': request.method ?? '' })),
  '/v2/head': (request, response) => void response.end(JSON.stringify(request.headers)),
  '/v2/moved': (_, response) => void response.writeHead(302, { location: 'http://elsewhere.example/' }).end(),
  '/v2/broken': (_, response) => void response.writeHead(500).end('mine'),
  '/v2/forever'(_, response) {
    stopped = once(response, 'close')
    response.writeHead(200).write('begun')
  },
}

beforeAll(async () => {
  service = createServer((request, response) => {
    const answer = ANSWERS[request.url?.split('?')[0] ?? '']
    if (answer === undefined) response.writeHead(404).end(request.url)
    else answer(request, response)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  gate = await startTestGate()
  const octroi = createClient({ url: gate.url, key: gate.adminKey })
  await octroi.post('/connections', {
    body: {
      id: 'acme',
      connector: 'generic-basic',
      settings: { base_url: `${origin}/v2` },
      secrets: { username: 'golden-user', password: 'golden-password' },
      network: { allow_private: true, allow_http: true },
    },
  })
  const grants = [{ connection: 'acme', allow: ['* /echo', 'GET /**'] }]
  key = (await octroi.post('/keys', { body: { name: 'fetcher', grants } })).key
  call = createFetch({ url: gate.url, key, connection: 'acme', service: `${origin}/v2/` })
})
afterAll(async () => {
  await gate?.stop()
  service?.closeAllConnections()
  service?.close()
})

describe('fetch through the gate', () => {
  it('takes a path, an address of the service, a URL and a Request', async () => {
    const inputs = ['/nothing?a=1', 'nothing?a=1', `${origin}/v2/nothing?a=1`, new URL(`${origin}/v2/nothing?a=1`)]
    for (const input of [...inputs, new Request(`${origin}/v2/nothing?a=1`)]) {
      const answer = await call(input)
      expect([answer.status, await answer.text()]).toEqual([404, '/v2/nothing?a=1'])
    }
  })

  it('a TypeError for every other address, and nothing is sent', async () => {
    const past = [
      'https://elsewhere.example/v2/x',
      `${origin}/v1/x`,
      `${origin}/v22`,
      `${origin}/v2/../v1/x`,
      `${origin.replace('//', '//u:p@')}/v2/x`,
      '//elsewhere.example/v2/x',
      '\\\\elsewhere.example/x',
      'file:///etc/passwd',
      '/../../api/v1/keys',
    ]
    const never = createFetch({ url: gate.url, key, connection: 'acme', service: `${origin}/v2`, fetch: forbidden })
    for (const address of past) await expect(never(address), address).rejects.toThrow(TypeError)
    const paths = createFetch({ url: gate.url, key, connection: 'acme', fetch: forbidden })
    await expect(paths(`${origin}/v2/x`)).rejects.toThrow('as "service"')
    expect(() => createFetch({ url: gate.url, key, connection: '..' })).toThrow('must be an id')
    expect(() => createFetch({ url: gate.url, key, connection: 'a', service: 'https://u:p@x' })).toThrow('service must')
  })

  it('credentials that a library sends stay here; the service gets those of the connection', async () => {
    const headers = { authorization: 'Bearer mine', 'X-API-Key': 'mine', 'api-key': 'mine', 'x-mine': 'yes' }
    const seen = await (await call('/head', { headers })).json()
    expect(seen).toMatchObject({ 'x-mine': 'yes', authorization: `Basic ${btoa('golden-user:golden-password')}` })
    expect(JSON.stringify(seen)).not.toContain('"mine"')
  })

  it('a body that is a stream, and that of a Request', async () => {
    const parts = ['one ', 'two ', 'three']
    const stream = new ReadableStream({
      pull(controller) {
        const part = parts.shift()
        if (part === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(part))
      },
    })
    const answer = await call('/echo', { method: 'PUT', body: stream })
    expect([answer.headers.get('x-method'), await answer.text()]).toEqual(['PUT', 'one two three'])
    const request = new Request(`${origin}/v2/echo`, { method: 'POST', body: 'of the request' })
    expect(await (await call(request)).text()).toBe('of the request')
  })

  it('the answer streams, and a signal ends it on both sides', async () => {
    const giveUp = new AbortController()
    const answer = await call('/forever', { signal: giveUp.signal })
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('begun')
    giveUp.abort(new Error('enough'))
    await expect(reader.read()).rejects.toThrow('enough')
    await stopped
  })

  it('a redirect is returned, whatever was asked for', async () => {
    const answer = await call('/moved', { redirect: 'follow' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://elsewhere.example/'])
  })

  it('an answer of the service is returned, one of Octroi is thrown with its code', async () => {
    const broken = await call('/broken')
    expect([broken.status, await broken.text()]).toEqual([500, 'mine'])
    await expect(call('/echo/more', { method: 'DELETE' })).rejects.toMatchObject({
      name: 'OctroiApiError',
      status: 403,
      code: 'not_granted',
    })
    const unknown = createFetch({ url: gate.url, key: 'x'.repeat(40), connection: 'acme' })
    await expect(unknown('/head')).rejects.toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  it('no answer at all fails as fetch fails', async () => {
    const nobody = createFetch({ url: 'http://127.0.0.1:1', key, connection: 'acme' })
    await expect(nobody('/x')).rejects.toThrow(TypeError)
  })
})

const forbidden = () => Promise.reject(new Error('something was sent'))
