import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system in memory that every Linux has. */
const IN_MEMORY = '/dev/shm'
/** What four files with databases of their own hold at once stays far below, in bytes. */
const ROOM = 3 * 1024 ** 3
const NAME = /^octroi-tests-(\d+)-/

/**
 * One folder for all temporary files of a run (`TMPDIR`), gone with it. In memory where there is room: no test has to survive a
 * power cut, and on a disk every commit waits for it. Whoever sets `TMPDIR` decides otherwise.
 */
export default function makeRunFolder(): () => void {
  const before = process.env.TMPDIR
  const parent = before === undefined && hasRoom(IN_MEMORY) ? IN_MEMORY : tmpdir()
  removeLeftOvers(parent)
  const folder = mkdtempSync(join(parent, `octroi-tests-${process.pid}-`))
  // Servers that refuse to run as root have their folders in it.
  chmodSync(folder, 0o711)
  process.env.TMPDIR = folder
  // Every file is a process of its own: what one has compiled of the libraries the others need not.
  process.env.NODE_COMPILE_CACHE ??= join(folder, 'compiled')
  return () => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize >= ROOM
}

/** A run that was killed could not tidy up. */
function removeLeftOvers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}
