import { Agent, request } from 'node:http'
import type { TestGate } from '../support/gate.ts'

/** Makes `count` calls with `parallel` at a time on kept-alive sockets; returns how often each status came. */
export async function callOften(
  gate: TestGate,
  key: string,
  path: string,
  count: number,
  parallel: number,
): Promise<ReadonlyMap<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel })
  const statuses = new Map<number, number>()
  let left = count
  const worker = async () => {
    while (left-- > 0) {
      const status = await callOnce(agent, gate.port, path, key)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  agent.destroy()
  return statuses
}

function callOnce(agent: Agent, port: number, path: string, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` }
    const call = request({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode as number))
    })
    call.on('error', reject).end()
  })
}

/** How many finished calls the audit trail holds for a connection, read page by page as a user would. */
export async function recordedCalls(gate: TestGate, connection: string): Promise<number> {
  let count = 0
  for (let cursor = ''; ; ) {
    const page = await gate.api('GET', `/audit?limit=200&connection=${connection}${cursor}`)
    count += page.body.items.filter((line: { action: string }) => line.action === 'proxy').length
    if (page.body.next_cursor === null) return count
    cursor = `&cursor=${page.body.next_cursor}`
  }
}

/** A gate's connection to an upstream of loopback, and a key that may GET everything there. */
export async function openPassage(
  gate: TestGate,
  url: string,
): Promise<{ readonly key: string; readonly keyId: string }> {
  const connection = await gate.api('POST', '/connections', {
    id: 'up',
    connector: 'generic-basic',
    settings: { base_url: url },
    secrets: { username: 'u', password: 'p' },
    network: { allow_private: true, allow_http: true },
  })
  if (connection.status !== 201) throw new Error(JSON.stringify(connection.body))
  const { body } = await gate.api('POST', '/keys', { name: 'soak', grants: [{ connection: 'up', allow: ['GET /**'] }] })
  return { key: body.key, keyId: body.id }
}
