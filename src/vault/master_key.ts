import type { KeyObject } from 'node:crypto'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigurationError } from '../core/errors.ts'
import { keyFrom } from './seal.ts'

/** Where the master key comes from: 32 bytes in base64, from the environment or from a file that only its owner can read. */
export type MasterKeySource = { readonly value: string } | { readonly file: string }

export function readMasterKey(source: MasterKeySource): KeyObject {
  if ('value' in source) return decode(source.value, 'OCTROI_MASTER_KEY')
  if (!existsSync(source.file)) {
    throw new ConfigurationError([
      `The master key is missing: there is no file ${source.file}. Put it back, or set OCTROI_MASTER_KEY or OCTROI_MASTER_KEY_FILE. Nothing was changed.`,
    ])
  }
  refuseOpenFile(source.file)
  return decode(readFileSync(source.file, 'utf8'), source.file)
}

/** Makes a key file (0600) that did not exist, and has it on disk before it returns. */
export function createMasterKeyFile(file: string): KeyObject {
  const text = randomBytes(32).toString('base64')
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeSync(descriptor, `${text}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return decode(text, file)
}

function decode(text: string, from: string): KeyObject {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64')
  const canonical = bytes.toString('base64').replace(/=+$/, '')
  if (bytes.length !== 32 || canonical !== trimmed.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')) {
    throw new ConfigurationError([
      `${from}: the master key must be 32 bytes in base64 (made by: openssl rand -base64 32).`,
    ])
  }
  return keyFrom(bytes)
}

function refuseOpenFile(file: string): void {
  const mode = statSync(file).mode & 0o077
  // Group read is how container platforms hand secrets to a process that is not root; anybody's read is not.
  if ((mode & 0o007) !== 0) {
    throw new ConfigurationError([`${file}: other users can read the master key. Set its mode to 0600 (chmod 600).`])
  }
}
