import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type OpenStore, openStore, type StoreLocation } from '../../src/store/open.ts'
import { sharedPostgres } from '../support/postgres.ts'

export const ENGINES = ['sqlite', 'postgres'] as const
export type EngineName = (typeof ENGINES)[number]

/** Places and handles of one test file; `cleanUp` closes and removes them all. */
export class Places {
  readonly #folders: string[] = []
  readonly #handles = new Map<OpenStore, StoreLocation>()

  /** A place where nothing was ever written, or on PostgreSQL what `fill` writes. */
  async fresh(engine: EngineName, fill?: (url: string) => Promise<void>): Promise<StoreLocation> {
    const dataDir = join(mkdtempSync(join(tmpdir(), 'octroi-store-')), 'data')
    this.#folders.push(join(dataDir, '..'))
    if (engine === 'sqlite') return { dataDir }
    return { dataDir, databaseUrl: await (await sharedPostgres()).createDatabase(fill) }
  }

  async open(location: StoreLocation): Promise<OpenStore> {
    const handle = await openStore(location)
    this.#handles.set(handle, location)
    return handle
  }

  /** A second handle on the store of another: what another process would see. */
  openAgain(handle: OpenStore, more: Partial<StoreLocation> = {}): Promise<OpenStore> {
    return this.open({ ...this.locationOf(handle), ...more })
  }

  locationOf(handle: OpenStore): StoreLocation {
    return this.#handles.get(handle) as StoreLocation
  }

  /** A store with the newest schema and nothing in it. */
  async openFresh(engine: EngineName): Promise<OpenStore> {
    return this.open(await this.fresh(engine, migrated))
  }

  async cleanUp(): Promise<void> {
    for (const handle of this.#handles.keys()) await handle.close().catch(() => undefined)
    this.#handles.clear()
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }
}

/** Once for a server: to bring a schema up to date takes ten times as long as to copy it. */
async function migrated(databaseUrl: string): Promise<void> {
  await (await openStore({ dataDir: '', databaseUrl })).close()
}

/** Another process that works on the same store, see `child.ts`. */
export class OtherProcess {
  readonly #child: ChildProcess
  #output = ''

  constructor(action: string, location: StoreLocation, ...more: string[]) {
    const script = fileURLToPath(new URL('./child.ts', import.meta.url))
    const args = ['--no-warnings', script, action, JSON.stringify(location), ...more]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout?.on('data', (chunk) => {
      this.#output += chunk
    })
  }

  /** Resolves once the process has printed the word. */
  async said(word: string): Promise<void> {
    while (!this.#output.includes(word)) {
      if (this.#child.exitCode !== null) throw new Error(`the other process ended: ${this.#output}`)
      const waiting = new AbortController()
      const { signal } = waiting
      const said = once(this.#child.stdout as NodeJS.EventEmitter, 'data', { signal })
      await Promise.race([said, once(this.#child, 'exit', { signal })]).finally(() => waiting.abort())
    }
  }

  /** Waits for the end and returns what was printed. */
  async ended(): Promise<string> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close')
    return this.#output.trim()
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }

  /** Lets a holding process go on to its own end. */
  async release(): Promise<string> {
    this.#child.stdin?.end()
    return this.ended()
  }
}
