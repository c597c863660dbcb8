import type { ExchangeContext, StepRequest } from '../../src/outbound/exchange.ts'

export interface ScriptedAnswer {
  readonly status?: number
  readonly headers?: readonly (readonly [string, string])[]
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown
}

/** Answers in turn; remembers what was asked. A request too many is a fault of the test. */
export function scriptedFetch(answers: readonly (ScriptedAnswer | Error)[], now = Date.parse('2026-11-21T12:00:00Z')) {
  const requests: StepRequest[] = []
  const context: ExchangeContext = {
    now: () => now,
    async fetch(request) {
      const answer = answers[requests.push(request) - 1]
      if (answer === undefined) throw new Error(`nobody expected ${request.method} ${request.url}`)
      if (answer instanceof Error) throw answer
      const { status = 200, headers = [], body = '' } = answer
      return {
        status,
        headers: new Headers(headers.map(([name, value]): [string, string] => [name, value])),
        text: typeof body === 'string' ? body : JSON.stringify(body),
      }
    },
  }
  return { context, requests, now }
}
