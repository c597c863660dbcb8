import { vi } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type OAuth2Server, type OAuth2ServerOptions, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { agreedTo, clientCredentials, withRefreshToken } from './connections.ts'

export interface Answer {
  readonly status: number
  readonly code: string | null
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly body: any
}

/** A gate, a service with tokens behind it, the connection `svc` and a key that may do everything there. */
export interface Scene {
  readonly gate: TestGate
  readonly server: OAuth2Server
  readonly key: string
  /** A call through the gate. */
  call(path?: string, init?: RequestInit): Promise<Answer>
  connection(): Promise<Answer['body']>
  /** The types of the events about the connection, oldest first. */
  events(): Promise<string[]>
  stop(): Promise<void>
}

type Body = Readonly<Record<string, unknown>>

/** `connect` makes the body of the connection; the connection is tried, so that it has a token. */
export async function startRenewalScene(
  connect: (server: OAuth2Server) => Body | Promise<Body>,
  { env = {}, ...options }: OAuth2ServerOptions & { env?: Readonly<Record<string, string>> } = {},
): Promise<Scene> {
  const server = await startOAuth2Server(options)
  const gate = await startTestGate(env)
  const made = await gate.api('POST', '/connections', { id: 'svc', verify: true, ...(await connect(server)) })
  if (made.status !== 201) throw new Error(`no connection: ${JSON.stringify(made.body)}`)
  const key = await newKey(gate)
  return {
    gate,
    server,
    key,
    call: (path = '/resource/x', init) => callThrough(gate.url, key, `/proxy/svc${path}`, init),
    connection: async () => (await gate.api('GET', '/connections/svc')).body,
    events: async () => eventsOf(gate),
    async stop() {
      await gate.stop()
      await server.stop()
    },
  }
}

/** A person has agreed, and the refresh token was given by hand: it rotates. */
export const startRotating = (options?: Parameters<typeof startRenewalScene>[1]) =>
  startRenewalScene(async (server) => withRefreshToken(server, await agreedTo(server)), options)

export const startClientOnly = (options?: Parameters<typeof startRenewalScene>[1]) =>
  startRenewalScene((server) => clientCredentials(server), options)

export async function newKey(gate: Pick<TestGate, 'api'>, grant: object = {}): Promise<string> {
  const grants = [{ connection: 'svc', allow: ['* /**'], ...grant }]
  return (await gate.api('POST', '/keys', { name: 'a program', grants })).body.key
}

export async function eventsOf(gate: Pick<TestGate, 'api'>, id = 'svc'): Promise<string[]> {
  const { body } = await gate.api('GET', `/events?subject=connection:${id}&limit=100`)
  return body.items.map(({ type }: { type: string }) => type).reverse()
}

export async function callThrough(url: string, key: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${key}`)
  const answer = await fetch(`${url}${path}`, { ...init, headers })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json')
  return {
    status: answer.status,
    code: answer.headers.get('octroi-error'),
    headers: answer.headers,
    body: isJson ? JSON.parse(text) : text,
  }
}

export const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 })
