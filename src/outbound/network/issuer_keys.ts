import type { NetworkPolicy } from '../../core/types.ts'
import type { StepAnswer } from '../exchange.ts'
import { stepFetch } from './step_fetch.ts'
import type { Upstreams } from './upstreams.ts'

/** Callers wait for the keys: an issuer has less time than a service. */
const LIMIT_MS = 5_000

/** Reads the keys that an issuer of tokens publishes, under its network policy. Throws `OctroiError` when it cannot be reached. */
export function issuerKeys(upstreams: Upstreams): (url: string, network: NetworkPolicy) => Promise<StepAnswer> {
  return (url, network) => stepFetch(upstreams, network, AbortSignal.timeout(LIMIT_MS))({ method: 'GET', url })
}
