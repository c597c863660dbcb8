import type { IncomingMessage } from 'node:http'

/** A request at the provider's door: what is known of it, and what comes of it, for its line of the trail. */
export interface Arrival {
  /** Request id. */
  readonly id: string
  /** `performance.now()` at its beginning. */
  readonly began: number
  readonly method: string
  /** Below the public URL, without a query. */
  readonly path: string
  /** `undefined`: not known yet. */
  address: string | undefined
  client: string | null
  /** The id of the account. */
  account: string | null
  bytesIn: number
}

const arrivals = new WeakMap<IncomingMessage, Arrival>()

/** For the steps that the library calls with the request alone. */
export function rememberArrival(request: IncomingMessage, arrival: Arrival): void {
  arrivals.set(request, arrival)
}

export function arrivalOf(request: IncomingMessage): Arrival {
  const arrival = arrivals.get(request)
  if (arrival === undefined) throw new Error('A request that did not come by the door.')
  return arrival
}
