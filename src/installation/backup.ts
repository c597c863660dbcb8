import { createHash, type KeyObject } from 'node:crypto'
import { createWriteStream, existsSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Settings } from '../config/settings.ts'
import { OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import { PURPOSES } from '../core/purposes.ts'
import { DUMP_TABLES, type Dump, type DumpTable, openDump } from '../store/dump.ts'
import { syncFolder } from '../store/dump_swap.ts'
import { VERSION } from '../version.ts'
import { type BackupHeader, backupMac, FORMAT } from './backup_format.ts'
import { locationOf, openInstallation } from './open.ts'

export interface BackupReport {
  readonly rows: number
  readonly bytes: number
}

export type Progress = (rows: number) => void

/** Writes everything but the master key into one file, while Octroi serves or not. An existing file is left alone. */
export async function backupInstallation(
  settings: Settings,
  file: string,
  progress: Progress = () => undefined,
): Promise<BackupReport> {
  const path = resolve(file)
  if (existsSync(path)) throw taken(path)
  const { open, ring } = await openInstallation(settings)
  try {
    const dump = await openDump(locationOf(settings))
    try {
      return await write(path, dump, settings.environment, ring.derivedKey(PURPOSES.backup), progress)
    } finally {
      await dump.close()
    }
  } finally {
    await open.close()
  }
}

async function write(
  path: string,
  dump: Dump,
  environment: string,
  key: KeyObject,
  progress: Progress,
): Promise<BackupReport> {
  // In the same folder, so that the last step is a change of name; and ours alone from the first byte.
  const draft = `${path}.${randomId(6)}.partial`
  const written = { rows: 0 }
  try {
    const descriptor = openSync(draft, 'wx', 0o600)
    const lines = linesOf(dump, environment, key, (rows) => {
      written.rows = rows
      progress(rows)
    })
    await pipeline(Readable.from(lines), createGzip({ level: 3 }), createWriteStream(draft, { fd: descriptor }))
    await sync(draft)
    publish(draft, path)
  } catch (cause) {
    rmSync(draft, { force: true })
    if (cause instanceof OctroiError) throw cause
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new OctroiError('store_unavailable', `The backup could not be written to ${path} (${why}).`, { cause })
  }
  return { rows: written.rows, bytes: statSync(path).size }
}

/** Text in pieces that are worth a write, each vouched for by the trailer. */
async function* linesOf(dump: Dump, environment: string, key: KeyObject, progress: Progress): AsyncGenerator<string> {
  const digest = createHash('sha256')
  const vouched = (text: string) => {
    digest.update(text)
    return text
  }
  const header: BackupHeader = {
    octroi: 'backup',
    format: FORMAT,
    version: VERSION,
    engine: dump.engine,
    migrations: dump.migrations,
    environment,
    created_at: new Date().toISOString(),
  }
  yield vouched(`${JSON.stringify(header)}\n`)
  let rows = 0
  for (const table of Object.keys(DUMP_TABLES) as DumpTable[]) {
    for await (const part of dump.parts(table)) {
      yield vouched(part.map((row) => `${JSON.stringify({ table, row })}\n`).join(''))
      rows += part.length
      progress(rows)
    }
  }
  yield `${JSON.stringify({ trailer: { rows, mac: backupMac(key, digest) } })}\n`
}

async function sync(path: string): Promise<void> {
  const handle = await openFile(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A link, unlike a rename, refuses a name that somebody took meanwhile. Not every file system has links. */
function publish(draft: string, path: string): void {
  try {
    linkSync(draft, path)
    rmSync(draft)
  } catch (error) {
    if (existsSync(path)) throw taken(path)
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes((error as { code?: string }).code ?? ''))
      throw error
    renameSync(draft, path)
  }
  syncFolder(dirname(path))
}

function taken(path: string): OctroiError {
  return new OctroiError('conflict', `There is a file ${path} already. Nothing was written.`)
}
