import type { KeyObject } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { Trail } from '../audit/trail.ts'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { ConfigurationError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { PURPOSES } from '../core/purposes.ts'
import type { DumpRow } from '../store/dump.ts'
import {
  existsAlready,
  type Insert,
  type LoadedStore,
  loadStore,
  lockForLoading,
  requireKnownSchema,
} from '../store/dump_load.ts'
import { storeExists } from '../store/open.ts'
import { readMasterKey } from '../vault/master_key.ts'
import { KeyRing } from '../vault/vault.ts'
import type { Progress } from './backup.ts'
import { type BackupEntry, type BackupHeader, BackupReader, damaged, VaultInBackup } from './backup_format.ts'
import { commandLine } from './command_line.ts'
import { auditWriter, locationOf } from './open.ts'

export interface RestoreOptions {
  /**
   * Connections, webhooks and sign-in methods keep the state that they had; without it they are suspended, and the outbox with them, and
   * methods that ask somebody else (a provider, a directory) are switched off.
   */
  readonly activate: boolean
  /** Keys of another environment become keys of this one, passwords and secrets of applications come along; without it none works here. */
  readonly adoptKeys: boolean
  /** What is there is replaced; without it an existing installation is left alone. */
  readonly replace: boolean
}

export interface RestoreReport {
  readonly rows: number
  readonly suspended_connections: number
  readonly suspended_webhooks: number
  /** Sign-in methods that ask somebody else, and are switched off. */
  readonly suspended_sign_in_methods: number
  /** Keys that were made in another environment. */
  readonly foreign_keys: number
  /** Passwords of accounts that were set in another environment and were left behind. */
  readonly foreign_passwords: number
  /** Secrets of applications from another environment that were left behind. */
  readonly foreign_client_secrets: number
  /** The folder of the files that were replaced; they can be deleted. */
  readonly aside: string | null
}

/**
 * Makes an installation of a backup: whole, or not at all. A copy must not act for the original (D15), so that its connections
 * and webhooks are suspended and keys of another environment do not work, unless the operator says that this one takes its place. Nobody
 * is signed in, whatever he says: a session that was ended since the backup must not come back.
 */
export async function restoreInstallation(
  settings: Settings,
  file: string,
  options: RestoreOptions,
  progress: Progress = () => undefined,
): Promise<RestoreReport> {
  requireReadable(file)
  const master = readMasterKey(masterKeySource(settings))
  const location = locationOf(settings)
  const exists = await storeExists(location)
  if (exists && !options.replace)
    throw existsAlready(settings.database_url === undefined ? settings.data_dir : 'the database')
  // Held from here on where something is served; where nothing is, nothing is touched before the file is known to be good.
  let lock = exists ? await lockForLoading(location) : undefined
  try {
    const { header, ring } = await verifyBackup(file, master)
    lock ??= await lockForLoading(location)
    const passage = new Passage(file, header, ring, settings, options, progress)
    return await loadStore(location, {
      migrations: header.migrations,
      rows: (insert) => passage.rows(insert),
      finish: (loaded) => passage.finish(loaded),
    })
  } finally {
    await lock?.release()
  }
}

function requireReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK)
  } catch {
    throw damaged(`there is no file ${file}, or it cannot be read`)
  }
}

/** Reads the whole file once: its form, its end, its seal, and whether this master key opens its vault. */
async function verifyBackup(file: string, master: KeyObject): Promise<{ header: BackupHeader; ring: KeyRing }> {
  const { reader, header } = await BackupReader.open(file)
  requireKnownSchema(header.migrations, 'The backup')
  const vault = new VaultInBackup()
  for await (const entry of reader.entries()) vault.take(entry)
  const ring = await openRing(vault, master)
  reader.requireSeal(ring.derivedKey(PURPOSES.backup))
  return { header, ring }
}

async function openRing(vault: VaultInBackup, master: KeyObject): Promise<KeyRing> {
  try {
    return await KeyRing.open(vault.store, master)
  } catch (cause) {
    throw new ConfigurationError(
      [
        'The master key is not the one that this backup was made under (a backup keeps the one of its day). Nothing was changed.',
      ],
      cause,
    )
  }
}

const SUSPENDED = 'Restored from a backup and not activated'

/** The second reading, into the tables. */
class Passage {
  readonly #file: string
  readonly #header: BackupHeader
  readonly #ring: KeyRing
  readonly #settings: Settings
  readonly #options: RestoreOptions
  readonly #progress: Progress
  readonly #now = new Date().toISOString()
  #rows = 0
  #suspended = 0
  #suspendedWebhooks = 0
  #foreign = 0
  #foreignPasswords = 0
  #suspendedMethods = 0
  #foreignSecrets = 0

