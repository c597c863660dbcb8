import { createHash, createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { ask, type Scene, startScene } from '../gateway/scene.ts'
import { headerOf, type RecordedRequest } from '../support/loopback.ts'

/** Signatures over whole requests, checked against what arrived at the service: nothing may change after signing. */

let scene: Scene
afterEach(() => scene.stop())

const PATH = '/echo/a%20b?b=2&a=%C3%A9+x&a=&key'
const BODY = JSON.stringify({ hello: 'wörld' })
const POST = { method: 'POST', body: BODY, headers: { 'content-type': 'application/json', 'x-signature': 'forged' } }
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

async function arrived(connection: Record<string, unknown>, path: string, init: RequestInit): Promise<RecordedRequest> {
  scene = await startScene(connection)
  expect((await ask(scene, path, init)).status).toBe(200)
  const request = scene.upstream.requests.at(-1) as RecordedRequest
  expect(request.body.toString()).toBe(init.body ?? '')
  return request
}

describe('signed requests behind the gate', () => {
  it('hmac: the service computes the same', async () => {
    const secrets = { key_id: 'k1', secret: 'golden-secret' }
    const { method, rawHeaders, body } = await arrived({ connector: 'generic-hmac', secrets }, PATH, POST)
    const time = headerOf(rawHeaders, 'x-timestamp')
    const canonical = [method, '/echo/a%20b', 'a=&a=%C3%A9%20x&b=2&key=', time, sha256(body)].join('\n')
    const expected = createHmac('sha256', 'golden-secret').update(canonical).digest('hex')
    const sent = rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'x-signature')
    expect(sent).toEqual([expected])
    expect(headerOf(rawHeaders, 'x-api-key')).toBe('k1')
  })

  it('aws_sigv4: the service computes the same', async () => {
    const secrets = { access_key_id: 'AKID', secret_access_key: 'golden-secret' }
    const settings = { service: 'execute-api', region: 'eu-west-3' }
    const connection = { connector: 'generic-aws', secrets, settings }
    const { rawHeaders, body } = await arrived(connection, PATH, POST)
    const time = headerOf(rawHeaders, 'x-amz-date') as string
    const [day, host] = [time.slice(0, 8), headerOf(rawHeaders, 'host')]
    const names = 'content-type;host;x-amz-date'
    const headers = [`content-type:application/json`, `host:${host}`, `x-amz-date:${time}`, '']
    const query = 'a=&a=%C3%A9%20x&b=2&key='
    const canonical = ['POST', '/echo/a%2520b', query, ...headers, names, sha256(body)].join('\n')
    const scope = `${day}/eu-west-3/execute-api/aws4_request`
    const key = scope
      .split('/')
      .reduce((from: string | Buffer, part) => createHmac('sha256', from).update(part).digest(), 'AWS4golden-secret')
    const signature = createHmac('sha256', key)
      .update(['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'))
      .digest('hex')
    expect(headerOf(rawHeaders, 'authorization')).toBe(
      `AWS4-HMAC-SHA256 Credential=AKID/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    )
  })

  it('oauth1: the token that was given signs a form, and the caller’s own parameters do not arrive', async () => {
    const secrets = { consumer_key: 'ck', consumer_secret: 'cs', token: 't', token_secret: 'ts' }
    const form = { method: 'POST', body: 'c=1+2', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const path = '/echo?a=1&oauth_token=forged'
    const { url, rawHeaders } = await arrived({ connector: 'generic-oauth1', secrets }, path, form)
    expect(url).toBe('/echo?a=1')
    const header = headerOf(rawHeaders, 'authorization') as string
    const { oauth_signature = '', ...own } = Object.fromEntries(
      [...header.matchAll(/(oauth_[a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name as string, value as string]),
    )
    const pairs = ['a=1', 'c=1%202', ...Object.entries(own).map(([name, value]) => `${name}=${value}`)].sort()
    const address = `http://${headerOf(rawHeaders, 'host')}/echo`
    const base = ['POST', address, pairs.join('&')].map(encodeURIComponent).join('&')
    expect(decodeURIComponent(oauth_signature)).toBe(createHmac('sha1', 'cs&ts').update(base).digest('base64'))
  })
})
