import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawLines } from '../support/raw_http.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'
import { headersSeen, IDENTITY, identity, outcome } from './seen.ts'

const FORWARDED = ['For', 'Proto', 'Host', 'Uri', 'Method', 'Port', 'Prefix', 'Server', 'Ssl', 'Scheme']
const USER = ['User', 'Email', 'Groups', 'Preferred-Username', 'Access-Token']
const TRUST = [...FORWARDED, ...USER].map((name) => `X-Forwarded-${name}`)
const ORIGINAL = [
  'X-Original-URL',
  'X-Original-URI',
  'X-Original-Host',
  'X-Original-Method',
  'X-Rewrite-URL',
  'Forwarded',
]
const REMOTE = ['Remote-User', 'Remote-Email', 'Remote-Groups', 'Remote-Name']
const BELIEVED = [...REMOTE, 'X-Remote-User', 'X-Remote-Email', 'X-Remote-Groups', 'X-Real-IP']
const OTHERS = [...USER.map((name) => `X-Auth-Request-${name}`), 'X-Client-Subject', 'Octroi-Trace']
const OVERRIDES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']
const ALL = [...IDENTITY, ...TRUST, ...ORIGINAL, ...BELIEVED, ...OTHERS, ...OVERRIDES]
const ALIASES = [...IDENTITY, ...TRUST, ...BELIEVED, ...OTHERS, 'API-KEY', 'X-API-Key', 'X-Original-URL'].flatMap(
  (name) => [name.replaceAll('-', '_'), name.replace('-', '_').toLowerCase()],
)

