import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Two files cannot be renamed at once. So what is to happen is written down first, and that one rename is the moment of change:
 * before it the old files are the store, after it the new ones, and whoever opens the folder next finishes the moving.
 */
interface Swap {
  /** The folder that holds the new files. */
  readonly from: string
  /** The folder that the old files go to. */
  readonly aside: string
}

const PENDING = 'restore.pending'
/** Beside each database file; an old one must never meet a new database. */
const SIDE_FILES = ['-wal', '-shm', '-journal', '']

/** Folders of a restore under way in the data folder; one that is left there is of a restore that was interrupted. */
export const WORK_FOLDER = /^restore-[a-z0-9]+$/
export const ASIDE_FOLDER = /^replaced-[0-9TZ-]+(?:-[a-z0-9]+)?$/

export function swapIsPending(folder: string): boolean {
  return existsSync(join(folder, PENDING))
}

/** From its return on the files in `from` are the store. Returns the folder of the old ones, `null` when there were none. */
export function swapFiles(folder: string, swap: Swap, names: readonly string[]): string | null {
  const had = names.some((name) => existsSync(join(folder, name)))
  const text = JSON.stringify({ ...swap, names })
  const draft = join(folder, swap.from, PENDING)
  const descriptor = openSync(draft, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  syncFolder(join(folder, swap.from))
  renameSync(draft, join(folder, PENDING))
  syncFolder(folder)
  finishSwap(folder)
  return had ? join(folder, swap.aside) : null
}

/** Does what is left to do; killed anywhere, it can be called again. The caller holds the exclusive lock. */
export function finishSwap(folder: string): void {
  if (!swapIsPending(folder)) return
  const { from, aside, names } = JSON.parse(readFileSync(join(folder, PENDING), 'utf8')) as Swap & { names: string[] }
  for (const name of names) {
    // Gone from there: this one was moved before the interruption, and what stands in its place is the new file.
    if (!existsSync(join(folder, from, name))) continue
    for (const suffix of SIDE_FILES) {
      const old = join(folder, `${name}${suffix}`)
      if (!existsSync(old)) continue
      mkdirSync(join(folder, aside), { recursive: true, mode: 0o700 })
      renameSync(old, join(folder, aside, `${name}${suffix}`))
    }
    renameSync(join(folder, from, name), join(folder, name))
  }
  if (existsSync(join(folder, aside))) syncFolder(join(folder, aside))
  syncFolder(folder)
  rmSync(join(folder, PENDING))
  syncFolder(folder)
  rmSync(join(folder, from), { recursive: true, force: true })
}

export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
