import { ConfigurationError } from '../core/errors.ts'
import type { ProvidedKeys } from './admissions.ts'
import { stampOfKeysFiles } from './keys_files.ts'
import { type Provision, type ProvisionParts, type ProvisionSources, readProvision } from './provision.ts'

export interface ProvidedSecretsParts extends ProvisionParts {
  readonly sources: ProvisionSources
  /** Told after another set took the place of the former one. */
  readonly onChange: () => void
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

const POLL_MS = 1_000

/**
 * The keys of the environment and of files. Read at the start, where a fault ends it; read anew when a file changes, where a fault
 * leaves the former set in place: a file that is gone or half written must not bring back the stored secrets that it replaces.
 */
export class ProvidedSecrets implements ProvidedKeys {
  readonly #parts: ProvidedSecretsParts
  #set: Provision
  /** Of the files that `#set` was read from. */
  #stamp: string
  /** What was seen a moment ago: a file is read once it has stood still from one look to the next. */
  #seen: string
  #said = ''
  #reading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  /** Throws `ConfigurationError` with every fault. */
  static async open(parts: ProvidedSecretsParts): Promise<ProvidedSecrets> {
    const { files, environment } = parts.sources
    const stamp = stampOfKeysFiles(files, environment)
    const set = await readProvision(parts.sources, parts)
    if (set.faults.length > 0) throw new ConfigurationError(set.faults)
    return new ProvidedSecrets(parts, set, stamp)
  }

  private constructor(parts: ProvidedSecretsParts, set: Provision, stamp: string) {
    this.#parts = parts
    this.#set = set
    this.#stamp = stamp
    this.#seen = stamp
    this.#tell('the keys of the environment are read')
  }

  techName(hash: string): string | undefined {
    return this.#set.byHash.get(hash)
  }

  provides(techName: string): boolean {
    return this.#set.names.has(techName)
  }

  /** Looks at the files every second. Nothing to look at: nothing is done. */
  watch(): void {
    if (this.#parts.sources.files.length === 0) return
    this.#timer = setInterval(() => void this.look(), POLL_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
  }

  /** Reads the files anew when they changed and have stood still since the last look. */
  look(): Promise<void> {
    const now = this.#stampNow()
    const still = now === this.#seen
    this.#seen = now
    return still && now !== this.#stamp ? this.reload() : Promise.resolve()
  }

  /** Reads everything anew, one reading at a time. Never rejects: what is wrong is in the log. */
  reload(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    const before = this.#stampNow()
    try {
      const next = await readProvision(this.#parts.sources, this.#parts)
      const gone = this.#set.read.filter((file) => !next.read.includes(file)).map((file) => `${file}: is gone`)
      const faults = [...new Set([...gone, ...next.faults])]
      if (before !== this.#stampNow()) faults.push('the files changed while they were read')
      if (faults.length > 0) return this.#refuse(faults)
      this.#set = next
      this.#stamp = before
      this.#said = ''
      this.#parts.onChange()
      this.#tell('the keys of the environment were read anew')
    } catch (error) {
      this.#refuse([(error as Error).message])
    }
  }

  /** Said once for each fault: it is looked at again every second. */
  #refuse(faults: readonly string[]): void {
    const text = faults.join('\n')
    if (text === this.#said) return
    this.#said = text
    this.#parts.log.error({ faults }, 'the keys of the environment were not read anew: the former ones stay in use')
  }

  #tell(message: string): void {
    const { names, warnings } = this.#set
    if (names.size > 0) this.#parts.log.info({ provided: names.size }, message)
    for (const { kind, message: warning } of warnings) this.#parts.log.warn({ kind }, warning)
  }

  #stampNow(): string {
    const { files, environment } = this.#parts.sources
    return stampOfKeysFiles(files, environment)
  }
}