  constructor(
    file: string,
    header: BackupHeader,
    ring: KeyRing,
    settings: Settings,
    options: RestoreOptions,
    progress: Progress,
  ) {
    this.#file = file
    this.#header = header
    this.#ring = ring
    this.#settings = settings
    this.#options = options
    this.#progress = progress
  }

  async rows(insert: Insert): Promise<void> {
    const { reader } = await BackupReader.open(this.#file)
    for await (const { table, rows } of inParts(reader.entries())) {
      const kept = rows.flatMap((row) => (this.#isLeft(table) ? [] : [this.#changed(table, row)]))
      if (kept.length > 0) await insert(table, kept)
      this.#rows += kept.length
      this.#progress(this.#rows)
    }
    // The file was verified, but this is what was loaded: it may have been written to between the two readings.
    reader.requireSeal(this.#ring.derivedKey(PURPOSES.backup))
  }

  /** What a copy must not have: a signature in the original's name, a password that opens both. */
  #isLeft(table: string): boolean {
    const { activate, adoptKeys } = this.#options
    if (table === 'signing_keys') return !activate
    if (adoptKeys || this.#header.environment === this.#settings.environment) return false
    if (table === 'account_passwords') this.#foreignPasswords++
    else if (table === 'client_secrets') this.#foreignSecrets++
    else return false
    return true
  }

  #changed(table: string, row: DumpRow): DumpRow {
    if (table === 'connections' && !this.#options.activate && row.state !== 'suspended') {
      this.#suspended++
      return { ...row, state: 'suspended', state_reason: SUSPENDED, state_since: this.#now }
    }
    if (table === 'webhooks' && !this.#options.activate && row.state === 'active') {
      this.#suspendedWebhooks++
      return { ...row, state: 'suspended', state_reason: SUSPENDED, state_since: this.#now }
    }
    if (table === 'sign_in_methods' && !this.#options.activate && asksSomebodyElse(row) && row.enabled === 1) {
      this.#suspendedMethods++
      return { ...row, enabled: 0 }
    }
    if (table === 'session_keys') return { ...row, session_id: null }
    if (table === 'webhook_deliveries' && row.state === 'waiting') {
      // Whoever was trying it is the original, which this copy knows nothing of.
      return this.#options.activate
        ? { ...row, lease: null }
        : { ...row, state: 'suspended', due_at: null, lease: null }
    }
    if (table === 'api_keys' && row.environment !== this.#settings.environment) {
      this.#foreign++
      return this.#options.adoptKeys ? { ...row, environment: this.#settings.environment } : row
    }
    return row
  }

  async finish({ engine, store, activity }: LoadedStore): Promise<RestoreReport> {
    // There is none; but what applications got for those of the backup ends with them.
    await store.sessions.endEvery(this.#now)
    const report = {
      rows: this.#rows,
      suspended_connections: this.#suspended,
      suspended_webhooks: this.#suspendedWebhooks,
      suspended_sign_in_methods: this.#suspendedMethods,
      foreign_keys: this.#foreign,
      foreign_passwords: this.#foreignPasswords,
      foreign_client_secrets: this.#foreignSecrets,
      aside: null,
    }
    const { activate, adoptKeys } = this.#options
    const data = { backup_of: this.#header.created_at, activate, adopt_keys: adoptKeys, ...report, aside: undefined }
    await store.events.insert(newEvent('installation.restored', 'installation', data))
    const writer = auditWriter({ engine })
    const trail = new Trail({ activity, key: this.#ring.derivedKey(PURPOSES.audit), writer, mode: 'strict' })
    trail.record(commandLine('restore', 'finished', `backup:${this.#header.created_at}`))
    await trail.flushed()
    await trail.close()
    return report
  }
}

/** In the name of the original: with its secret at a provider, or its name in a directory. */
function asksSomebodyElse({ kind }: DumpRow): boolean {
  return kind !== 'password' && kind !== 'passkey'
}

const PART_ROWS = 500
const PART_BYTES = 4 * 1024 * 1024

/** Rows of one table together, as many as are worth a statement. */
async function* inParts(
  entries: AsyncGenerator<BackupEntry>,
): AsyncGenerator<{ table: BackupEntry['table']; rows: DumpRow[] }> {
  let part: { table: BackupEntry['table']; rows: DumpRow[]; bytes: number } | undefined
  for await (const { table, row } of entries) {
    if (part !== undefined && (part.table !== table || part.rows.length >= PART_ROWS || part.bytes >= PART_BYTES)) {
      yield part
      part = undefined
    }
    part ??= { table, rows: [], bytes: 0 }
    part.rows.push(row)
    part.bytes += typeof row.lines === 'string' ? row.lines.length : 200
  }
  if (part !== undefined) yield part
}
