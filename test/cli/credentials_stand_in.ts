import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CredentialsAnswer {
  readonly secrets?: Readonly<Record<string, string>>
  /** Milliseconds from when it is asked. */
  readonly endsIn?: number
  /** An answer of the gate's own instead. */
  readonly code?: string
}

export interface CredentialsStandIn {
  readonly url: string
  readonly asked: readonly string[]
  stop(): Promise<void>
}

/** `GET /api/v1/connections/{id}/credentials` and nothing else: for each connection one answer after the other, the last one again and again. */
export async function startCredentials(
  answers: Readonly<Record<string, readonly CredentialsAnswer[]>>,
): Promise<CredentialsStandIn> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const id = /^\/api\/v1\/connections\/([^/]+)\/credentials$/.exec(request.url ?? '')?.[1] ?? ''
    const list = answers[id] ?? [{ code: 'not_found' }]
    const {
      secrets = {},
      endsIn,
      code,
    } = list[Math.min(asked.filter((one) => one === id).length, list.length - 1)] as CredentialsAnswer
    asked.push(id)
    const problem = { code, detail: `The connection ${id} is in trouble.` }
    const expires_at = endsIn === undefined ? null : new Date(Date.now() + endsIn).toISOString()
    response
      .writeHead(code === undefined ? 200 : 502, { 'content-type': 'application/json' })
      .end(JSON.stringify(code === undefined ? { secrets, expires_at } : problem))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
