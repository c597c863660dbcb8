import type { ExchangeContext } from '../../src/outbound/exchange.ts'

/** The exchange's own requests over real sockets, without the network policy around them. */
export function socketContext(now: () => number): ExchangeContext {
  return {
    now,
    async fetch({ method, url, headers, body }) {
      const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
      return { status: response.status, headers: response.headers, text: await response.text() }
    },
  }
}

/** `[name, value, name, value]` of a signature as an object. */
export function headersOf(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])))
}
