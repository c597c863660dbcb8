import { posix } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { canonicalHost } from '../../src/inbound/host.ts'
import { normalisePath } from '../../src/policy/path.ts'
import { RawHttpError, type RawResponse } from '../support/raw_http.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'

/** Where the caller of these tests may go; `/admin` is closed to him, and everything else has no route. */
const OPEN = /^\/(public|orders)(\/|$)/

const TABLE = [
  '/public/../admin/page',
  '/public/%2e%2e/admin/page',
  '/public/%2E./admin/page',
  '/public/.%2e/admin/page',
  '/public/%252e%252e/admin/page',
  '/public/..;/admin/page',
  '/public/..;x=1/admin/page',
  '/public/%2e%2e;/admin/page',
  '/public/..%2fadmin/page',
  '/public%2f..%2fadmin/page',
  '/public/..%5cadmin/page',
  '/public\\..\\admin\\page',
  '/public/..\\admin/page',
  '/public/%5c../admin/page',
  '/public//../admin/page',
  '/public/./../admin/page',
  '/public/x/../../admin/page',
  '//admin/page',
  '///admin/page',
  '/./admin/page',
  '/;/admin/page',
  '/;x/admin/page',
  '/admin;x/page',
  '/admin;/page',
  '/%61dmin/page',
  '/%2561dmin/page',
  '/ADMIN/page',
  '/admin%20/page',
  '/admin./page',
  '/admin%00/page',
  '/public%00/../admin/page',
  '/public/#/../../admin/page',
  '/admin/page#/../public',
  '/admin/page?/../../public',
  '/admin/page?x=/public/',
  '/admin%3f/../public/page',
  '/admin%23/../public/page',
  '/public?/../admin/page',
  '/public/%c0%ae%c0%ae/admin/page',
  '/public/%ef%bc%8e%ef%bc%8e/admin/page',
  '/public/%e3%80%82%e3%80%82/admin/page',
  '/public/..%e2%80%8b/admin/page',
  '/public/..%09/admin/page',
  '/public/..\t/admin/page',
  '/public/%u002e%u002e/admin/page',
  '/publicx/page',
  '/public/../../../../admin/page',
  '/public/%2e%2e%2fadmin',
  '/public/..%2F..%2Fadmin',
  '/public/~/../admin',
  '/orders/../admin/page',
  '/admin',
  '/admin/',
  'admin/page',
  '*',
  '?/admin/page',
  'http://app.example.org/admin/page',
  'http://app.example.org/public/page',
  'http://app.example.org/public/../admin/page',
  'http://app.example.org//admin/page',
  'http://app.example.org\\admin/page',
]

const PIECES = [
  ...['public', 'orders', 'admin', '%61dmin', 'ADMIN', 'page', 'x', '', '.', '..', '...'],
  ...['%2e', '%2e%2e', '.%2E', '%252e%252e', '..;', '..;a=b', ';', ';x', 'admin;x', '%3b', '%2f', '..%2f', '%252f'],
  ...['\\', '..\\', '%5c', '..%5c', '#', '%23', '?', '%3f', '%00', '..%00', '%09', '%20', '..%20', '%c0%ae%c0%ae', '%'],
  ...['%ef%bc%8e%ef%bc%8e', '%ef%bc%8f', '%e2%80%8b', '..%e2%80%8b', '~', ':', '@', 'a=b&c', '\u00e9', '%c3%a9'],
]

