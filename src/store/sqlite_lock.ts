import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OctroiError } from '../core/errors.ts'
import { translateError } from './driver.ts'
import { finishSwap, swapIsPending } from './dump_swap.ts'
import type { ServeLock } from './engines.ts'
import { ERRORS } from './sqlite_errors.ts'

const LOCK_FILE = 'serve.lock'

/**
 * A lock that the kernel gives back however the process ends: a read transaction on a small database file is the shared form,
 * a write transaction the exclusive one (SQLite's own file locks, https://sqlite.org/lockingv3.html).
 */
export function lockSqlite(folder: string, mode: 'shared' | 'exclusive'): ServeLock {
  const db = new DatabaseSync(join(folder, LOCK_FILE), { timeout: 200 })
  try {
    // Every time: a process that was killed may have left the file without its table. Where the table is, this only reads.
    db.exec('create table if not exists held (unused integer)')
    db.exec(mode === 'shared' ? 'begin; select * from held' : 'begin exclusive')
  } catch (error) {
    db.close()
    if (ERRORS.isBusy(error)) {
      const detail =
        mode === 'shared' ? 'Maintenance is under way on this data folder.' : 'Octroi is running on this data folder.'
      throw new OctroiError('busy', detail, { cause: error })
    }
    throw translateError(error, ERRORS)
  }
  return { release: async () => db.close() }
}

/** A restore that was killed after its moment of change: only the moving of files is left to do. */
export function finishInterruptedRestore(folder: string): void {
  if (!swapIsPending(folder)) return
  const lock = lockSqlite(folder, 'exclusive')
  try {
    finishSwap(folder)
  } finally {
    void lock.release()
  }
}

/** Which file it is, whatever its name; asked before opening, so that what is opened is this one or a newer one. */
export function identityOf(path: string): number {
  closeSync(openSync(path, 'a', 0o600))
  return statSync(path).ino
}

/** A restore between opening and locking would leave this process on the files that were put aside. */
export function lockForServing(folder: string, main: string, identity: number): ServeLock {
  const lock = lockSqlite(folder, 'shared')
  if (!swapIsPending(folder) && statSync(main, { throwIfNoEntry: false })?.ino === identity) return lock
  void lock.release()
  throw new OctroiError('busy', 'The data folder was restored from a backup just now: start again.')
}
