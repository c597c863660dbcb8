import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FailedError } from './command.ts'

/**
 * Writes a file that only its owner may read (0600), whole or not at all: a program that reads it meanwhile finds the old one. Throws
 * `FailedError` that names the path.
 */
export function writePrivately(path: string, text: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new FailedError(`${path}: is a folder.`)
  // Beside it, because a name only moves at once within one file system.
  const draft = join(dirname(path), `.octroi-${randomBytes(8).toString('hex')}`)
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new FailedError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
