import type { Kysely } from 'kysely'
import type { HotReads } from '../core/stores.ts'
import type { TransactionScope } from './driver.ts'
import type { Engine } from './migrate.ts'
import type { ActivityTables, MainTables } from './schema.ts'

export interface ServeLock {
  release(): Promise<void>
}

/** What an engine gives; everything above it is the same for both. */
export interface Engines {
  readonly engine: Engine
  readonly main: Kysely<MainTables>
  readonly activity: Kysely<ActivityTables>
  /** A connection of its own, so that the key ring can be read while a transaction of this process is open. */
  readonly ring: Kysely<MainTables>
  /** Entered by every transaction on `main`. */
  readonly scope: TransactionScope
  readonly hot: HotReads
  /** Held by every serving process; several may hold it. Throws `busy` during maintenance. */
  lockForServing(): Promise<ServeLock>
  /** Held by maintenance that must not run beside a serving process. Throws `busy` while one runs. */
  lockExclusively(): Promise<ServeLock>
  close(): Promise<void>
}
