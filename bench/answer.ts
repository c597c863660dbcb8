import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from './processes.ts'

export type Headers = Readonly<Record<string, string>>

export function requestText(path: string, headers: Headers = {}): string {
  const lines = Object.entries({ Host: '127.0.0.1', Connection: 'close', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** The status of one answer over a new connection, 0 when there was none. A raw socket: fetch costs milliseconds at first use. */
function status(port: number, text: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text))
    const give = (value: number) => {
      socket.destroy()
      resolve(value)
    }
    socket.setTimeout(5_000, () => give(0))
    socket.setEncoding('latin1').once('data', (answer) => give(Number(String(answer).slice(9, 12))))
    socket.once('error', () => give(0))
    socket.once('close', () => resolve(0))
  })
}

/**
 * Asks every millisecond until the answer is 200.
 * @throws when the process ends before, or after `limit` ms; with the end of what it wrote.
 */
export async function untilAnswer(
  server: Running,
  port: number,
  path: string,
  headers: Headers = {},
  limit = 30_000,
): Promise<void> {
  const text = requestText(path, headers)
  const end = performance.now() + limit
  let last = 0
  while (performance.now() < end && !server.ended()) {
    last = await status(port, text)
    if (last === 200) return
    await sleep(1)
  }
  const reason = server.ended() ? 'ended' : `did not answer 200 within ${limit / 1000} s (last status ${last})`
  throw new Error(`${server.name} ${reason} at ${path}\n${server.tail()}`)
}