/** What a caller says of himself decides nothing, and does not reach the application. */
export function describeSpoofs(start: Start): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  describe('T5, D17: headers that an application believes', () => {
    it.each(ALL)('T5: %s of the caller does not reach it: anonymous, and with a key', async (name) => {
      await scene.ask('GET /public/page', `${name}: mallory`)
      await scene.ask('GET /orders/1', `${name}: mallory`, `API-KEY: ${scene.keys.crm}`)
      expect(scene.application.seen).toHaveLength(2)
      expect(headersSeen(scene)).not.toContain('mallory')
    })

    it.each(ALIASES)('T2: nor does %s', async (name) => {
      const answer = await scene.ask('GET /public/page', `${name}: mallory`)
      if (answer.status === 200) expect(headersSeen(scene)).not.toContain('mallory')
      else expect(outcome(answer, scene)).toEqual([400, 'invalid_request', 0])
    })

    it('T2: a key in API_KEY is none', async () => {
      const answer = await scene.ask('GET /orders/1', `API_KEY: ${scene.keys.crm}`)
      expect([400, 401]).toContain(answer.status)
      expect(scene.application.seen).toHaveLength(0)
    })

    it.each(['Connection: close, Octroi-Subject, Octroi-Assertion', 'Connection: Octroi-Subject, Octroi-Assertion'])(
      'T4: %s takes nothing from who calls',
      async (line) => {
        await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.crm}`, line)
        expect(identity(scene)).toMatchObject({ 'Octroi-Subject': 'crm', 'Octroi-Assertion': expect.any(String) })
        expect(headersSeen(scene)).not.toContain('Octroi-Subject, Octroi-Assertion')
      },
    )
  })

  describe('T1: headers that the gate believes', () => {
    it.each([
      ['X-Forwarded-Uri: /public/page'],
      ['X-Forwarded-Method: OPTIONS'],
      ['X-Original-URL: /public/page'],
      ['X-Original-URI: /public/page'],
      ['X-Rewrite-URL: /public/page'],
      ['Forwarded: for=127.0.0.1;host=app.example.org'],
    ])('T1: %s does not open what is closed', async (line) => {
      const answer = await scene.ask('GET /admin/page', line)
      expect(outcome(answer, scene)).toEqual([401, 'unauthenticated', 0])
    })

    it('T1: X-Forwarded-For does not move a caller into the network of a key', async () => {
      const answer = await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.elsewhere}`, 'X-Forwarded-For: 10.9.8.7')
      expect(answer.status).toBe(403)
      expect(scene.application.seen).toHaveLength(0)
    })

    it('T3: of two API-KEY headers the application sees none, and a wrong one beside a right one passes nothing on', async () => {
      const answer = await scene.ask('GET /orders/1', `API-KEY: ${scene.keys.other}`, `API-KEY: ${scene.keys.crm}`)
      expect([400, 401, 403]).toContain(answer.status)
      expect(scene.application.seen).toHaveLength(0)
    })

    it('the query of the caller says nothing to the gate', async () => {
      const answer = await scene.ask('GET /public//page?for=nginx')
      expect(outcome(answer, scene)).toEqual([400, 'unsafe_path', 0])
    })
  })

  describe('D2: what is ours stays at the gate', () => {
    it.each([
      ['a=1; b=2'],
      ['octroi_session=s3cret; a=1; b=2'],
      ['a=1; octroi_session=s3cret; b=2'],
      ['a=1; b=2; __Host-octroi_session=s3cret'],
      ['octroi_session=s3cret; __Host-octroi_session=s3cret; a=1; b=2'],
      ['a=1;__Host-octroi_session=s3cret;b=2'],
      ['a=1; OCTROI_session=s3cret; b=2'],
    ])('D2: cookies %j arrive without the session', async (cookies) => {
      await scene.ask('GET /public/page', `Cookie: ${cookies}`)
      const seen = scene.application.seen[0]?.header('cookie')?.split(/; ?/).filter(Boolean)
      expect(seen).toEqual(['a=1', 'b=2'])
    })

    it('D2: nor does one of many, or one in a header of its own, get through', async () => {
      const many = Array.from({ length: 9 }, (_, at) => `octroi_s${at}=s3cret`).join('; ')
      await scene.ask('GET /public/page', `Cookie: ${many}; a=1`)
      await scene.ask('GET /public/page', 'Cookie: a=1', 'Cookie: octroi_session=s3cret')
      await scene.ask('GET /public/page', 'Cookie: __Host-octroi_session=s3cret')
      expect(scene.application.seen).toHaveLength(3)
      expect(headersSeen(scene)).not.toContain('s3cret')
    })

    it.each([
      '/forward-auth',
      '/forward-auth/',
      '/forward-auth/public/page',
      '/forward-auth?for=nginx',
      '/%66orward-auth',
    ])('D2: 404 for %s at the address of Octroi', async (path) => {
      const lines = ['Host: octroi.example.org', `X-Forwarded-Host: ${HOST}`, 'X-Forwarded-Method: GET']
      const more = ['X-Forwarded-Uri: /orders/1', `API-KEY: ${scene.keys.crm}`]
      const answer = await scene.ask(`GET ${path}`, ...lines, ...more)
      expect([answer.status, answer.header('octroi-subject')]).toEqual([404, undefined])
    })

    it.each([
      '//forward-auth',
      '/./forward-auth',
      '/x/../forward-auth',
      '/FORWARD-AUTH',
      '/forward-auth;x',
      '/forward%2dauth',
    ])('D2: %s at the address of Octroi is no way to the gate either', async (path) => {
      const lines = ['Host: octroi.example.org', `X-Forwarded-Host: ${HOST}`, 'X-Forwarded-Method: GET']
      const more = ['X-Forwarded-Uri: /orders/1', `API-KEY: ${scene.keys.crm}`]
      const answer = await scene.ask(`GET ${path}`, ...lines, ...more)
      expect([400, 404, 308]).toContain(answer.status)
      expect(answer.header('octroi-assertion') ?? '').toBe('')
    })

    it('D2: the gate is not asked through the address of the application', async () => {
      const more = [`API-KEY: ${scene.keys.crm}`, 'X-Forwarded-Uri: /orders/1']
      const closed = await scene.ask('GET /forward-auth', ...more)
      expect(outcome(closed, scene)).toEqual([403, 'not_granted', 0])
      // Where nginx itself asks: for others a path of the application, which a route allows here.
      const inner = await scene.ask('GET /.octroi/forward-auth', ...more)
      expect([200, 404]).toContain(inner.status)
      expect(inner.header('octroi-assertion')).toBeUndefined()
      expect(scene.application.seen).toHaveLength(inner.status === 200 ? 1 : 0)
    })

    it.each(['Upgrade: h2c', 'Upgrade: websocket'])('%s opens no tunnel past the gate', async (line) => {
      const settings = ['HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
      const more = ['Connection: Upgrade, HTTP2-Settings', ...settings, 'Sec-WebSocket-Version: 13']
      const answer = await scene.ask('GET /public/page', line, ...more)
      expect(answer.status).toBe(200)
      const [request] = scene.application.seen
      expect([request?.header('upgrade'), request?.header('http2-settings')]).toEqual([undefined, undefined])
    })
  })

  it('each request on a connection is asked about: a good key does not serve the next one', async () => {
    const socket = connect(scene.proxy.port, '127.0.0.1')
    const head = (line: string, ...lines: string[]) => rawLines(`${line} HTTP/1.1`, `Host: ${HOST}`, ...lines)
    socket.write(head('GET /orders/1', `API-KEY: ${scene.keys.crm}`))
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 /)
    socket.write(head('GET /orders/2'))
    let second = ''
    while (!second.includes('HTTP/1.1 ')) second += String(((await once(socket, 'data')) as [Buffer])[0])
    expect(second.slice(second.indexOf('HTTP/1.1 '))).toMatch(/^HTTP\/1\.1 401 /)
    expect(scene.application.seen.map(({ url }) => url)).toEqual(['/orders/1'])
    socket.destroy()
  })
}
