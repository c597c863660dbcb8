import type { RenewalOutcome } from '../../core/metrics.ts'
import type { Store } from '../../core/stores.ts'
import type { Vault } from '../../core/vault.ts'
import type { ConnectionHealth } from '../connections/health.ts'
import type { Targets } from '../connections/targets.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Upstreams } from '../network/upstreams.ts'

export interface RenewalParts {
  readonly store: Store
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly upstreams: Upstreams
  readonly targets: Targets
  readonly health: ConnectionHealth
  readonly log: { error(fields: object, message: string): void; info(fields: object, message: string): void }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly random?: () => number
  /** Told of every attempt that came to its end, once each. */
  readonly onOutcome?: (outcome: RenewalOutcome) => void
  readonly times?: Partial<RenewalTimes>
}

/** Milliseconds. */
export interface RenewalTimes {
  /** All steps of one exchange together. */
  readonly exchange: number
  /** Longer than an exchange and its save take, so that a lease only lapses when its holder is gone. */
  readonly lease: number
  /** Between two looks at a renewal that another process makes. */
  readonly poll: number
  /** How long a store that is busy is waited for with a token in hand. */
  readonly save: number
  /** How long a change of secrets waits for a renewal that is under way. */
  readonly still: number
}

export const RENEWAL_TIMES: RenewalTimes = { exchange: 45_000, lease: 60_000, poll: 150, save: 10_000, still: 20_000 }

/** `demand`: a call waits for it; `due`: ahead of its end; `refused`: the service refused the token; `asked`: by an operator. */
export type RenewalCause = 'demand' | 'due' | 'refused' | 'asked'

/** What is asked of one renewal. */
export interface Asking {
  readonly id: string
  readonly cause: RenewalCause
  /** The version of the token that is to be another one. */
  readonly seen: number
  /** Somebody waits for the token; whoever comes later makes a renewal ahead of time one that is waited for. */
  isMissed: boolean
}

export interface ObtainTerms {
  /** `Token.refused_at` of the new one. */
  readonly refusedAt: string | null
  readonly inBackground: boolean
  /** No request is sent from then on: milliseconds since the epoch. */
  readonly until: number
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
