import { request } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClientPair, clientAuthority } from '../support/client_certificates.ts'
import { testCertificate } from '../support/upstream_tls.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'
import { headersSeen, identity } from './seen.ts'

/** A program that comes with a certificate: the proxy verifies it, the gate knows whose it is. */
export function describeCertificates(start: Start): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(start)
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  /** The status, or that there was no answer. */
  function call(path: string, pair?: ClientPair, headers: Record<string, string> = {}): Promise<number | 'closed'> {
    const where = { host: '127.0.0.1', port: scene.proxy.tlsPort, path, headers: { host: HOST, ...headers } }
    const tls = { ca: testCertificate().ca, servername: HOST, checkServerIdentity: () => undefined, ...pair }
    return new Promise((resolve) => {
      const sent = request({ ...where, ...tls, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode as number))
      })
      sent.once('error', () => resolve('closed'))
      sent.end()
    })
  }

  describe('mtls', () => {
    it('200 with the certificate of an account, which is who calls', async () => {
      expect(await call('/machines/1', scene.clients.issue('Reports/O=Example'))).toBe(200)
      expect(identity(scene)).toMatchObject({ 'Octroi-Subject': 'crm', 'Octroi-Kind': 'service' })
      expect(headersSeen(scene).toLowerCase()).not.toContain('x-client-subject')
    })

    it('the application is told that the request came over HTTPS', async () => {
      expect(await call('/machines/1', scene.clients.issue('Reports/O=Example'))).toBe(200)
      expect(scene.application.seen[0]?.header('x-forwarded-proto')).toBe('https')
    })

    it('401 with the certificate of nobody', async () => {
      expect(await call('/machines/1', scene.clients.issue('Nobody/O=Example'))).toBe(401)
      expect(scene.application.seen).toEqual([])
    })

    it('401 without a certificate, whatever the caller says of one', async () => {
      expect(await call('/machines/1')).toBe(401)
      for (const name of ['X-Client-Subject', 'X_Client_Subject', 'x-client-subject'])
        expect([400, 401]).toContain(await call('/machines/1', undefined, { [name]: 'O=Example,CN=Reports' }))
      expect(scene.application.seen).toEqual([])
    })

    it('a certificate with the same name by another authority does not pass', async () => {
      const forged = clientAuthority('Clients').issue('Reports/O=Example')
      expect(['closed', 400, 401]).toContain(await call('/machines/1', forged))
      expect(scene.application.seen).toEqual([])
    })

    it('401 with a name that only looks like that of an account', async () => {
      const odd = scene.clients.issue('Till,O=Example')
      expect(await call('/machines/1', odd)).toBe(401)
      expect(scene.application.seen).toEqual([])
    })
  })
}
