import type { Server } from 'node:http'
import { ConfigurationError } from '../core/errors.ts'

interface Listener {
  readonly address: string
  readonly port: number
}

/** Throws `ConfigurationError` when the address cannot be had. */
export function listen(server: Server, { address, port }: Listener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new ConfigurationError([`listen: cannot listen on ${hostText({ address, port })} (${error.code}).`], error),
      )
    })
    server.listen({ host: address, port, backlog: 1024 }, resolve)
  })
}

/** A caller that never finishes must not keep the process for ever. */
const DRAIN_MS = 30_000

/** No new connections; answers that began are finished, kept-alive sockets end after the answer that they carry. */
export function drain(server: Server): Promise<void> {
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** "Every address" is none that a link can lead to. */
export function reachable({ address, port }: Listener): Listener {
  return { address: address === '0.0.0.0' || address === '::' ? 'localhost' : address, port }
}

/** As it stands in a URL. */
export function hostText({ address, port }: Listener): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
