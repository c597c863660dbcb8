import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { OctroiError } from '../../core/errors.ts'
import { type Connector, parseConnector } from './connector.ts'

export interface CatalogueOptions {
  /** The folder of the connectors that come with Octroi; read once. */
  readonly shipped: string
  /** Folders of the operator's own files; looked at again while running. The first folder that has an id wins. */
  readonly folders: readonly string[]
  /** Milliseconds. */
  readonly now?: (() => number) | undefined
}

export interface CatalogueProblem {
  readonly file: string
  readonly message: string
}

/** One file. Parsed at its first use: most connectors are never used, and start-up should not pay for them. */
interface Entry {
  readonly file: string
  readonly source: string
  /** Changes when the file does. */
  readonly stamp: string
  state: 'unread' | 'read'
  connector: Connector | undefined
  problem: string | undefined
}

const RECHECK_MS = 1000

/**
 * The connectors: those shipped, and those of the operator, which win over a shipped one of the same id.
 * A broken file takes no other down; a file that breaks while Octroi runs leaves its last good version in use.
 */
export class Catalogue {
  readonly #folders: readonly string[]
  readonly #now: () => number
  readonly #shipped: ReadonlyMap<string, Entry>
  #own: ReadonlyMap<string, Entry> = new Map()
  #strays: readonly CatalogueProblem[] = []
  #strayShipped: readonly CatalogueProblem[] = []
  #checkedAt: number
  #version = 1

  constructor({ shipped, folders, now = Date.now }: CatalogueOptions) {
    this.#folders = folders
    this.#now = now
    const found = scan([shipped], 'shipped')
    this.#shipped = found.entries
    this.#strayShipped = found.problems
    this.#checkedAt = now()
    this.#look()
    this.#version = 1
  }

  /** Moves when an operator's file appears, changes or goes. */
  get version(): number {
    this.#refresh()
    return this.#version
  }

  get(id: string): Connector | undefined {
    this.#refresh()
    const entry = this.#own.get(id) ?? this.#shipped.get(id)
    return entry === undefined ? undefined : read(entry, id).connector
  }

  /** All good connectors by id. `source` is `shipped` or the path of the operator's file. */
  list(): { readonly connector: Connector; readonly source: string }[] {
    return this.#all().flatMap(({ connector, source }) => (connector === undefined ? [] : [{ connector, source }]))
  }

  problems(): CatalogueProblem[] {
    const broken = this.#all().flatMap(({ file, problem }) =>
      problem === undefined ? [] : [{ file, message: problem }],
    )
    return [...this.#strayShipped, ...this.#strays, ...broken]
  }

  #all(): Entry[] {
    this.#refresh()
    const entries = new Map([...this.#shipped, ...this.#own])
    return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, entry]) => read(entry, id))
  }

  /** On the hot path: one comparison, and a look at the folders at most once a second. */
  #refresh(): void {
    const now = this.#now()
    // A clock that was set back must not stop the looking.
    if (now - this.#checkedAt < RECHECK_MS && now >= this.#checkedAt) return
    this.#checkedAt = now
    this.#look()
  }

  #look(): void {
    const { entries, problems } = scan(this.#folders)
    const changed =
      entries.size !== this.#own.size || [...entries].some(([id, entry]) => !same(entry, this.#own.get(id)))
    this.#strays = problems
    if (!changed) return
    for (const [id, entry] of entries) {
      const old = this.#own.get(id)
      if (old !== undefined && same(entry, old)) adopt(entry, old)
      // The last good version, until the new one has been read.
      else if (old?.file === entry.file) entry.connector = read(old, id).connector
    }
    this.#own = entries
    this.#version++
  }
}

function same(a: Entry, b: Entry | undefined): boolean {
  return b !== undefined && a.file === b.file && a.stamp === b.stamp
}

function adopt(entry: Entry, old: Entry): void {
  entry.state = old.state
  entry.connector = old.connector
  entry.problem = old.problem
}

/** The connector files of some folders by id, which is the name of the file. A folder that is not there is empty. */
function scan(
  folders: readonly string[],
  source?: string,
): { entries: Map<string, Entry>; problems: CatalogueProblem[] } {
  const entries = new Map<string, Entry>()
  const problems: CatalogueProblem[] = []
  for (const folder of folders) {
    for (const { id, file, stamp } of files(folder, problems)) {
      const first = entries.get(id)
      if (first !== undefined) problems.push({ file, message: `the id ${id} is taken by ${first.file}, which is used` })
      else
        entries.set(id, {
          file,
          source: source ?? file,
          stamp,
          state: 'unread',
          connector: undefined,
          problem: undefined,
        })
    }
  }
  return { entries, problems }
}

function files(folder: string, problems: CatalogueProblem[]): { id: string; file: string; stamp: string }[] {
  try {
    const names = readdirSync(folder)
      .filter((name) => /^[^.].*\.ya?ml$/.test(name))
      .sort()
    return names.flatMap((name) => {
      const file = join(folder, name)
      const stat = statSync(file, { throwIfNoEntry: false })
      if (!stat?.isFile()) return []
      return [{ id: name.slice(0, -extname(name).length), file, stamp: `${stat.ino} ${stat.mtimeMs} ${stat.size}` }]
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      problems.push({ file: folder, message: `cannot be read: ${messageOf(error)}` })
    return []
  }
}

function read(entry: Entry, id: string): Entry {
  if (entry.state === 'read') return entry
  entry.state = 'read'
  try {
    const connector = parseConnector(readFileSync(entry.file, 'utf8'), entry.file)
    if (connector.id !== id)
      throw new Error(`${entry.file}: id: is ${connector.id}, but the name of the file says ${id}`)
    entry.connector = connector
  } catch (error) {
    entry.problem = messageOf(error)
  }
  return entry
}

function messageOf(error: unknown): string {
  if (!(error instanceof OctroiError)) return error instanceof Error ? error.message : String(error)
  return (error.errors ?? []).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
}
