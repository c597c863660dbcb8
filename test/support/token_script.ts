import type { ExchangeContext, StepRequest } from '../../src/outbound/exchange.ts'

export interface TokenAnswer {
  readonly status?: number
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A token endpoint that answers in order, and what it was asked. One request more than there are answers is a fault of the test. */
export function tokenScript(answers: readonly TokenAnswer[], now = '2026-11-21T12:00:00Z') {
  const sent: StepRequest[] = []
  const context: ExchangeContext = {
    now: () => Date.parse(now),
    async fetch(request) {
      const answer = answers[sent.push(request) - 1]
      if (answer === undefined) throw new Error(`nobody expected ${request.method} ${request.url}`)
      const { status = 200, body = '', headers = {} } = answer
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return { status, headers: new Headers(headers), text }
    },
  }
  return { sent, context, form: (index: number) => Object.fromEntries(new URLSearchParams(sent[index]?.body)) }
}
