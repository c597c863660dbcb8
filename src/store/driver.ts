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
const LOCK_WAIT_MS = 5_000

/**
 * Turns an engine's errors into ours, and waits for locks without blocking the event loop (node:sqlite's own busy timeout would
 * stop every request of the process).
 */
export class TranslatingDriver implements Driver {
  readonly #inner: Driver
  readonly #errors: EngineErrors

  constructor(inner: Driver, errors: EngineErrors) {
    this.#inner = inner
    this.#errors = errors
  }

  init(): Promise<void> {
    return this.#translate(() => this.#inner.init())
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const inner = await this.#translate(() => this.#inner.acquireConnection())
    return new TranslatingConnection(inner, (work) => this.#translate(work))
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#translate(() => this.#inner.beginTransaction(unwrap(connection), settings))
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

  async #translate<T>(work: () => Promise<T>): Promise<T> {
    const until = Date.now() + LOCK_WAIT_MS
    for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
      try {
        return await work()
      } catch (error) {
        if (this.#errors.isBusy(error) && Date.now() < until) await sleep(wait)
        else throw translateError(error, this.#errors)
      }
    }
  }
}

export function translateError(error: unknown, errors: EngineErrors): unknown {
  if (error instanceof OctroiError) return error
  if (errors.isUniqueViolation(error)) return new OctroiError('conflict', 'It exists already.', { cause: error })
  if (errors.isForeignKeyViolation(error)) return new OctroiError('conflict', 'Something else depends on it.', { cause: error })
  if (errors.isProgrammingError(error)) return error
  return new OctroiError('store_unavailable', 'The store cannot be used now.', { cause: error, retryAfter: 2 })
}

class TranslatingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection
  readonly #translate: <T>(work: () => Promise<T>) => Promise<T>

  constructor(inner: DatabaseConnection, translate: <T>(work: () => Promise<T>) => Promise<T>) {
    this.inner = inner
    this.#translate = translate
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#translate(() => this.inner.executeQuery<R>(query))
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize as number)
  }
}

function unwrap(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof TranslatingConnection ? connection.inner : connection
}
