import { OctroiError } from '../../core/errors.ts'
import type { Token } from '../../core/types.ts'
import { ExchangeError } from '../exchange.ts'
import { isSpent } from '../tokens/lifetime.ts'
import type { Renewals } from '../tokens/renewals.ts'
import { type CheckResult, checkConnection } from './check.ts'
import type { Held } from './held.ts'
import type { Targets } from './targets.ts'

export interface Trial {
  readonly result: CheckResult
  /** What the exchange yielded on the way: kept with the connection, for some services give another only later. */
  readonly token: Token | null
}

/** A connection as it would be: its exchange and its test, before anything is stored. Never throws for the service's faults. */
export async function tryOut(parts: TrialParts, held: Held): Promise<Trial> {
  const began = performance.now()
  try {
    const token = await tokenFor(parts, held)
    const target = parts.targets.target({ ...held, token })
    return { result: await checkConnection(target), token }
  } catch (error) {
    return {
      result: { ...faultOf(error), ok: false, status: null, ms: Math.round(performance.now() - began) },
      token: null,
    }
  }
}

export interface TrialParts {
  readonly renewals: Pick<Renewals, 'obtain'>
  readonly targets: Targets
}

/** One that was given and signs already is used as it is. */
async function tokenFor({ renewals }: TrialParts, held: Held): Promise<Token | null> {
  if (held.scheme.exchange === undefined) return null
  return held.token === null || isSpent(held.token) ? renewals.obtain(held) : held.token
}

export function faultOf(error: unknown): Pick<CheckResult, 'outcome' | 'detail'> {
  if (error instanceof ExchangeError)
    return { outcome: error.kind === 'human' ? 'refused' : 'failed', detail: error.detail }
  if (error instanceof OctroiError)
    return { outcome: error.code === 'reconnect_required' ? 'refused' : 'failed', detail: error.detail }
  throw error
}
