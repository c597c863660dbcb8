import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { type Loopback, listen, readBody, record } from './loopback.ts'
import { testCertificate } from './upstream_tls.ts'

export interface SeenRequest {
  readonly path: string
  /** Whose certificate the socket was opened with. */
  readonly client: string
  /** Which socket it came over. */
  readonly socket: number
  readonly body: string
}

export interface MtlsService extends Pick<Loopback, 'down'> {
  readonly url: string
  readonly ca: string
  readonly seen: SeenRequest[]
}

/**
 * A service that lets nobody in without a certificate by `clientCa`: `/token` gives tokens bound to the certificate (RFC 8705 §3),
 * everything else refuses one that comes over the socket of somebody else.
 */
export async function startMtlsService(clientCa: string): Promise<MtlsService> {
  const own = testCertificate()
  const seen: SeenRequest[] = []
  const owners = new Map<string, string>()
  const server = createServer(
    { key: own.key, cert: own.cert, ca: clientCa, requestCert: true, rejectUnauthorized: true },
    async (request, response) => {
      const recorded = record(request)
      await readBody(request, recorded)
      const socket = request.socket as TLSSocket
      const client = String(socket.getPeerCertificate().subject.CN)
      const path = recorded.url.split('?')[0] as string
      seen.push({ path, client, socket: socket.remotePort as number, body: recorded.body.toString() })
      const answer = (status: number, json: object) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json))
      if (path === '/token') {
        const token = `token-${owners.size + 1}`
        owners.set(token, client)
        return answer(200, { access_token: token, expires_in: 3600 })
      }
      const token = recorded.header('authorization')?.replace(/^Bearer /, '') ?? ''
      if (owners.get(token) !== client) return answer(401, { error: 'invalid_token' })
      return answer(200, { account: `account of ${client}` })
    },
  )
  server.on('tlsClientError', () => undefined)
  const loopback = await listen(server)
  return { url: `https://127.0.0.1:${loopback.port}`, ca: own.ca, seen, down: loopback.down }
}
