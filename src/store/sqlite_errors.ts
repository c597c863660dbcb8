import type { EngineErrors } from './driver.ts'

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); extended codes carry them in the low byte. */
const BUSY = 5
const LOCKED = 6
const CONSTRAINT = 19
const CONSTRAINT_UNIQUE = 2067
const CONSTRAINT_PRIMARY_KEY = 1555
const CONSTRAINT_FOREIGN_KEY = 787
const PROGRAMMING = new Set([1, CONSTRAINT, 20, 21, 25])

export const ERRORS: EngineErrors = {
  isBusy: (error) => [BUSY, LOCKED].includes(codeOf(error) & 0xff),
  isUniqueViolation: (error) => [CONSTRAINT_UNIQUE, CONSTRAINT_PRIMARY_KEY].includes(codeOf(error)),
  isForeignKeyViolation: (error) => codeOf(error) === CONSTRAINT_FOREIGN_KEY,
  isProgrammingError: (error) => codeOf(error) === 0 || PROGRAMMING.has(codeOf(error) & 0xff),
}

function codeOf(error: unknown): number {
  return (error as { errcode?: number }).errcode ?? 0
}
