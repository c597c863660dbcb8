import { connect } from 'node:http2'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testCertificate } from '../support/upstream_tls.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'
import { headersSeen, identity } from './seen.ts'

type Headers = Record<string, string | string[]>

/** The same over HTTP/2, which has other places for host and path, and sends cookies in pieces (RFC 9113 §8.2.3, §8.3.1). */
export function describeHttp2(start: Start): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  /** The status, or that there was no answer. */
  function call(headers: Headers): Promise<number | 'closed'> {
    const tls = { ca: testCertificate().ca, servername: HOST, checkServerIdentity: () => undefined }
    const session = connect(`https://127.0.0.1:${scene.proxy.tlsPort}`, tls)
    return new Promise<number | 'closed'>((resolve) => {
      session.once('error', () => resolve('closed'))
      const stream = session.request({ ':authority': HOST, ':scheme': 'https', ...headers })
      stream.once('response', (answer) => resolve(answer[':status'] as number))
      stream.once('error', () => resolve('closed'))
      stream.once('close', () => resolve('closed'))
      stream.resume().end()
    }).finally(() => session.destroy())
  }

  describe('HTTP/2', () => {
    it('200 with a key, which stays at the gate', async () => {
      expect(await call({ ':path': '/orders/1?q=1', 'api-key': scene.keys.crm })).toBe(200)
      expect([scene.application.seen[0]?.url, scene.application.seen[0]?.header('host')]).toEqual([
        '/orders/1?q=1',
        HOST,
      ])
      expect(identity(scene)).toMatchObject({ 'Octroi-Subject': 'crm' })
      expect(headersSeen(scene)).not.toContain(scene.keys.crm)
    })

    it('401 without one, whoever the caller says he is', async () => {
      expect(await call({ ':path': '/orders/1', 'octroi-subject': 'crm', 'x-forwarded-uri': '/public/page' })).toBe(401)
      expect(scene.application.seen).toEqual([])
    })

    it('D2: of a session that came in pieces nothing arrives', async () => {
      expect(await call({ ':path': '/public/page', cookie: ['a=1', '__Host-octroi_session=s3cret', 'b=2'] })).toBe(200)
      expect(headersSeen(scene)).not.toContain('s3cret')
      expect(headersSeen(scene)).toContain('a=1')
    })

    it.each([
      '/public/../admin/page',
      '/public/%2e%2e/admin/page',
      '//admin/page',
      '/public\\..\\admin/page',
      '/admin/page',
    ])('T10: %s does not reach what is closed', async (path) => {
      const status = await call({ ':path': path, 'api-key': scene.keys.crm })
      if (status !== 'closed') expect(status).toBeGreaterThanOrEqual(400)
      expect(scene.application.seen).toEqual([])
    })

    it.each([
      { ':authority': 'other.example.org' },
      { ':authority': 'other.example.org', host: HOST },
      { ':authority': HOST, host: 'other.example.org' },
      { ':authority': `other.example.org@${HOST}` },
    ])('T11: the application sees the host that was decided on: %o', async (headers) => {
      await call({ ':path': '/public/page', ...headers })
      for (const { header } of scene.application.seen) expect(header('host')).toBe(HOST)
    })

    it.each(['octroi_subject', 'remote_user', 'x_forwarded_user'])('T2: %s does not arrive', async (name) => {
      await call({ ':path': '/public/page', [name]: 'mallory' })
      expect(JSON.stringify(scene.application.seen)).not.toContain('mallory')
    })
  })
}
