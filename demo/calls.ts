import { randomUUID } from 'node:crypto'
import type { RecordedRequest } from '../test/support/paheko.ts'
import type { Scene } from './scene.ts'

/** How a program shows its key. */
export type CredentialKind = 'Authorization: Bearer' | 'API-KEY' | 'X-API-Key'

export interface Call {
  readonly method: string
  /** Below the connection, as Paheko knows it. */
  readonly path: string
  readonly kind: CredentialKind
  readonly key: string
  readonly body?: unknown
}

export interface Outcome {
  readonly call: Call
  /** What reached Paheko of this call. */
  readonly sent: readonly RecordedRequest[]
  readonly status: number
  /** `Octroi-Error`; `null` when Paheko itself answered. */
  readonly code: string | null
  readonly retryAfter: string | null
  readonly body: string
}

/** A real call over HTTP. Its correlation id tells it from every other one that reaches Paheko. */
export async function make(scene: Scene, call: Call): Promise<Outcome> {
  const correlation = randomUUID()
  const answer = await fetch(`${scene.octroi.url}/proxy/paheko${call.path}`, {
    method: call.method,
    headers: {
      ...credential(call),
      'X-Correlation-ID': correlation,
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
    redirect: 'manual',
  })
  const body = await answer.text()
  return {
    call,
    sent: scene.paheko.requests.filter((request) => request.header('x-correlation-id') === correlation),
    status: answer.status,
    code: answer.headers.get('octroi-error'),
    retryAfter: answer.headers.get('retry-after'),
    body,
  }
}

function credential({ kind, key }: Call): Record<string, string> {
  return kind === 'Authorization: Bearer' ? { Authorization: `Bearer ${key}` } : { [kind]: key }
}

let closings = 0

/** What RecyClique posts when a till is closed. */
export function closing() {
  closings++
  return {
    id_year: 1,
    type: 'REVENUE',
    date: '2026-11-21',
    label: `Till closing ${closings}`,
    reference: `TILL-${closings}`,
    amount: 12.5,
    credit: '707',
    debit: '530',
  }
}
