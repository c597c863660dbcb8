import { startTestGate, type TestGate } from '../support/gate.ts'
import { type RawResponse, rawRequest } from '../support/raw_http.ts'

/** What a proxy asks, and how. Headers are a flat list, so that one may come twice. */
export interface Question {
  readonly method?: string
  readonly host?: string
  readonly uri?: string
  readonly proto?: string
  readonly headers?: readonly string[]
  /** Behind `/forward-auth`. */
  readonly query?: string
  /** Of the check request itself. */
  readonly by?: string
}

export interface NewKey {
  readonly id: string
  readonly key: string
}

/** A gate that trusts the proxy at 127.0.0.1, and nobody at 127.0.0.2. */
export interface ForwardScene {
  readonly gate: TestGate
  /** As Caddy and Traefik ask. */
  ask(question?: Question): Promise<RawResponse>
  /** Exactly these headers, `Host` besides. */
  askRaw(target: string, headers: readonly string[], method?: string): Promise<RawResponse>
  route(route: Readonly<Record<string, unknown>>): Promise<string>
  account(account: Readonly<Record<string, unknown>>): Promise<string>
  key(key?: Readonly<Record<string, unknown>>): Promise<NewKey>
  must(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

export const HOST = 'app.example.org'

export async function startForwardScene(env: Readonly<Record<string, string>> = {}): Promise<ForwardScene> {
  const gate = await startTestGate({ OCTROI_TRUSTED_PROXIES: '127.0.0.1', ...env })
  const must: ForwardScene['must'] = async (method, path, body) => {
    const answer = await gate.api(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body ?? {}
  }
  const askRaw: ForwardScene['askRaw'] = (target, headers, method = 'GET') => {
    const lines = [`${method} ${target} HTTP/1.1`]
    if (!headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')) lines.push('Host: octroi.internal')
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
    return rawRequest(gate.port, `${lines.join('\r\n')}\r\n\r\n`, { timeoutMs: 20_000 })
  }
  return {
    gate,
    must,
    askRaw,
    ask({ method = 'GET', host = HOST, uri = '/', proto = 'https', headers = [], query = '', by = 'GET' } = {}) {
      const asked = ['X-Forwarded-Method', method, 'X-Forwarded-Host', host, 'X-Forwarded-Uri', uri]
      return askRaw(`/forward-auth${query}`, [...asked, 'X-Forwarded-Proto', proto, ...headers], by)
    },
    async route(route) {
      return (await must('POST', '/routes', { host: HOST, path: '/**', accept: { any: ['api_key'] }, ...route }))
        .id as string
    },
    async account(account) {
      return (await must('POST', '/accounts', { kind: 'service', ...account })).id as string
    },
    async key(key = {}) {
      const { id, key: secret } = await must('POST', '/keys', { name: 'program', grants: [], ...key })
      return { id: id as string, key: secret as string }
    },
    stop: () => gate.stop(),
  }
}

export function codeOf(answer: RawResponse): string {
  return `${answer.status} ${answer.header('octroi-error') ?? 'passed'}`
}

/** The identity headers of an answer, without the assertion. */
export function identityOf(answer: RawResponse): Record<string, string | undefined> {
  const names = ['Octroi-Subject', 'Octroi-Kind', 'Octroi-Name', 'Octroi-Email', 'Octroi-Groups', 'Octroi-Key-Id']
  return Object.fromEntries(names.map((name) => [name.slice(7).toLowerCase(), answer.header(name)]))
}
