import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { NEAR } from '../gateway/scene.ts'
import { headerOf } from '../support/loopback.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** A token endpoint that says anything at all: the caller learns that there is no token, the log learns no secret. */

const SECRET = 'canary-client-secret-z9'
const TOKEN = 'canary-access-token-x8'

type Say = (response: ServerResponse) => unknown
const JSON_TYPE = { 'content-type': 'application/json' }
const json = (text: string, status = 200, headers: Record<string, string> = {}): Say => {
  return (response) => response.writeHead(status, { ...JSON_TYPE, ...headers }).end(text)
}
const given = (more: string) => json(`{"access_token":"${TOKEN}","token_type":"Bearer"${more}}`)

/** Answers that hold no token that could be used. */
const USELESS: Record<string, Say> = {
  'a page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${SECRET} ${TOKEN}</p>`),
  nothing: json(''),
  null: json('null'),
  'a list': json(`["${TOKEN}"]`),
  'no JSON': given(',"expires_in":NaN'),
  'a compressed answer nobody asked for': (response) => {
    const body = gzipSync(`{"access_token":"${TOKEN}"}`)
    response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(body)
  },
  'a token with a line break': json(`{"access_token":"${TOKEN}\\r\\nX-Evil: 1"}`),
  'a token outside ASCII': json(`{"access_token":"${TOKEN}é"}`),
  'an object for a token': json(`{"access_token":{"value":"${TOKEN}"}}`),
  'a token of the prototype': json(`{"__proto__":{"access_token":"${TOKEN}"},"constructor":{"access_token":"x"}}`),
  'an empty token': json('{"access_token":""}'),
  'ten megabytes': (response) => {
    response.writeHead(200, JSON_TYPE)
    const block = `"${'x'.repeat(1024 * 1024)}",`
    response.on('error', () => undefined)
    for (let i = 0; i < 10; i++) response.write(block)
    response.end()
  },
  'half an answer': (response) => {
    response.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write(`{"access_token":"${TOKEN}`)
    setTimeout(() => response.destroy(), 50)
  },
  'a header of another alphabet': (response) => {
    response.socket?.end(`HTTP/1.1 503 No\r\nX-Note: \u2192 ${TOKEN}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  },
  'an error that repeats the secret': json(`{"error":"${SECRET}","error_description":"${SECRET}"}`, 500),
  'a redirect': json('{}', 307, { location: '/steal' }),
  'a redirect for good': json('{}', 308, { location: '/steal' }),
}

/** Answers with a token, and an end that is none. */
const USEFUL: Record<string, Say> = {
  'an endless life': given(',"expires_in":1e308'),
  'a life that is over': given(',"expires_in":-1'),
  'no number': given(',"expires_in":"abc"'),
  'an end in the past': given(',"expires_at":"1970-01-01T00:00:00Z"'),
  'an end no clock reaches': given(',"expires_at":99999999999999999'),
  'the same name twice': given(`,"access_token":"${TOKEN}"`),
  'a byte order mark': json(`\ufeff{"access_token":"${TOKEN}"}`),
  'a header of another alphabet, and a token': (response) => {
    const body = `{"access_token":"${TOKEN}"}`
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Note: \u2192\r\nContent-Length: ${body.length}`
    response.socket?.end(`${head}\r\nConnection: close\r\n\r\n${body}`)
  },
}

const all = Object.entries({ ...USELESS, ...USEFUL })
let gate: ChildGate
let upstream: Upstream
let key = ''
let said = ''

async function api(method: string, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${gate.adminKey}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const answer = await fetch(`${gate.url}/api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
  const text = await answer.text()
  said += `${JSON.stringify([...answer.headers])} ${text}\n`
  return { status: answer.status, body: JSON.parse(text) }
}

async function call(id: string, init: RequestInit = {}) {
  const answer = await fetch(`${gate.url}/proxy/${id}/status/200`, { headers: { 'api-key': key }, ...init })
  const text = await answer.text()
  // The service repeats what it was sent.
  said += `${JSON.stringify([...answer.headers])} ${answer.headers.has('octroi-error') ? text : ''}\n`
  return answer
}

beforeAll(async () => {
  upstream = await startUpstream()
  gate = await startChildGate({ OCTROI_LOG_LEVEL: 'trace' })
  for (const [i, [, say]] of all.entries()) {
    upstream.on(`/token/${i}`, ({ response }) => say(response))
    const settings = { base_url: upstream.url, token_url: `${upstream.url}/token/${i}` }
    const secrets = { client_id: 'client', client_secret: SECRET }
    const body = { id: `svc-${i}`, connector: 'generic-oauth2-cc', settings, secrets, network: NEAR }
    expect((await api('POST', '/connections', body)).status).toBe(201)
  }
  const grants = [{ connector: 'generic-oauth2-cc', tags: {}, allow: ['* /**'] }]
  const made = await api('POST', '/keys', { name: 'a program', grants })
  key = made.body.key
  said = ''
})
afterAll(async () => {
  await gate.stop()
  await gate.remove()
  await upstream.stop()
})

const idOf = (what: string) => `svc-${all.findIndex(([name]) => name === what)}`

describe('what a token endpoint may say', () => {
  it.each(Object.keys(USELESS))('502 and no call: %s', async (what) => {
    const id = idOf(what)
    const answer = await call(id)
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([502, 'upstream_unreachable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(upstream.requests.map(({ url }) => url)).not.toContain('/steal')
    const asked = await api('POST', `/connections/${id}/refresh`)
    expect([asked.status, asked.body.code]).toEqual([502, 'upstream_unreachable'])
    expect((await api('GET', `/connections/${id}`)).body).toMatchObject({
      state: 'degraded',
      token: { renew_at: expect.any(String) },
    })
    await api('POST', `/connections/${id}/test`, {})
  })

  it.each(Object.keys(USEFUL))('200 with the token: %s', async (what) => {
    const before = upstream.requests.length
    expect((await call(idOf(what))).status).toBe(200)
    expect((await call(idOf(what))).status).toBe(200)
    // Tokens of new connections are fetched ahead of the first call.
    const calls = upstream.requests.slice(before).filter(({ url }) => url === '/status/200')
    expect(calls.map(({ rawHeaders }) => headerOf(rawHeaders, 'authorization'))).toEqual([
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
    ])
  })

  it('no secret and no token in an answer, an event, the trail, the metrics or the log', async () => {
    for (const path of ['/events?limit=500', '/audit?limit=500', '/connections?limit=200']) await api('GET', path)
    const metrics = await fetch(`${gate.url}/metrics`, { headers: { authorization: `Bearer ${gate.adminKey}` } })
    said += await metrics.text()
    const log = gate.output().toString()
    expect([said.includes('degraded'), log.length > 1000]).toEqual([true, true])
    const basic = Buffer.from(`client:${SECRET}`).toString('base64')
    for (const word of [SECRET, TOKEN, basic])
      for (const [where, text] of [['answers', said] as const, ['log', log] as const])
        expect([where, word, text.includes(word)]).toEqual([where, word, false])
  })
})
