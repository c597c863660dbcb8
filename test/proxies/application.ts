import { createServer } from 'node:http'
import { listen, type RecordedRequest, readBody, record } from '../support/loopback.ts'

/** What stands behind the proxy: remembers what reached it, and claims of its answers that the gate gave them. */
export interface Application {
  readonly port: number
  readonly seen: RecordedRequest[]
  stop(): Promise<void>
}

export async function startApplication(): Promise<Application> {
  const seen: RecordedRequest[] = []
  const server = createServer(async (request, response) => {
    const recorded = record(request)
    seen.push(recorded)
    await readBody(request, recorded)
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Octroi-Error': 'forged' }).end('the application')
  })
  const loopback = await listen(server)
  return { port: loopback.port, seen, stop: loopback.down }
}
