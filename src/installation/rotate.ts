import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Trail } from '../audit/trail.ts'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import { createMasterKeyFile, readMasterKey } from '../vault/master_key.ts'
import { changeMasterKey, type RotationReport, rotateKeyEncryptionKey } from '../vault/rotate.ts'
import { commandLine } from './command_line.ts'
import { auditWriter, type Installation, openInstallation } from './open.ts'

export interface RotateReport extends RotationReport {
  /** Where the new master key is, when it was changed. */
  readonly master_key_file?: string
  /** What the operator has to do now. */
  readonly next?: string
}

/**
 * A new key-encryption key, beside a serving Octroi or not. With `masterKeyFile` the master key as well, in one commit: before it
 * the old one opens the store, after it the new one; a serving Octroi would go on with the old one, so there must be none.
 */
export async function rotateVault(
  settings: Settings,
  { masterKeyFile }: { readonly masterKeyFile?: string | undefined },
  progress: (done: number) => void = () => undefined,
): Promise<RotateReport> {
  const installation = await openInstallation(settings)
  const { open } = installation
  try {
    const lock = masterKeyFile === undefined ? undefined : await open.lockExclusively()
    try {
      // Made first and on disk before the commit: killed between, the old key still opens, and the next try takes this file.
      const master = masterKeyFile === undefined ? undefined : newMasterKey(settings, masterKeyFile)
      return await recorded(installation, () => rotate(installation, master, masterKeyFile, progress))
    } finally {
      await lock?.release()
    }
  } finally {
    await open.close()
  }
}

async function rotate(
  { open, ring }: Installation,
  master: KeyObject | undefined,
  file: string | undefined,
  progress: (done: number) => void,
): Promise<RotateReport> {
  const report = await rotateKeyEncryptionKey(open.store, ring, progress)
  if (master === undefined || file === undefined) return report
  await changeMasterKey(open.store, ring, master)
  const next = `Set OCTROI_MASTER_KEY_FILE to ${file} before the next start, and keep a copy of it where the backups are not. Backups made until now open with the old master key only.`
  return { ...report, master_key_file: file, next }
}

function newMasterKey(settings: Settings, file: string): KeyObject {
  const master = existsSync(file) ? readMasterKey({ file }) : createMasterKeyFile(file)
  if (!master.equals(readMasterKey(masterKeySource(settings)))) return master
  throw new OctroiError('conflict', `${file} holds the master key that is in use. Name a file that does not exist.`)
}

/** The intention is on disk before the change, and the outcome after it. */
async function recorded({ open, auditKey }: Installation, work: () => Promise<RotateReport>): Promise<RotateReport> {
  const trail = new Trail({ activity: open.activity, key: auditKey, writer: auditWriter(open), mode: 'strict' })
  const request = requestId()
  try {
    trail.record(commandLine('vault.rotate', 'started', null, request))
    await trail.flushed()
    const report = await work()
    const target = report.master_key_file === undefined ? `vault:${report.key_id}` : 'vault:master'
    trail.record(commandLine('vault.rotate', 'finished', target, request))
    await trail.flushed()
    return report
  } finally {
    await trail.close()
  }
}
