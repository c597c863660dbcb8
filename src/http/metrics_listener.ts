import { createServer, type Server } from 'node:http'
import type { Listener } from '../outbound/network/egress.ts'
import type { Metrics } from './metrics.ts'

/** `/metrics` without a key, for a collector on the same machine. */
export function serveMetrics(metrics: Metrics, { address, port }: Listener): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    const { type, text } = await metrics.exposition()
    response.writeHead(200, { 'Content-Type': type }).end(text)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port }, () => resolve(server))
  })
}
