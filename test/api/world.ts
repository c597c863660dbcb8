import { expect } from 'vitest'
import { OPERATIONS } from '../../src/api/index.ts'
import { errorsOf } from '../../src/http/openapi.ts'
import type { ApiAnswer, TestGate } from '../support/gate.ts'
import { startTestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { answerFaults, type Description } from './openapi_check.ts'

export type OperationName = (typeof OPERATIONS)[number]['name']

export interface Call {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** `null`: no credential; the administrator's when not given. */
  readonly key?: string | null | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface Rights {
  readonly permissions?: readonly unknown[]
  readonly grants?: readonly unknown[]
  readonly account?: string
}

export interface NewKey {
  readonly id: string
  readonly key: string
}

/** A gate, a service that it can reach, and calls by the name of the operation, each answer held against /openapi.json. */
export interface World {
  readonly gate: TestGate
  readonly upstream: Upstream
  readonly description: Description
  call(name: OperationName, call?: Call): Promise<ApiAnswer>
  /** What the administrator asks for; it must succeed. */
  must(name: OperationName, call?: Call): Promise<ApiAnswer['body']>
  newKey(rights?: Rights): Promise<NewKey>
  /** A connection to the service of the world; `extra` over the body. Its id. */
  newConnection(extra?: Readonly<Record<string, unknown>>): Promise<string>
  stop(): Promise<void>
}

export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const upstream = await startUpstream()
  const gate = await startTestGate(env)
  const description = (await (await fetch(`${gate.url}/openapi.json`)).json()) as Description
  let made = 0

  const call: World['call'] = async (name, { params = {}, query = {}, body, key, headers } = {}) => {
    const { method, path } = operationNamed(name)
    const search = new URLSearchParams(query).toString()
    const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(params[field] ?? ''))
    const options = { ...(key === undefined ? {} : { key }), ...(headers === undefined ? {} : { headers }) }
    const answer = await gate.api(method, `${filled}${search && `?${search}`}`, body, options)
    expectDescribed(description, name, answer)
    return answer
  }
  const must: World['must'] = async (name, request) => {
    const answer = await call(name, request)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  return {
    gate,
    upstream,
    description,
    call,
    must,
    newKey: (rights = {}) => must('keys.create', { body: { name: `Key ${++made}`, ...rights } }),
    async newConnection(extra = {}) {
      const body = { ...connectionBody(upstream.url), id: `connection-${++made}`, ...extra }
      return (await must('connections.create', { body })).id
    },
    async stop() {
      await gate.stop()
      await upstream.stop()
    },
  }
}

/** A body that makes a connection to a service on loopback. */
export function connectionBody(url: string): Record<string, unknown> {
  return {
    connector: 'generic-api-key',
    settings: { base_url: url, test_path: '/status/200' },
    secrets: { api_key: 'canary-upstream-secret' },
    network: { allow_private: true, allow_http: true },
  }
}

export function operationNamed(name: OperationName): (typeof OPERATIONS)[number] {
  const found = OPERATIONS.find((operation) => operation.name === name)
  if (found === undefined) throw new Error(`There is no operation ${name}`)
  return found
}

/** The answer is one that the description tells of: status, shape, and, for a refusal, the code. */
export function expectDescribed(description: Description, name: OperationName, answer: ApiAnswer): void {
  const { method, path } = operationNamed(name)
  expect(answerFaults(description, method, path, answer), `${name} ${JSON.stringify(answer.body)}`).toEqual([])
  if (answer.status < 400) return
  const codes = [...errorsOf(operationNamed(name) as never)]
  expect(codes, `${name} answered ${answer.body.code}: ${answer.body.detail}`).toContain(answer.body.code)
  expect(answer.headers.get('octroi-error')).toBe(answer.body.code)
  expect(answer.headers.get('octroi-request-id')).toBe(answer.body.request_id)
}

/** A refusal for a fault of the input: 400, and every field named. */
export function expectFields(answer: ApiAnswer, ...fields: readonly string[]): void {
  expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(answer.body.errors?.map(({ path }: { path: string }) => path)).toEqual([...fields])
  for (const field of fields) expect(answer.body.detail).toContain(field)
}
