import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { createClient, type ItemOf, type OctroiClient, type Output } from '../../src/client/index.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'

let gate: TestGate
let paheko: Paheko
let octroi: OctroiClient

beforeAll(async () => {
  ;[gate, paheko] = await Promise.all([startTestGate(), startPaheko()])
  octroi = createClient({ url: gate.url, key: gate.adminKey })
  const { username, password } = PAHEKO_WRITER
  await octroi.post('/connections', {
    body: {
      connector: 'paheko',
      settings: { base_url: paheko.url },
      secrets: { username, password },
      network: { allow_private: true, allow_http: true },
    },
  })
})

afterAll(() => Promise.all([gate?.stop(), paheko?.stop()]))

describe('the typed client', () => {
  it('makes, reads, changes and deletes, with the answer of each', async () => {
    const made = await octroi.post('/accounts', { body: { kind: 'service', name: 'Till' } })
    expect(made).toMatchObject({ id: 'till', kind: 'service' })
    expect(await octroi.get('/accounts/{id}', { params: { id: 'till' } })).toEqual(made)
    const changed = await octroi.patch('/accounts/{id}', { params: { id: 'till' }, body: { name: 'Till 2' } })
    expect(changed.name).toBe('Till 2')
    expect(await octroi.delete('/accounts/{id}', { params: { id: 'till' } })).toBeUndefined()
  })

  it('fails with OctroiApiError: status, code, detail, the faults by field, the request id', async () => {
    const error = await octroi.post('/keys', { body: { name: '', account: 'x'.repeat(99) } }).catch((e: unknown) => e)
    expect(error).toMatchObject({ name: 'OctroiApiError', status: 400, code: 'invalid_request' })
    expect(error).toMatchObject({
      errors: expect.arrayContaining([{ path: 'name', message: 'must not be empty' }]),
      requestId: expect.stringMatching(/^[0-9a-f]+$/),
    })
    await expect(octroi.get('/keys/{id}', { params: { id: 'nobody' } })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('reads every page of a list', async () => {
    for (let i = 0; i < 5; i++) await octroi.post('/accounts', { body: { kind: 'service', name: `page ${i}` } })
    const names: string[] = []
    for await (const account of octroi.pages('/accounts', { query: { limit: 2 } })) names.push(account.name)
    expect(names.filter((name) => name.startsWith('page'))).toHaveLength(5)
  })

  it('calls through the proxy like fetch, and never leaves the connection', async () => {
    const made = await octroi.post('/keys', {
      body: { name: 'reader', grants: [{ connection: 'paheko', allow: ['accounting-read'] }] },
    })
    const call = createClient({ url: gate.url, key: made.key }).proxy('paheko')
    const answer = await call('/api/accounting/years', { headers: { authorization: 'Bearer other' } })
    expect(answer.status).toBe(200)
    expect((await call('api/user/1')).headers.get('octroi-error')).toBe('not_granted')
    for (const path of ['/../../api/v1/keys', '..', '/%2e%2e/other/x', '/..\\..\\x', 'a/../../b']) {
      await expect(call(path), path).rejects.toThrow('leads out of the connection')
    }
    expect(() => octroi.proxy('..')).toThrow('must be an id')
  })

  it('an id never becomes another path', async () => {
    await expect(octroi.get('/keys/{id}', { params: { id: '..' } })).rejects.toThrow('params.id must be an id')
    await expect(octroi.get('/keys/{id}', { params: { id: '../accounts' } })).rejects.toMatchObject({
      status: expect.toSatisfy((status) => status === 400 || status === 404),
    })
  })

  it('refuses an address with user info, query or fragment', () => {
    for (const url of ['http://u:p@x', 'http://x/?a', 'http://x/#a', 'ftp://x', 'nonsense']) {
      expect(() => createClient({ url, key: 'k' })).toThrow(TypeError)
    }
  })
})

describe('what is not Octroi', () => {
  let server: Server
  let url: string

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url?.endsWith('/status')) return void response.end('<!doctype html>')
      if (request.url?.endsWith('/keys')) return void response.writeHead(302, { location: 'http://elsewhere/' }).end()
      if (request.url?.endsWith('/accounts')) return void response.writeHead(502, { 'retry-after': '7' }).end('bad')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('unexpected_answer for a page, a redirect and a bare 502', async () => {
    const client = createClient({ url: `${url}/sub/`, key: 'k' })
    await expect(client.get('/status')).rejects.toMatchObject({ status: 200, code: 'unexpected_answer' })
    await expect(client.get('/keys')).rejects.toMatchObject({ status: 302, code: 'unexpected_answer' })
    await expect(client.get('/accounts')).rejects.toMatchObject({ code: 'unexpected_answer', retryAfter: 7 })
  })

  it('timed_out after the time that was given; the caller’s own signal keeps its own reason', async () => {
    const client = createClient({ url, key: 'k', timeout: 50 })
    await expect(client.get('/events')).rejects.toMatchObject({ status: 0, code: 'timed_out' })
    await expect(client.get('/events', { signal: AbortSignal.abort(new Error('mine')) })).rejects.toThrow('mine')
  })

  it('unreachable where nothing listens', async () => {
    const client = createClient({ url: 'http://127.0.0.1:1', key: 'k' })
    await expect(client.get('/status')).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  })
})

describe('the types follow the declarations', () => {
  it('of answers, of bodies and of what may be left out', () => {
    expectTypeOf<Output<'POST', '/keys'>>().toHaveProperty('key').toEqualTypeOf<string>()
    expectTypeOf<Output<'DELETE', '/keys/{id}'>>().toEqualTypeOf<undefined>()
    expectTypeOf<ItemOf<'/keys'>['state']>().toEqualTypeOf<'active' | 'disabled' | 'expired' | 'revoked'>()
    // Never called: it only has to compile, or not to.
    const typed = (client: OctroiClient) => [
      client.get('/status'),
      client.get('/keys'),
      client.get('/keys', { query: { account: 'a' } }),
      client.post('/connections/{id}/test', { params: { id: 'a' } }),
      client.post('/connections/{id}/test', { params: { id: 'a' }, body: { which: 'next' } }),
      // @ts-expect-error there is no such path
      client.get('/kees'),
      // @ts-expect-error another method's path
      client.delete('/status'),
      // @ts-expect-error the id is missing
      client.get('/keys/{id}'),
      // @ts-expect-error the body is missing
      client.post('/keys'),
      // @ts-expect-error not a field of a key
      client.post('/keys', { body: { name: 'a', grant: [] } }),
      // @ts-expect-error not a list
      client.pages('/status'),
    ]
    expectTypeOf(typed).toBeFunction()
  })
})
