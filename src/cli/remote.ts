import { readFileSync } from 'node:fs'
import { createClient, type OctroiClient } from '../client/index.ts'
import { ConfigurationError } from '../core/errors.ts'

export interface RemoteOptions {
  readonly url?: string | undefined
  readonly 'key-file'?: string | undefined
}

const DEFAULT_URL = 'http://127.0.0.1:8700'

/** The server that commands talk to. Throws `ConfigurationError`. */
export function connect(options: RemoteOptions, env: Readonly<Record<string, string | undefined>>): OctroiClient {
  const url = options.url ?? (env.OCTROI_URL || DEFAULT_URL)
  const key = options['key-file'] === undefined ? env.OCTROI_KEY?.trim() : readKey(options['key-file'])
  const faults: string[] = []
  if (key === undefined || key === '') {
    faults.push('You are known to the server by a key: set OCTROI_KEY, or give --key-file PATH.')
  } else if (/[^\x21-\x7e]/.test(key)) {
    faults.push(`${options['key-file'] ?? 'OCTROI_KEY'}: holds more than one key, or something else.`)
  }
  try {
    const client = createClient({ url, key: key ?? '' })
    if (faults.length === 0) return client
  } catch {
    const from = options.url === undefined ? 'OCTROI_URL' : '--url'
    faults.push(`${from}: must be an http or https address without user info, query or fragment, like ${DEFAULT_URL}.`)
  }
  throw new ConfigurationError(faults)
}

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigurationError([`--key-file ${path}: cannot be read (${(error as NodeJS.ErrnoException).code}).`])
  }
}
