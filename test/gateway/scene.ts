import { connect, type Socket } from 'node:net'
import { vi } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from '../support/upstream.ts'

export const USER = 'octroi'
export const PASSWORD = 'upstream-password'
/** What the service must see of the connection that `connectionTo` makes. */
export const SIGNED = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`

export const NEAR = { allow_private: true, allow_http: true }

/** A gate, a service behind it, the connection `svc` and a key that may do everything there. */
export interface Scene {
  readonly gate: TestGate
  readonly upstream: Upstream
  readonly key: string
  stop(): Promise<void>
}

export async function startScene(
  connection: Record<string, unknown> = {},
  options: { env?: Record<string, string>; upstream?: UpstreamOptions } = {},
): Promise<Scene> {
  const upstream = await startUpstream(options.upstream)
  const gate = await startTestGate(options.env)
  await connectionTo(gate, upstream.url, connection)
  const key = await keyFor(gate, [{ connection: 'svc', allow: ['* /**'] }])
  return {
    gate,
    upstream,
    key,
    async stop() {
      await upstream.stop()
      await gate.stop()
    },
  }
}

export async function connectionTo(
  gate: TestGate,
  baseUrl: string,
  more: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const { settings = {}, ...rest } = more as { settings?: Record<string, string> }
  const answer = await gate.api('POST', '/connections', {
    id: 'svc',
    connector: 'generic-basic',
    secrets: { username: USER, password: PASSWORD },
    network: NEAR,
    ...rest,
    settings: { base_url: baseUrl, ...settings },
  })
  if (answer.status !== 201) throw new Error(`no connection: ${JSON.stringify(answer.body)}`)
  return answer.body
}

export async function keyFor(gate: TestGate, grants: unknown, more: Record<string, unknown> = {}): Promise<string> {
  return (await keyWithId(gate, grants, more)).key
}

export async function keyWithId(
  gate: TestGate,
  grants: unknown,
  more: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  const answer = await gate.api('POST', '/keys', { name: 'a program', grants, ...more })
  if (answer.status !== 201) throw new Error(`no key: ${JSON.stringify(answer.body)}`)
  return answer.body
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly code: string | null
  /** The echo of the service, or a problem document. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly json: any
}

/** A call through the gate; `key` null sends no credential. */
export async function ask(scene: Pick<Scene, 'gate' | 'key'>, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  if (!headers.has('authorization') && scene.key !== '') headers.set('authorization', `Bearer ${scene.key}`)
  const answer = await fetch(`${scene.gate.url}${path.startsWith('/proxy/') ? path : `/proxy/svc${path}`}`, {
    redirect: 'manual',
    ...init,
    headers,
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    code: answer.headers.get('octroi-error'),
    get json() {
      return JSON.parse(text)
    },
  }
}

/** Exactly these bytes after the request line and `Host`. */
export function askRaw({ gate, key }: Pick<Scene, 'gate' | 'key'>, line: string, ...lines: string[]) {
  return rawRequest(gate.port, rawLines(`${line} HTTP/1.1`, 'Host: gate', ...credential(key), ...lines))
}

export function credential(key: string): string[] {
  return key === '' ? [] : [`Authorization: Bearer ${key}`]
}

/** A bare connection to the gate, and what has come over it. */
export interface Wire {
  readonly socket: Socket
  send(...lines: string[]): void
  text(): string
  readonly closed: Promise<string>
}

export function wireTo(port: number): Wire {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  const text = () => Buffer.concat(chunks).toString('latin1')
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text())))
  return { socket, send: (...lines) => void socket.write(rawLines(...lines)), text, closed }
}

/** Headers of a recorded request, names in lower case. */
export function sentHeaders(rawHeaders: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    found[name] ??= []
    found[name].push(rawHeaders[i + 1] as string)
  }
  return found
}

export const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 })
