import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { OctroiError } from '../core/errors.ts'

/** What an engine knows of its own errors. */
export interface EngineErrors {
  /** Somebody else holds the lock: the statement did nothing and may be tried again. */
  isBusy(error: unknown): boolean
  isUniqueViolation(error: unknown): boolean
  isForeignKeyViolation(error: unknown): boolean
  /** Wrong SQL is our own fault; anything else that fails means that the store cannot be used now. */
  isProgrammingError(error: unknown): boolean
}

/** A write that waits longer than this for another process's lock is given up with 503. */
export const LOCK_WAIT_MS = 5_000
/** So long everybody tries who comes to it. */
const LAST_WAIT_MS = 250

/**
 * Inside a transaction only the store that it hands out may be used. On SQLite any other call would wait for the transaction,
 * and the transaction for it: the whole process would stand still. So it is an error, at once, on both engines.
 */
export class TransactionScope {
  readonly #current = new AsyncLocalStorage<{ open: boolean }>()

  async within<T>(work: () => Promise<T>): Promise<T> {
    const transaction = { open: true }
    try {
      return await this.#current.run(transaction, work)
    } finally {
      transaction.open = false
    }
  }

  refuseOutsiders(): void {
    if (this.#current.getStore()?.open) throw new Error('a transaction is open: use the store that it was given')
  }
}

/**
 * Turns an engine's errors into ours, and waits for locks without blocking the event loop (node:sqlite's own busy timeout would
 * stop every request of the process).
 */
export class TranslatingDriver implements Driver {
  readonly #inner: Driver
  readonly #errors: EngineErrors
  readonly #lockWaitMs: number
  readonly #scope: TransactionScope | undefined

  constructor(inner: Driver, errors: EngineErrors, lockWaitMs = LOCK_WAIT_MS, scope?: TransactionScope) {
    this.#inner = inner
    this.#errors = errors
    this.#lockWaitMs = lockWaitMs
    this.#scope = scope
  }

  init(): Promise<void> {
    return this.#translate(() => this.#inner.init())
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#scope?.refuseOutsiders()
    const began = performance.now()
    const inner = await this.#translate(() => this.#inner.acquireConnection())
    return new TranslatingConnection(inner, (work) => this.#translate(work, began))
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const begin = () => this.#inner.beginTransaction(unwrap(connection), settings)
    return connection instanceof TranslatingConnection ? connection.translate(begin) : this.#translate(begin)
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#translate(() => this.#inner.commitTransaction(unwrap(connection)))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite ends the transaction itself on a full disk; the error that matters is the first one.
    await this.#inner.rollbackTransaction(unwrap(connection)).catch(() => undefined)
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#inner.releaseConnection(unwrap(connection))
  }

  destroy(): Promise<void> {
    return this.#inner.destroy()
  }

  /** `began`: when the wait for the connection did. Those who stand in line behind a lock share one wait, and do not have one each. */
  async #translate<T>(work: () => Promise<T>, began = performance.now()): Promise<T> {
    const until = Math.max(began + this.#lockWaitMs, performance.now() + Math.min(this.#lockWaitMs, LAST_WAIT_MS))
    for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
      try {
        return await work()
      } catch (error) {
        if (this.#errors.isBusy(error) && performance.now() < until) await sleep(wait)
        else throw translateError(error, this.#errors)
      }
    }
  }
}

export function translateError(error: unknown, errors: EngineErrors): unknown {
  if (error instanceof OctroiError) return error
  if (errors.isUniqueViolation(error)) return new OctroiError('conflict', 'It exists already.', { cause: error })
  if (errors.isForeignKeyViolation(error))
    return new OctroiError('conflict', 'Something else depends on it.', { cause: error })
  if (errors.isProgrammingError(error)) return error
  return new OctroiError('store_unavailable', 'The store cannot be used now.', { cause: error, retryAfter: 2 })
}

class TranslatingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection
  readonly translate: <T>(work: () => Promise<T>) => Promise<T>

  constructor(inner: DatabaseConnection, translate: <T>(work: () => Promise<T>) => Promise<T>) {
    this.inner = inner
    this.translate = translate
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.translate(() => this.inner.executeQuery<R>(query))
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize as number)
  }
}

function unwrap(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof TranslatingConnection ? connection.inner : connection
}
