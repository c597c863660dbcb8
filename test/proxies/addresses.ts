import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keyFor } from '../gateway/scene.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'

const OCTROI = 'octroi.example.org'
/** An address of this machine that is no trusted proxy. */
const OUTSIDE = '127.0.0.2'

/** Whose address counts, and what the proxy in front of Octroi itself does not let through. */
export function describeAddresses(start: Start): void {
  let scene: Scene
  let bound: string
  beforeAll(async () => {
    scene = await startScene(start)
    bound = await keyFor(scene.gate, [], { account: 'crm', cidrs: [`${OUTSIDE}/32`] })
    const network = { allow_private: true, allow_http: true }
    const settings = { base_url: `http://127.0.0.1:${scene.application.port}` }
    const service = { connector: 'generic-basic', settings, secrets: { username: 'u', password: 'p' }, network }
    await scene.gate.api('POST', '/connections', { id: 'service', ...service })
    await scene.gate.api('PATCH', '/accounts/crm', { grants: [{ connection: 'service', allow: ['GET /**'] }] })
  })
  afterAll(() => scene?.stop())
  beforeEach(() => void scene.application.seen.splice(0))

  function call(port: number, path: string, from: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, localAddress: from, headers, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode as number))
      })
      sent.once('error', reject).end()
    })
  }

  describe.each([
    ['the application', HOST, '/orders/1'],
    ['Octroi', OCTROI, '/api/v1/keys/self'],
  ])('at the address of %s', (_, host, path) => {
    const ask = (from: string, more = {}) => call(scene.proxy.port, path, from, { host, 'api-key': bound, ...more })

    it('200 for a key from the address that it is bound to', async () => {
      expect(await ask(OUTSIDE)).toBe(200)
    })

    it.each([{}, { 'X-Forwarded-For': OUTSIDE }, { 'X-Real-IP': OUTSIDE }, { Forwarded: `for=${OUTSIDE}` }])(
      'T1: 403 from another one, with %o',
      async (spoof) => {
        expect(await ask('127.0.0.1', spoof)).toBe(403)
        expect(scene.application.seen).toEqual([])
      },
    )
  })

  it('D2: a caller of Octroi cannot name a certificate', async () => {
    const named = { 'X-Client-Subject': 'O=Example,CN=Reports' }
    // The gate believes the proxy, so the proxy has to take it away.
    expect(await call(scene.gate.port, '/proxy/service/x', '127.0.0.1', named)).toBe(200)
    expect(await call(scene.proxy.port, '/proxy/service/x', '127.0.0.1', { host: OCTROI, ...named })).toBe(401)
    expect(scene.application.seen).toHaveLength(1)
  })
}
