import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { ASIDE_FOLDER, swapIsPending, WORK_FOLDER } from '../store/dump_swap.ts'
import { readMasterKey } from '../vault/master_key.ts'
import { type Finding, said } from './doctor_finding.ts'

const LOOPBACK = /^(?:127\.|::1$)/

export function settingsFindings(settings: Settings): Finding[] {
  const findings: Finding[] = []
  const { public_url, trusted_proxies, listen, connectors } = settings
  const warn = (code: string, message: string, advice: string) =>
    findings.push({ level: 'warning', code, message, advice })
  if (public_url === undefined) {
    warn(
      'settings.public_url',
      'OCTROI_PUBLIC_URL is not set: error documents point to the listening address.',
      'Set it to where callers reach Octroi.',
    )
  } else if (public_url.startsWith('http://') && !/^http:\/\/(?:127\.|localhost|\[::1\])/.test(public_url)) {
    warn(
      'settings.public_url',
      `The public URL ${public_url} is plain http: keys would travel in the clear.`,
      'Put a reverse proxy with TLS in front, and set OCTROI_PUBLIC_URL to its https address.',
    )
  } else if (public_url.startsWith('https://') && trusted_proxies.length === 0) {
    warn(
      'settings.trusted_proxies',
      'The public URL is https, but OCTROI_TRUSTED_PROXIES is empty: callers will have the address of the proxy in CIDR checks, limits and the audit trail.',
      'Set it to the address of the reverse proxy.',
    )
  }
  if (!LOOPBACK.test(listen.address) && trusted_proxies.length === 0) {
    warn(
      'settings.listen',
      `Octroi listens on ${listen.address}, which others may reach, without a trusted proxy that speaks TLS.`,
      'Listen on 127.0.0.1 behind a reverse proxy, or set OCTROI_TRUSTED_PROXIES.',
    )
  }
  for (const folder of connectors) {
    if (!existsSync(folder))
      warn(
        'settings.connectors',
        `The connector folder ${folder} does not exist.`,
        'Make it, or take it out of OCTROI_CONNECTORS.',
      )
  }
  if (
    settings.database_url !== undefined &&
    new URL(settings.database_url).searchParams.get('sslmode') === 'disable' &&
    !isLocal(settings.database_url)
  ) {
    warn(
      'settings.database_url',
      'The database on another machine is reached without TLS.',
      'Take sslmode=disable out of OCTROI_DATABASE_URL.',
    )
  }
  return findings
}

function isLocal(url: string): boolean {
  return /^(?:|localhost|127\.|\[::1\])/.test(new URL(url).hostname)
}

/** Others than its owner must not list the data folder, nor read what is in it. */
export function folderFindings({ data_dir }: Settings): Finding[] {
  const stat = statSync(data_dir, { throwIfNoEntry: false })
  if (stat === undefined)
    return [
      {
        level: 'problem',
        code: 'data_folder.missing',
        message: `The data folder ${data_dir} does not exist.`,
        advice: 'Check OCTROI_DATA_DIR, or make an installation with "octroi init".',
      },
    ]
  if (!stat.isDirectory())
    return [{ level: 'problem', code: 'data_folder.missing', message: `${data_dir} is not a folder.` }]
  const findings: Finding[] = []
  if ((stat.mode & 0o022) !== 0) {
    findings.push({
      level: 'problem',
      code: 'data_folder.mode',
      message: `Other users can write to the data folder ${data_dir}.`,
      advice: `chmod 700 ${data_dir}`,
    })
  } else if ((stat.mode & 0o005) !== 0) {
    findings.push({
      level: 'warning',
      code: 'data_folder.mode',
      message: `Other users can look into the data folder ${data_dir}.`,
      advice: `chmod 700 ${data_dir}`,
    })
  }
  for (const name of readdirSync(data_dir).filter((entry) => /\.db(?:-wal|-shm)?$/.test(entry))) {
    const file = join(data_dir, name)
    if (((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) === 0) continue
    findings.push({
      level: 'problem',
      code: 'data_folder.mode',
      message: `Other users can read ${file}.`,
      advice: `chmod 600 ${file}`,
    })
  }
  try {
    accessSync(data_dir, constants.W_OK)
  } catch {
    findings.push({
      level: 'problem',
      code: 'data_folder.readonly',
      message: `This user cannot write to ${data_dir}.`,
      advice: 'Run the doctor as the user that runs Octroi, or give it the folder.',
    })
  }
  return findings
}

export function masterKeyFindings(settings: Settings): Finding[] {
  const source = masterKeySource(settings)
  try {
    readMasterKey(source)
  } catch (error) {
    return [{ level: 'problem', code: 'master_key', message: said(error) }]
  }
  const findings: Finding[] = []
  if ('value' in source) {
    findings.push({
      level: 'warning',
      code: 'master_key.environment',
      message: 'The master key is in the environment, which other tools of this machine may show.',
      advice: 'A file of mode 0600 (OCTROI_MASTER_KEY_FILE) is safer.',
    })
  } else if ((statSync(source.file).mode & 0o077) !== 0) {
    findings.push({
      level: 'warning',
      code: 'master_key.mode',
      message: `Users of the group can read the master key ${source.file}.`,
      advice: `chmod 600 ${source.file}, unless a container platform needs it so.`,
    })
  } else if (settings.database_url === undefined && source.file === join(settings.data_dir, 'master.key')) {
    findings.push({
      level: 'warning',
      code: 'master_key.beside',
      message:
        'The master key lies in the data folder: a copy of the folder holds both the secrets and what opens them.',
      advice: 'Back up with "octroi backup", which leaves it out, or move it and set OCTROI_MASTER_KEY_FILE.',
    })
  }
  return findings
}

const MEGABYTE = 1024 * 1024

export function diskFindings({ data_dir, database_url }: Settings): Finding[] {
  if (!existsSync(data_dir) || database_url !== undefined) return []
  const { bavail, bsize } = statfsSync(data_dir)
  const free = Math.floor((bavail * bsize) / MEGABYTE)
  const advice =
    'With a full disk management answers 503, and calls as well once the audit queue is full. Make room, or lower OCTROI_AUDIT_RETENTION_DAYS.'
  if (free < 100)
    return [
      { level: 'problem', code: 'disk.full', message: `Only ${free} MB are free where the data folder is.`, advice },
    ]
  if (free < 1_024)
    return [{ level: 'warning', code: 'disk.low', message: `${free} MB are free where the data folder is.`, advice }]
  return [{ level: 'ok', code: 'disk', message: `${free} MB are free where the data folder is.` }]
}

export function leftoverFindings({ data_dir }: Settings): Finding[] {
  if (!existsSync(data_dir)) return []
  const findings: Finding[] = []
  if (swapIsPending(data_dir)) {
    findings.push({
      level: 'warning',
      code: 'leftover.restore',
      message: 'A restore was interrupted after its moment of change.',
      advice: 'The next start finishes it; nothing is lost.',
    })
  }
  for (const name of readdirSync(data_dir)) {
    if (WORK_FOLDER.test(name) && !swapIsPending(data_dir)) {
      findings.push({
        level: 'warning',
        code: 'leftover.restore',
        message: `${join(data_dir, name)} is of a restore that was interrupted, or is under way now; the store was not changed by it.`,
        advice: 'Delete it when no restore is under way.',
      })
    }
    if (ASIDE_FOLDER.test(name)) {
      findings.push({
        level: 'warning',
        code: 'leftover.replaced',
        message: `${join(data_dir, name)} holds the files that a restore replaced.`,
        advice: 'Delete it once you are sure that the restore was right.',
      })
    }
  }
  return findings
}
