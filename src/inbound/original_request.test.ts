import { describe, expect, it } from 'vitest'
import { originalRequest } from './original_request.ts'
import { readHead } from './request_head.ts'

/** Headers as `Name: value` lines. */
function asked(lines: readonly string[], appended: { method: string; uri: string } | null = null) {
  const raw = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return originalRequest(readHead(raw), appended)
}

const FORWARDED = ['X-Forwarded-Method: POST', 'X-Forwarded-Host: a.example', 'X-Forwarded-Uri: /x?y=1']
const ORIGINAL = ['X-Original-Method: POST', 'X-Original-URL: https://a.example/x?y=1']
const without = (name: string, lines = FORWARDED) => lines.filter((line) => !line.startsWith(`${name}:`))

describe('the original request', () => {
  const read = { method: 'POST', host: 'a.example', path: '/x', uri: '/x?y=1', scheme: null }
  it.each<[string, readonly string[], object]>([
    ['X-Forwarded-Method, -Host, -Uri', FORWARDED, read],
    ['with X-Forwarded-Proto', [...FORWARDED, 'X-Forwarded-Proto: HTTPS'], { ...read, scheme: 'https' }],
    ['wss is https (Traefik)', [...FORWARDED, 'X-Forwarded-Proto: wss'], { ...read, scheme: 'https' }],
    ['ws is http', [...FORWARDED, 'X-Forwarded-Proto: ws'], { ...read, scheme: 'http' }],
    ['X-Original-Method, -URL (nginx)', ORIGINAL, { ...read, scheme: 'https' }],
    [
      'X-Original-URI and -Host',
      ['X-Original-Method: POST', 'X-Original-Host: a.example', 'X-Original-URI: /x?y=1'],
      read,
    ],
    ['both, when they say the same', [...FORWARDED, ...ORIGINAL], { ...read, scheme: 'https' }],
    ['hosts that differ in nothing', [...FORWARDED, 'X-Original-Host: A.Example.:443'], read],
    ['X-Rewrite-URL that says the same', [...FORWARDED, 'X-Rewrite-URL: /x?y=1'], read],
    ['Host says nothing', [...FORWARDED, 'Host: octroi.internal'], read],
  ])('%s', (_, lines, expected) => expect(asked(lines)).toEqual(expected))

  it.each([
    ['A.B.Example.Com', 'a.b.example.com'],
    ['a.example.', 'a.example'],
    ['a.example:8443', 'a.example'],
    ['a.example.:8443', 'a.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['[2001:DB8:0::1]:443', '[2001:db8::1]'],
    ['10.0.0.7:80', '10.0.0.7'],
  ])('the host %s is %s', (given, host) => {
    expect(asked([...without('X-Forwarded-Host'), `X-Forwarded-Host: ${given}`]).host).toBe(host)
  })

  it('Envoy: the path behind ours, and method and host of the check request itself', () => {
    expect(asked(['Host: A.example:8080'], { method: 'PUT', uri: '/x?y' })).toEqual({
      method: 'PUT',
      host: 'a.example',
      path: '/x',
      uri: '/x?y',
      scheme: null,
    })
  })
})

describe('400', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['no method', without('X-Forwarded-Method'), /X-Forwarded-Method/],
    ['no host', [...without('X-Forwarded-Host'), 'Host: a.example'], /X-Forwarded-Host/],
    ['no path', without('X-Forwarded-Uri'), /X-Forwarded-Uri/],
    ['nothing at all', [], /X-Forwarded-Uri/],
    ['another method', [...FORWARDED, 'X-Original-Method: GET'], /contradict/],
    ['another host', [...FORWARDED, 'X-Original-Host: b.example'], /contradict/],
    ['another path', [...FORWARDED, 'X-Original-URI: /z'], /contradict/],
    ['another path in the URL', [...FORWARDED, 'X-Original-URL: https://a.example/z'], /contradict/],
    ['another query', [...FORWARDED, 'X-Original-URI: /x?y=2'], /contradict/],
    ['another host in the URL', [...FORWARDED, 'X-Original-URL: https://b.example/x?y=1'], /contradict/],
    ['another scheme', [...ORIGINAL, 'X-Forwarded-Proto: http'], /contradict/],
    ['another path that frameworks serve', [...FORWARDED, 'X-Rewrite-URL: /admin'], /contradict/],
    ['a scheme that is none', [...FORWARDED, 'X-Forwarded-Proto: https, http'], /X-Forwarded-Proto/],
    ['a scheme of another kind', ['X-Original-URL: file://a.example/x', ORIGINAL[0] as string], /X-Original-URL/],
    ['a URL without a scheme', ['X-Original-URL: /x', ...without('X-Forwarded-Uri')], /X-Original-URL/],
    ['a path that is a URL', [...without('X-Forwarded-Uri'), 'X-Forwarded-Uri: https://b.example/x'], /begin with/],
    ['a path that is *', [...without('X-Forwarded-Uri'), 'X-Forwarded-Uri: *'], /begin with/],
    ['an empty path', [...without('X-Forwarded-Uri'), 'X-Forwarded-Uri:'], /begin with/],
    ['a URL without a path', ['X-Original-Method: GET', 'X-Original-URL: https://a.example'], /begin with/],
    ['user info in the host', ['X-Original-Method: GET', 'X-Original-URL: https://u@a.example/x'], /host/],
  ])('with %s', (_, lines, message) => {
    expect(() => asked(lines)).toThrow(
      expect.objectContaining({ code: 'invalid_request', detail: expect.stringMatching(message) }),
    )
  })
  it.each(['', 'a b', 'a,b', 'a..b', 'a.example/x', 'ä.example', '[::1', '[::g]', 'a.example:port', 'a@b'])(
    'with the host %j',
    (host) => {
      const lines = [...without('X-Forwarded-Host'), `X-Forwarded-Host: ${host}`]
      expect(() => asked(lines)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    },
  )
  it.each<[string, readonly string[]]>([
    ['method', ['X-Forwarded-Method: GET']],
    ['host', ['X-Forwarded-Host: b.example']],
    ['path', ['X-Original-URI: /z']],
  ])('with another %s beside an appended path', (_, lines) => {
    expect(() => asked(['Host: a.example', ...lines], { method: 'PUT', uri: '/x' })).toThrow(/contradict/)
  })
})
