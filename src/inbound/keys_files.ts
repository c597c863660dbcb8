import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** One text that may provide keys, and where it is from. */
export interface KeysText {
  readonly name: string
  readonly text: string
}

export interface KeysFiles {
  /** In the order in which they are read: later ones win. */
  readonly texts: readonly KeysText[]
  readonly faults: readonly string[]
  /** Files that every user of the machine can read. */
  readonly open: readonly string[]
}

const MAX_BYTES = 4 * 1024 * 1024

/**
 * Files as they are, folders as Odoo's `server_environment` lays them out: `default/*.conf`, then `<environment>/*.conf`, each in the
 * order of their names.
 */
export function readKeysFiles(paths: readonly string[], environment: string): KeysFiles {
  const { files, faults } = listKeysFiles(paths, environment)
  const texts: KeysText[] = []
  const open: string[] = []
  for (const file of files) {
    try {
      const { mode, size } = statSync(file)
      if (size > MAX_BYTES) throw new Error('too large')
      if ((mode & 0o004) !== 0) open.push(file)
      texts.push({ name: file, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) })
    } catch (error) {
      faults.push(`${file}: ${whyNot(error as NodeJS.ErrnoException)}`)
    }
  }
  return { texts, faults, open }
}

/** What changes when one of the files does, or when one comes or goes. Never throws. */
export function stampOfKeysFiles(paths: readonly string[], environment: string): string {
  const { files, faults } = listKeysFiles(paths, environment)
  return [...files.map((file) => `${file} ${stampOf(file)}`), ...faults].join('\n')
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`
  } catch (error) {
    return whyNot(error as NodeJS.ErrnoException)
  }
}

function listKeysFiles(paths: readonly string[], environment: string): { files: string[]; faults: string[] } {
  const files: string[] = []
  const faults: string[] = []
  for (const path of paths) {
    try {
      if (!statSync(path).isDirectory()) files.push(path)
      else files.push(...confFiles(path, environment))
    } catch (error) {
      faults.push(`${path}: ${whyNot(error as NodeJS.ErrnoException)}`)
    }
  }
  return { files, faults }
}

function confFiles(folder: string, environment: string): string[] {
  const parts = ['default', environment].map((name) => join(folder, name)).filter((part) => existsSync(part))
  if (parts.length === 0) throw new Error(`has neither a folder default nor a folder ${environment}`)
  return [...new Set(parts)].flatMap((part) =>
    readdirSync(part)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(part, name)),
  )
}

/** A code of the system, or our own words: never a part of the file. */
function whyNot({ code, message, name }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file'
  if (name === 'TypeError') return 'is not UTF-8 text'
  if (message === 'too large') return `is larger than ${MAX_BYTES} bytes`
  return code === undefined ? message : `cannot be read (${code})`
}
