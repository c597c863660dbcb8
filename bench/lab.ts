import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pinning } from './machine.ts'

/** Where one run happens: a temporary folder, the pinning, the upstream's port. */
export interface Lab {
  readonly folder: string
  readonly root: string
  readonly pinning: Pinning
  /** A new folder of its own for a peer. */
  readonly room: (name: string) => string
  readonly close: () => void
}

export function openLab(pinning: Pinning): Lab {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-bench-'))
  // nginx's workers run as another user when the master is root, and must reach their files.
  chmodSync(folder, 0o755)
  let count = 0
  return {
    folder,
    root: join(import.meta.dirname, '..'),
    pinning,
    room(name) {
      const room = join(folder, `${name}-${++count}`)
      mkdirSync(room, { mode: 0o755 })
      return room
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
