/**
 * Reads keys out of the configuration that Odoo's `server_environment` reads: `[api_key_<tech_name>]` with `key = ...`. The rules are
 * those of Python's ConfigParser as that module sets it up: `=` or `:`, names of options case-sensitive, comments on lines of their own,
 * no interpolation. Every other section belongs to somebody else and is passed over.
 */
interface ServerEnv {
  /** By the name of the section. */
  readonly sections: ReadonlyMap<string, EnvSection>
  readonly faults: readonly EnvFault[]
}

interface EnvSection {
  readonly line: number
  /** Its option `key`; null: it has none. Empty: the key does not work. */
  readonly key: { readonly value: string; readonly line: number } | null
}

export interface EnvFault {
  readonly line: number
  /** Never what stands there: it may be a key. */
  readonly message: string
}

/** `[api_key_till]` → `till`. */
const SECTION_PREFIX = 'api_key_'
/** In Odoo it gives one key to every record that has none of its own. */
const SHARED_SECTION = 'auth_api_key'
/** In ConfigParser its options stand in every section. */
const EVERY_SECTION = 'DEFAULT'

type Draft = { -readonly [K in keyof EnvSection]: EnvSection[K] }

class Reading {
  readonly sections = new Map<string, Draft>()
  readonly faults: EnvFault[] = []
  /** What the line before belongs to. `undefined`: no section yet, `null`: one that is not ours. */
  #section: Draft | null | undefined
  /** A line that is indented more than this one goes on with it. */
  #option: { readonly indent: number; readonly isKey: boolean } | null = null

  line(text: string, line: number): void {
    const content = text.trim()
    if (content === '' || content.startsWith('#') || content.startsWith(';')) return
    const indent = text.length - text.trimStart().length
    if (this.#option !== null && indent > this.#option.indent) {
      if (this.#option.isKey) this.#fault(line, 'goes on with the value of key: a key stands on one line')
      return
    }
    const header = /^\[(.+)\]/.exec(content)?.[1]
    if (header !== undefined) this.#open(header, line)
    else if (this.#section === undefined) this.#fault(line, 'stands before any [section]')
    else this.#assign(content, indent, line)
  }

  #open(header: string, line: number): void {
    this.#option = null
    this.#section = null
    if (!isOurs(header)) {
      if (isOurs(header.trim().toLowerCase()))
        this.#fault(line, 'is read by nobody in this spelling: small letters, and no spaces inside the brackets')
      return
    }
    // ConfigParser takes all up to the last bracket for the name; what stands there may be a key.
    if (header.includes(']')) {
      this.#fault(line, 'has more behind the first "]", which nobody reads')
      return
    }
    const before = this.sections.get(header)
    if (before !== undefined && header !== EVERY_SECTION) this.#fault(line, `[${header}] is here a second time`)
    this.#section = before ?? { line, key: null }
    this.sections.set(header, this.#section)
  }

  #assign(content: string, indent: number, line: number): void {
    const at = content.search(/[=:]/)
    const name = content.slice(0, Math.max(at, 0)).trimEnd()
    if (name === '') {
      if (this.#section !== null) this.#fault(line, 'is not "name = value"')
      if (this.#option !== null) this.#option = { ...this.#option, indent }
      return
    }
    const isKey = this.#section != null && name === 'key'
    this.#option = { indent, isKey }
    if (this.#section == null || !isKey) return
    if (this.#section.key !== null) this.#fault(line, 'gives key a second time')
    this.#section.key = { value: content.slice(at + 1).trim(), line }
  }

  #fault(line: number, message: string): void {
    this.faults.push({ line, message })
  }
}

function isOurs(section: string): boolean {
  return section.startsWith(SECTION_PREFIX) || section === SHARED_SECTION || section === EVERY_SECTION
}

/** Never throws; a line that cannot be read in one way only is a fault. */
function readServerEnv(text: string): ServerEnv {
  const reading = new Reading()
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (const [i, line] of lines.entries()) reading.line(line, i + 1)
  return reading
}

export interface EnvKey {
  readonly techName: string
  /** Null: the section has no option `key`; another text may give it. Empty: the key does not work. */
  readonly value: string | null
  readonly line: number
}

/** The keys of one text, and what is wrong with it. */
export function keysOfServerEnv(text: string): {
  readonly keys: readonly EnvKey[]
  readonly faults: readonly EnvFault[]
} {
  const { sections, faults } = readServerEnv(text)
  const keys: EnvKey[] = []
  const shared: EnvFault[] = []
  for (const [name, { key, line }] of sections) {
    if (name.startsWith(SECTION_PREFIX))
      keys.push({ techName: name.slice(SECTION_PREFIX.length), value: key?.value ?? null, line: key?.line ?? line })
    else if (key !== null)
      shared.push({
        line: key.line,
        message: `[${name}] would give one key to all: each has its own [${SECTION_PREFIX}<tech_name>]`,
      })
  }
  return { keys, faults: [...faults, ...shared] }
}
