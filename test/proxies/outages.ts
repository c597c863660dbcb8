import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { clientAuthority } from '../support/client_certificates.ts'
import { listen } from '../support/loopback.ts'
import { type Application, startApplication } from './application.ts'
import type { RunningProxy } from './proxy.ts'
import { ask, type Start, startScene } from './scene.ts'
import { IDENTITY } from './seen.ts'

/** Our own trouble is a 5xx to the caller: never 401 or 403, and never a way in. */
export function describeOutages(start: Start): void {
  const ended: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end()
  })

  it('5xx while the gate is down, and 200 again when it is back', async () => {
    const scene = await startScene(start)
    ended.push(() => scene.stop())
    const call = (path: string) => scene.ask(`GET ${path}`, `API-KEY: ${scene.keys.crm}`)
    expect((await call('/orders/1')).status).toBe(200)
    scene.application.seen.splice(0)
    await scene.gate.pause()
    const paths = ['/orders/1', '/public/page', '/admin/page', '/once']
    const answers = await Promise.all([...paths.map(call), scene.ask('GET /orders/1')])
    for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(500)
    expect(scene.application.seen).toEqual([])
    await scene.gate.resume()
    expect((await call('/orders/1')).status).toBe(200)
  })

  describe('in place of the gate', () => {
    let application: Application
    let proxy: RunningProxy

    async function instead(gate: Server): Promise<void> {
      gate.on('connection', (socket: Socket) => socket.on('error', () => undefined))
      const loopback = await listen(gate)
      application = await startApplication()
      ended.push(loopback.down, application.stop)
      const { ca } = clientAuthority('Clients')
      proxy = await start({ gatePort: loopback.port, applicationPort: application.port, clients: ca, patience: 1 })
      ended.push(proxy.stop)
    }

    async function expectTrouble(): Promise<void> {
      const paths = ['/public/page', '/orders/1']
      const answers = await Promise.all(paths.map((path) => ask(proxy.port, `GET ${path}`, ['API-KEY: k'])))
      for (const answer of answers) {
        expect(answer.status).toBeGreaterThanOrEqual(500)
        expect(answer.header('octroi-error')).not.toBe('forged')
      }
      expect(application.seen).toEqual([])
    }

    it('it gets what it needs of the caller', async () => {
      const lines = ['Authorization: a0', 'API-KEY: a1', 'X-API-Key: a2', 'Cookie: a3=1', 'Origin: a4', 'Accept: a5']
      const preflight = ['Access-Control-Request-Method: a6', 'Access-Control-Request-Headers: a7']
      const got: string[][] = []
      await instead(
        createHttpServer((request, response) => {
          got.push(request.rawHeaders)
          response.end()
        }),
      )
      await ask(proxy.port, 'POST /x', [
        ...lines,
        ...preflight,
        'Sec-Fetch-Mode: a8',
        'Octroi-Trace: a9',
        'Content-Length: 2',
        '',
        'ok',
      ])
      expect(got).toHaveLength(1)
      for (let i = 0; i < 10; i++) expect(got[0]?.filter((text) => text.startsWith(`a${i}`))).toHaveLength(1)
      expect(String(got).toLowerCase()).not.toMatch(/content-length,[^0]|transfer-encoding/)
    })

    it('many checks go over few connections', async () => {
      let connections = 0
      const blank = Object.fromEntries(IDENTITY.map((name) => [name, '']))
      const headers = { ...blank, 'Content-Length': '0' }
      const gate = createHttpServer((_, response) => void response.writeHead(200, headers).end())
      gate.keepAliveTimeout = 0
      await instead(gate.on('connection', () => connections++))
      for (let i = 0; i < 40; i++) expect((await ask(proxy.port, 'GET /x', [])).status).toBe(200)
      expect(application.seen).toHaveLength(40)
      expect(connections).toBeLessThan(10)
    })

    it('5xx when nobody answers in time', async () => {
      await instead(createServer())
      await expectTrouble()
    })

    it('5xx when the connection is cut', async () => {
      await instead(createServer((socket: Socket) => void socket.once('data', () => socket.destroy())))
      await expectTrouble()
    })

    it('5xx when the answer is no HTTP', async () => {
      await instead(createServer((socket: Socket) => void socket.once('data', () => socket.end('200 OK\r\n\r\n'))))
      await expectTrouble()
    })

    it('5xx when the answer breaks off in its head', async () => {
      const half = 'HTTP/1.1 200 OK\r\nOctroi-Subject: crm\r\nOctr'
      await instead(createServer((socket: Socket) => void socket.once('data', () => socket.end(half))))
      await expectTrouble()
    })

    it.each([500, 502, 503, 504])('5xx when it answers %i', async (status) => {
      const headers = { 'Octroi-Error': 'store_unavailable', 'Octroi-Subject': '', 'Retry-After': '5' }
      await instead(createHttpServer((_, response) => void response.writeHead(status, headers).end('{}')))
      await expectTrouble()
    })
  })
}
