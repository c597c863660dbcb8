import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { sqliteFiles } from '../src/store/sqlite.ts'

/** Which databases another process has written since the last look. */
export interface WriteWatch {
  readonly look: () => string[]
  readonly close: () => void
}

/**
 * Watches the two databases of a data folder in both ways that there are: `PRAGMA data_version`, which moves when another connection has
 * committed, and the files with their write-ahead logs, which a commit that were undone would touch as well.
 */
export function watchWrites(dataDir: string): WriteWatch {
  const watched = Object.entries(sqliteFiles(dataDir)).map(([name, file]) => watchOne(name, file))
  return {
    look: () => watched.flatMap(({ name, hasMoved }) => (hasMoved() ? [name] : [])),
    close: () => watched.forEach(({ close }) => void close()),
  }
}

function watchOne(name: string, file: string) {
  const db = new DatabaseSync(file, { readOnly: true })
  const version = db.prepare('pragma data_version')
  const state = () => JSON.stringify([version.get(), stamp(file), stamp(`${file}-wal`)])
  let last = state()
  const hasMoved = () => {
    const before = last
    last = state()
    return last !== before
  }
  return { name, hasMoved, close: () => db.close() }
}

function stamp(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? 'none' : `${found.mtimeNs} ${found.size}`
}