/** The path as servers of several kinds read it; none of them may see what the caller may not have. */
function readingsOf(target: string): string[] {
  const [raw = ''] = target.split(/[?#]/)
  const once = decoded(raw)
  const twice = decoded(once)
  const bare = raw.replace(/;[^/]*/g, '')
  const windows = once.replaceAll('\\', '/').replace(/[. \0]+(?=\/|$)/g, (end) => (/^\.\.?$/.test(end) ? end : ''))
  return [new URL(raw, 'http://application').pathname, once, twice, decoded(bare), windows].map((path) =>
    posix.normalize(path),
  )
}

function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** T10: the application is never reached at a path, a host or by a method that nobody allowed. */
export function describePathGames(start: Start): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  /** What came back; nothing where the proxy only closed. */
  async function tryTo(line: string, ...lines: string[]): Promise<RawResponse | undefined> {
    try {
      return await scene.ask(line, `API-KEY: ${scene.keys.crm}`, ...lines)
    } catch (error) {
      if (error instanceof RawHttpError && error.received.length === 0) return undefined
      throw error
    }
  }

  function expectNothingClosed(): void {
    for (const { url, method, rawHeaders, header } of scene.application.seen) {
      const shown = `${method} ${url} ${JSON.stringify(rawHeaders)}`
      expect(normalisePath(url.split('?')[0] as string), shown).toMatch(OPEN)
      for (const reading of readingsOf(url)) expect(reading, shown).toMatch(OPEN)
      expect(canonicalHost(header('host') ?? '').replace(/:\d+$/, ''), shown).toBe(HOST)
      expect(['GET', 'HEAD', 'POST'], shown).toContain(method)
    }
  }

  it.each(TABLE)('T10: %j does not reach what is closed', async (target) => {
    const answer = await tryTo(`GET ${target}`)
    expectNothingClosed()
    if (scene.application.seen.length === 0 && answer !== undefined) expect(answer.status).toBeGreaterThanOrEqual(300)
  })

  it('T10: nor does anything made of such pieces', async () => {
    const target = fc
      .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 })
      .chain((pieces) =>
        fc.constantFrom(`/public/${pieces.join('/')}`, `/${pieces.join('/')}`, `/public${pieces.join('')}`),
      )
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        scene.application.seen.splice(0)
        await tryTo(`GET ${path}`)
        expectNothingClosed()
      }),
      { numRuns: 250, examples: [['/public/page'], ['/orders/%7e1']] },
    )
  })

  it('what is open is reached, as it was written', async () => {
    for (const target of ['/public/page', '/public/%61', '/orders/a%20b;c=d/~e?x=../%2e#y'])
      await tryTo(`GET ${target.split('#')[0]}`)
    expect(scene.application.seen.map(({ url }) => url)).toEqual([
      '/public/page',
      '/public/%61',
      '/orders/a%20b;c=d/~e?x=../%2e',
    ])
  })

  it.each([['get'], ['Get'], ['post'], ['DELETE'], ['TRACE'], ['CONNECT'], ['GETX'], ['PROPFIND'], ['M-SEARCH']])(
    'T13: %s on a route of GET and POST does not pass',
    async (method) => {
      const answer = await tryTo(`${method} /orders/1`)
      expect(scene.application.seen).toEqual([])
      if (answer !== undefined) expect(answer.status).toBeGreaterThanOrEqual(400)
    },
  )

  it.each([
    ['GET /public/page', 'Host: other.example.org'],
    ['GET /public/page', 'Host: app.example.org.evil.example'],
    ['GET /public/page', 'Host: evil@app.example.org'],
    ['GET /public/page', 'Host: app.example.org/public'],
    ['GET /public/page', 'Host: other.example.org', 'Host: app.example.org'],
    ['GET /public/page', 'Host: app.example.org', 'Host: other.example.org'],
    ['GET /public/page', 'Host: other.example.org', 'X-Forwarded-Host: app.example.org'],
    ['GET http://other.example.org/public/page', 'Host: app.example.org'],
    ['GET http://app.example.org/public/page', 'Host: other.example.org'],
    ['GET http://app.example.org@other.example.org/public/page', 'Host: app.example.org'],
    ['GET /public/page', 'Host:'],
    ['GET /public/page', 'Host: APP.example.org'],
    ['GET /public/page', 'Host: app.example.org.'],
    ['GET /public/page', 'Host: app.example.org:1234'],
  ])('T11: the host that was decided on is the one that the application sees: %s, %s', async (...lines) => {
    await tryTo(lines[0] as string, ...lines.slice(1))
    expectNothingClosed()
  })
}
