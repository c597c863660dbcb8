import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw_http.ts'
import { codeOf, type ForwardScene, HOST, startForwardScene } from './scene.ts'

/** Over one connection: what proxies keep open, what they send along, and what a preflight is. */

let scene: ForwardScene
let key: string
beforeAll(async () => {
  scene = await startForwardScene()
  key = (await scene.key()).key
  await scene.route({ allow: { authenticated: true }, cors: { origins: ['https://page.example'] } })
})
afterAll(() => scene.stop())

const lines = (more: readonly string[] = [], first = 'GET /forward-auth HTTP/1.1', secret = key) =>
  `${[
    first,
    'Host: octroi.internal',
    'X-Forwarded-Method: GET',
    `X-Forwarded-Host: ${HOST}`,
    'X-Forwarded-Uri: /x',
    `API-KEY: ${secret}`,
    ...more,
  ].join('\r\n')}\r\n\r\n`

/** Statuses of the answers that come back over one socket for what is written to it, one after the other. */
async function statuses(...requests: readonly string[]): Promise<string[]> {
  const socket: Socket = connect(scene.gate.port, '127.0.0.1')
  const found: string[] = []
  try {
    for (const request of requests) {
      socket.write(request)
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      found.push(chunk.toString('latin1', 9, 12))
    }
  } finally {
    socket.destroy()
  }
  return found
}

describe('keep-alive', () => {
  it('one connection carries passes and refusals in turn', async () => {
    const wrong = lines([], undefined, 'nobody-has-this-key-at-all')
    expect(await statuses(lines(), wrong, lines(), lines(['X-Original-Host: other']), lines())).toEqual([
      '200',
      '401',
      '200',
      '400',
      '200',
    ])
  })
  it('a body that comes along is thrown away, and the connection is used again', async () => {
    const body = 'x'.repeat(1_000)
    const posted = `${lines([`Content-Length: ${body.length}`], 'POST /forward-auth HTTP/1.1')}${body}`
    const wrong = `${lines(['Content-Length: 4'], 'POST /forward-auth HTTP/1.1', 'nobody-has-this-key')}GET `
    expect(await statuses(posted, lines(), wrong, lines())).toEqual(['200', '200', '401', '200'])
  })
  it.each([
    ['a body of no stated length', 'Transfer-Encoding: chunked'],
    ['a long body', 'Content-Length: 10000000'],
    ['a caller who waits for a 100', 'Content-Length: 5\r\nExpect: 100-continue'],
  ])('%s is not waited for: an answer, no 100, and the connection ends', async (_, header) => {
    const answer = await rawRequest(scene.gate.port, lines([header], 'POST /forward-auth HTTP/1.1'))
    expect([codeOf(answer), answer.interim, answer.header('connection')]).toEqual(['200 passed', [], 'close'])
  })
  it('HEAD is answered like GET, without a body', async () => {
    const passed = await rawRequest(scene.gate.port, lines([], 'HEAD /forward-auth HTTP/1.1'))
    expect([codeOf(passed), passed.header('octroi-kind')]).toEqual(['200 passed', 'key'])
    const refused = await rawRequest(scene.gate.port, lines([], 'HEAD /forward-auth HTTP/1.1', 'nobody-has-this-key'))
    expect([codeOf(refused), refused.body.length]).toEqual(['401 unauthenticated', 0])
    expect(await statuses(lines([], 'HEAD /forward-auth HTTP/1.1'), lines())).toEqual(['200', '200'])
  })
  it('a proxy may ask by any method: that of the original request decides', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const answer = await rawRequest(scene.gate.port, lines([], `${method} /forward-auth HTTP/1.1`))
      expect([method, codeOf(answer)]).toEqual([method, '200 passed'])
    }
  })
})

describe('CORS preflight', () => {
  const preflight = (headers: readonly string[], method = 'OPTIONS') => scene.ask({ method, headers })
  const PAGE = ['Origin', 'https://page.example', 'Access-Control-Request-Method', 'PUT']

  it('200 without a credential and without an identity, from an origin of the route', async () => {
    const answer = await preflight(PAGE)
    expect([codeOf(answer), answer.header('octroi-subject')]).toEqual(['200 passed', ''])
    expect(codeOf(await preflight([...PAGE, 'API-KEY', 'of-the-application-itself']))).toBe('200 passed')
  })
  it.each<[string, readonly string[], string?]>([
    ['another origin', ['Origin', 'https://evil.example', 'Access-Control-Request-Method', 'PUT']],
    ['an origin that begins alike', ['Origin', 'https://page.example.evil', 'Access-Control-Request-Method', 'PUT']],
    ['no origin', ['Access-Control-Request-Method', 'PUT']],
    ['no method that is asked for', ['Origin', 'https://page.example']],
    ['another method than OPTIONS', PAGE, 'PUT'],
  ])('401 like any request with %s', async (_, headers, method) => {
    expect(codeOf(await preflight(headers, method))).toBe('401 unauthenticated')
  })
  it('the route is that of the request to come', async () => {
    await scene.route({ host: 'b.example', methods: ['GET'], cors: { origins: ['https://page.example'] } })
    await scene.route({ host: 'b.example', methods: ['DELETE'] })
    const asked = (method: string) =>
      scene.ask({
        host: 'b.example',
        method: 'OPTIONS',
        headers: ['Origin', 'https://page.example', 'Access-Control-Request-Method', method],
      })
    expect(codeOf(await asked('GET'))).toBe('200 passed')
    expect(codeOf(await asked('DELETE'))).toBe('403 not_granted')
    expect(codeOf(await asked('PATCH'))).toBe('403 not_granted')
  })
})
