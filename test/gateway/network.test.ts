import { createServer as createTlsServer } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Loopback, listen } from '../support/loopback.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type Certificate, selfSigned } from './certificates.ts'
import { startChildGate } from './child.ts'
import { ask, connectionTo, keyFor, PASSWORD, type Scene, startScene, USER } from './scene.ts'

let scene: Scene
let secure: Upstream
const services: Loopback[] = []
beforeAll(async () => {
  scene = await startScene()
  secure = await startUpstream({ tls: true })
})
afterAll(async () => {
  for (const service of services) await service.down()
  await secure.stop()
  await scene.stop()
})

let heard = 0
async function serve({ key, cert }: Certificate): Promise<Loopback> {
  const server = createTlsServer({ key, cert }, (_, response) => {
    heard++
    response.end('reached')
  })
  server.on('tlsClientError', () => undefined)
  const service = await listen(server)
  services.push(service)
  return service
}

let count = 0
async function callTo(baseUrl: string, network: Record<string, unknown>) {
  const id = `tls${++count}`
  await connectionTo(scene.gate, baseUrl, { id, network: { allow_private: true, ...network } })
  const key = await keyFor(scene.gate, [{ connection: id, allow: ['* /**'] }])
  return ask({ gate: scene.gate, key }, `/proxy/${id}/x`)
}

const LONG_AGO = ['20200101000000Z', '20200201000000Z'] as const
const FOR_LONG = ['20200101000000Z', '20490101000000Z'] as const

describe('TLS to the service', () => {
  it.each(['localhost', '127.0.0.1'])('200 with the authority that the connection names, at %s', async (host) => {
    expect((await callTo(`https://${host}:${secure.port}`, { ca: secure.ca })).status).toBe(200)
  })

  it('502 upstream_unreachable without it: the public authorities do not know the certificate', async () => {
    const answer = await callTo(secure.url, {})
    expect([answer.status, answer.code]).toEqual([502, 'upstream_unreachable'])
    expect(answer.json.detail).toContain('certificate')
  })

  it('502 with another authority', async () => {
    const other = selfSigned('DNS:localhost', ...FOR_LONG)
    expect((await callTo(secure.url, { ca: other.cert })).code).toBe('upstream_unreachable')
  })

  it.each([
    ['self-signed', 'DNS:localhost,IP:127.0.0.1', FOR_LONG, false],
    ['expired, though named as its own authority', 'DNS:localhost,IP:127.0.0.1', LONG_AGO, true],
    ['of another name, though named as its own authority', 'DNS:other.example', FOR_LONG, true],
  ] as const)(
    '502 with a certificate that is %s; no byte of the request is sent',
    async (_, names, [from, to], own) => {
      const certificate = selfSigned(names, from, to)
      const service = await serve(certificate)
      const before = heard
      const answer = await callTo(`https://127.0.0.1:${service.port}`, own ? { ca: certificate.cert } : {})
      expect([answer.status, answer.code, heard]).toEqual([502, 'upstream_unreachable', before])
    },
  )

  it('the authority of one connection vouches for no other at the same address (D12)', async () => {
    expect((await callTo(secure.url, { ca: secure.ca })).status).toBe(200)
    expect((await callTo(secure.url, {})).code).toBe('upstream_unreachable')
    expect((await callTo(secure.url, { ca: secure.ca })).status).toBe(200)
  })

  it('NODE_TLS_REJECT_UNAUTHORIZED=0 and NODE_EXTRA_CA_CERTS do not switch verification off', async () => {
    const service = await serve(selfSigned('DNS:localhost,IP:127.0.0.1', ...FOR_LONG))
    const before = heard
    const child = await startChildGate({ NODE_TLS_REJECT_UNAUTHORIZED: '0', OCTROI_LOG_LEVEL: 'silent' })
    const api = (path: string, body: unknown) =>
      fetch(`${child.url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${child.adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await api('/connections', {
      id: 'svc',
      connector: 'generic-basic',
      settings: { base_url: `https://127.0.0.1:${service.port}` },
      secrets: { username: USER, password: PASSWORD },
      network: { allow_private: true },
    })
    const made = await api('/keys', { name: 'k', grants: [{ connection: 'svc', allow: ['GET /**'] }] })
    const { key } = (await made.json()) as { key: string }
    const answer = await fetch(`${child.url}/proxy/svc/`, { headers: { authorization: `Bearer ${key}` } })
    expect([answer.status, answer.headers.get('octroi-error'), heard]).toEqual([502, 'upstream_unreachable', before])
    await child.stop()
    await child.remove()
  })
})
