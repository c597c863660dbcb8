import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { ConfigurationError, OctroiError } from '../core/errors.ts'
import type { DataKey, KeyEncryptionKey, VaultStore } from '../core/stores.ts'
import { hmac } from '../core/vault.ts'
import { DUMP_TABLES, type DumpRow, type DumpTable } from '../store/dump.ts'

/**
 * A backup is gzip over lines of JSON: a header, one line for each row (`{"table","row"}`), a trailer with the number of rows and
 * an HMAC under a key of the vault over all that stands before it. It knows no engine.
 */
export const FORMAT = 1

const Names = z.array(z.string()).readonly()
const Header = z.object({
  octroi: z.literal('backup'),
  format: z.number().int(),
  version: z.string(),
  engine: z.enum(['sqlite', 'postgres']),
  migrations: z.object({ main: Names, activity: Names }),
  environment: z.string(),
  created_at: z.string(),
})
export type BackupHeader = z.infer<typeof Header>

const Row = z.object({
  table: z.enum(Object.keys(DUMP_TABLES) as [DumpTable, ...DumpTable[]]),
  row: z.record(z.string().regex(/^[a-z_]+$/), z.union([z.string(), z.number(), z.null()])),
})
const Trailer = z.object({ trailer: z.object({ rows: z.number().int(), mac: z.string() }) })

/** Over the digest: the key is in the file itself, under the master key, and is known only once the file has been read. */
export function backupMac(key: KeyObject, digest: Hash): string {
  return hmac(key, 'backup\n', digest.digest())
}

/** No line that we write comes near it (a batch of audit lines is the longest). */
const MAX_LINE = 256 * 1024 * 1024
const NEWLINE = 10

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file)
  const bytes = createGunzip()
  source.once('error', (error) => bytes.destroy(error))
  bytes.once('close', () => source.destroy())
  source.pipe(bytes)
  let held: Buffer[] = []
  let size = 0
  for await (const chunk of readable(file, bytes)) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...held, chunk.subarray(from, at)])
      held = []
      size = 0
      from = at + 1
    }
    held.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > MAX_LINE) throw damaged('a line has no end')
  }
  if (size > 0) throw damaged('it ends in the middle of a line')
}

async function* readable(file: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes
  } catch (error) {
    throw damaged(`${file} is cut off, or not a backup (${(error as { code?: string }).code ?? 'cannot be unpacked'})`)
  }
}

export function damaged(why: string): OctroiError {
  return new OctroiError('invalid_request', `The backup cannot be used: ${why}. Nothing was changed.`)
}

export interface BackupEntry {
  readonly table: DumpTable
  readonly row: DumpRow
}

/** One reading of the file. `entries` must be read to its end before `seal` says anything. */
export class BackupReader {
  readonly #lines: AsyncGenerator<Buffer>
  readonly #digest = createHash('sha256')
  #trailer: { readonly rows: number; readonly mac: string } | undefined
  rows = 0

  private constructor(file: string) {
    this.#lines = linesOf(file)
  }

  static async open(file: string): Promise<{ reader: BackupReader; header: BackupHeader }> {
    const reader = new BackupReader(file)
    const { value, done } = await reader.#lines.next()
    const header = done ? undefined : Header.safeParse(parse(value)).data
    if (done || header === undefined) throw damaged('it does not begin like one')
    if (header.format > FORMAT) {
      throw new ConfigurationError([
        `The backup was written by a newer Octroi (${header.version}, format ${header.format}). Use that version.`,
      ])
    }
    reader.#take(value)
    return { reader, header }
  }

  async *entries(): AsyncGenerator<BackupEntry> {
    for await (const line of this.#lines) {
      if (this.#trailer !== undefined) throw damaged('there is more after its end')
      const value = parse(line)
      const trailer = Trailer.safeParse(value)
      if (trailer.success) {
        this.#trailer = trailer.data.trailer
        continue
      }
      const entry = Row.safeParse(value)
      if (!entry.success) throw damaged(`row ${this.rows + 1} cannot be read`)
      this.#take(line)
      this.rows++
      yield entry.data
    }
    if (this.#trailer === undefined) throw damaged('its end is missing')
    if (this.#trailer.rows !== this.rows) throw damaged(`it has ${this.rows} rows of ${this.#trailer.rows}`)
  }

  /** After the last entry: whether all that was read is what the vault of the installation vouched for. */
  requireSeal(key: KeyObject): void {
    if (this.#trailer?.mac !== backupMac(key, this.#digest)) throw damaged('it was altered after it was made')
  }

  #take(line: Buffer): void {
    this.#digest.update(line).update('\n')
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch {
    return undefined
  }
}

/** The vault as the backup holds it, so that the master key is tried before anything is touched. */
export class VaultInBackup {
  readonly #keys: KeyEncryptionKey[] = []
  #root: DataKey | undefined

  take({ table, row }: BackupEntry): void {
    if (table === 'vault_keys') this.#keys.push(row as unknown as KeyEncryptionKey)
    if (table === 'data_keys' && row.id === 'root') this.#root = row as unknown as DataKey
  }

  get store(): VaultStore {
    const refuse = async () => {
      throw new Error('a backup is not written to')
    }
    return {
      keyEncryptionKeys: async () =>
        this.#keys.toSorted((a, b) => (a.created_at === b.created_at ? 0 : a.created_at < b.created_at ? 1 : -1)),
      dataKey: async (id) => (id === 'root' ? this.#root : undefined),
      dataKeysNotUnder: async () => [],
      insertKeyEncryptionKey: refuse,
      deleteKeyEncryptionKey: refuse,
      rewrapKeyEncryptionKey: refuse,
      insertDataKey: refuse,
      deleteDataKey: refuse,
      rewrapDataKey: refuse,
    }
  }
}
