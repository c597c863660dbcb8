import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askRaw, connectionTo, keyFor, type Scene, startScene } from '../gateway/scene.ts'
import { type RawResponse, rawRequest } from '../support/raw_http.ts'

let scene: Scene
/** May do what its rules say at `svc`, and nothing at `other`. */
let limited: Pick<Scene, 'gate' | 'key'>
beforeAll(async () => {
  scene = await startScene()
  await connectionTo(scene.gate, scene.upstream.url, { id: 'other' })
  const allow = ['GET /public', 'GET /pub/**', 'GET /doc/{n}', 'GET /files/*.pdf', 'POST /post']
  limited = { gate: scene.gate, key: await keyFor(scene.gate, [{ connection: 'svc', allow }]) }
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

const code = (answer: RawResponse) => answer.header('octroi-error')
const get = (path: string) => askRaw(limited, `GET /proxy/svc${path}`)

/** What common servers make of a path: percent-decoding, dots, slashes, parameters, in their different orders. */
function readings(path: string): string[] {
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }
  const dots = (text: string) => {
    const kept: string[] = []
    for (const part of text.split('/').slice(1)) {
      if (part === '..') kept.pop()
      else if (part !== '.' && part !== '') kept.push(part)
    }
    return `/${kept.join('/')}`
  }
  const once = decode(path)
  const twice = decode(once)
  const plain = [path, once, twice, once.replaceAll('\\', '/'), twice.replaceAll('\\', '/'), once.normalize('NFKC')]
  const all = plain.flatMap((text) => [text, text.replace(/;[^/]*/g, ''), text.replace(/[?#\0].*$/s, '')])
  return all.map(dots)
}

const ALLOWED = /^(?:\/public|\/pub(?:\/.*)?|\/doc\/[0-9]+|\/files\/[^/]*\.pdf)$/su

describe('T10: encoders', () => {
  const encoders = [
    '..',
    '%2e',
    '%2e%2e',
    '%252e%252e',
    '//',
    '/./',
    '/../',
    ';x',
    '..;',
    '\\',
    '%5c',
    '%2f',
    '%2F..%2F',
  ]
  const more = [
    '#',
    '%23',
    '?',
    '%3f',
    '%00',
    '%09',
    '%20',
    '%c0%ae',
    '%c0%af',
    '%E2%80%A5',
    '%EF%BC%8E',
    '%EF%BC%8F',
    '%ff',
    '%',
    '%2',
  ]
  const words = ['pub', 'public', 'doc', '12', 'files', 'a.pdf', 'admin', 'secret']
  const piece = fc.constantFrom(...words, ...encoders, ...more, '/', '/')

  it('T10: what is let through is allowed in every reading of what was sent on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 7 }), async (pieces) => {
        scene.upstream.requests.splice(0)
        const answer = await get(`/${pieces.join('')}`)
        expect([200, 400, 403]).toContain(answer.status)
        const sent = scene.upstream.requests.map(({ url }) => (url.split('?', 1)[0] as string).replace(/(.)\/$/, '$1'))
        expect(sent).toHaveLength(answer.status === 200 ? 1 : 0)
        for (const path of sent) for (const reading of readings(path)) expect(reading).toMatch(ALLOWED)
      }),
      { numRuns: 400 },
    )
  })

  it.each([
    '/pub/../secret',
    '/pub/%2e%2e/secret',
    '/pub/%252e%252e/secret',
    '/pub//../secret',
    '/pub/..;/secret',
    '/pub/..;a=b/secret',
    '/pub/..%2fsecret',
    '/pub/..%5csecret',
    '/pub/\\..\\secret',
    '/pub/%00/../secret',
    '/pub%00',
    '/pub/%c0%ae%c0%ae/secret',
    '/pub/%EF%BC%8E%EF%BC%8E/secret',
    '/pub/%E2%80%A5/secret',
    '/pub/..%EF%BC%8Fsecret',
    '/./public',
    '//public',
    '/pub//x',
    '/pub/%0d%0aX-A:1',
    '/pub/%ff',
    '/pub/%2',
    '/pub/%zz',
    '/pub/a#b',
  ])('T10: 400 unsafe_path at %s', async (path) => {
    const answer = await get(path)
    expect([answer.status, code(answer)]).toEqual([400, 'unsafe_path'])
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('T10: a space or control character in the target is refused by the parser', async () => {
    for (const path of ['/pub/é', '/pub/a b', '/pub/a\tb', '/pub/\x01', '/pub/\x7f'])
      expect((await get(path)).status).toBe(400)
    expect(scene.upstream.requests).toHaveLength(0)
  })
})

describe('T12: a rule matches the path and no more', () => {
  it.each([
    '/publicx',
    '/public/x',
    '/publi',
    '/Public',
    '/PUBLIC',
    '/api?x=/public',
    '/admin?/public',
    '/admin?/../public',
    '/pubx',
    '/doc/12a',
    '/doc/',
    '/doc/-1',
    '/doc/１',
    '/doc/%31a',
    '/files/secret.txt;.pdf',
    '/files/secret.txt%3F.pdf',
    '/files/a/b.pdf',
    '/files/a.pdf/b',
  ])('T12: 403 or 400 at %s', async (path) => {
    const answer = await rawRequest(
      scene.gate.port,
      Buffer.from(`GET /proxy/svc${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${limited.key}\r\n\r\n`),
    )
    expect([400, 403]).toContain(answer.status)
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('T12: "/admin#/public" is refused', async () => {
    expect((await get('/admin#/public')).status).toBe(400)
  })

  it.each(['/public', '/public/', '/public?x=/admin', '/pub', '/pub/', '/pub/a/b', '/doc/%31', '/files/a.pdf'])(
    'T12: 200 at %s',
    async (path) => {
      expect((await get(path)).status).toBe(200)
    },
  )
})

describe('T13: methods', () => {
  it.each(['get', 'Get', 'gET', 'FOO', 'GETT', 'G ET'])('T13: %s is never served', async (method) => {
    expect((await askRaw(limited, `${method} /proxy/svc/public`)).status).toBe(400)
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE', 'SEARCH', 'QUERY', 'LINK', 'M-SEARCH'])(
    'T13: 403 for %s where GET is granted',
    async (method) => {
      const answer = await askRaw(limited, `${method} /proxy/svc/public`, 'Content-Length: 0')
      expect([answer.status, code(answer)]).toEqual([403, 'not_granted'])
      expect(scene.upstream.requests).toHaveLength(0)
    },
  )

  it('T13: HEAD is what GET is, and only that', async () => {
    expect((await askRaw(limited, 'HEAD /proxy/svc/public')).status).toBe(200)
    expect((await askRaw(limited, 'HEAD /proxy/svc/post')).status).toBe(403)
  })

  it.each(['X-Forwarded-Method', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Original-Method'])(
    'T13: %s changes nothing',
    async (name) => {
      expect((await askRaw(limited, 'POST /proxy/svc/public', `${name}: GET`, 'Content-Length: 0')).status).toBe(403)
      expect((await askRaw(limited, 'GET /proxy/svc/public', `${name}: DELETE`)).status).toBe(200)
      expect(scene.upstream.requests.map(({ method }) => method)).toEqual(['GET'])
      expect(JSON.stringify(scene.upstream.requests[0]?.rawHeaders)).not.toContain('DELETE')
    },
  )

  it.each(['CONNECT', 'TRACE'])('T13: 405 for %s, whatever the grants', async (method) => {
    const answer = await askRaw(scene, `${method} ${method === 'CONNECT' ? 'svc:443' : '/proxy/svc/x'}`)
    expect([answer.status, code(answer)]).toEqual([405, 'method_not_allowed'])
    expect(scene.upstream.requests).toHaveLength(0)
  })
})

describe('T14: targets that are none', () => {
  it.each([
    '/proxy/svc/%',
    '/proxy/svc/%zz',
    '/proxy/%73vc/public',
    '/proxy/svc%2Fpublic',
    '/proxy/svc;x/public',
    '/proxy/../proxy/svc/public',
    '/proxy//svc/public',
    '//proxy/svc/public',
    '/proxy/svc\\public',
    '/./proxy/svc/public',
    '/PROXY/svc/public',
    '/proxy/SVC/public',
    '/proxy/svc /public',
    '*',
    'proxy/svc/public',
    'http://svc/public',
    'http://user:pass@127.0.0.1/proxy/svc/public',
    '/api/v1/%zz',
    '/api/v1/keys/%ff',
    '/api/v1/../v1/keys',
    '/%61pi/v1/keys/%2e%2e',
    `/proxy/${'x'.repeat(20_000)}/public`,
  ])('T14: 4xx at %s, nothing is sent upstream', async (target) => {
    for (const key of ['', limited.key]) {
      const answer = await askRaw({ gate: scene.gate, key }, `GET ${target}`)
      expect([400, 401, 403, 404]).toContain(answer.status)
      expect(answer.header('octroi-error')).toBeDefined()
    }
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('T14: one that is not granted and one that does not exist answer alike, whatever the path', async () => {
    for (const path of ['/', '/x', '/a%2fb', '/../x', '//', '/%zz', '/sql', `/${'x'.repeat(3_000)}`]) {
      const [there, nowhere] = [
        await askRaw(limited, `GET /proxy/other${path}`),
        await askRaw(limited, `GET /proxy/ghost${path}`),
      ]
      const told = (answer: RawResponse) => {
        const { request_id: _, ...rest } = JSON.parse(String(answer.body))
        return rest
      }
      expect(told(there)).toEqual(told(nowhere))
      expect(there.status).toBe(403)
    }
  })
})
