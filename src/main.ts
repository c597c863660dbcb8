import type { DataFolderOperations } from './cli/data_folder.ts'
import { runCli } from './cli/run.ts'
import { VERSION } from './version.ts'

/**
 * argv → command. The only file that knows the CLI and the installation. What a command needs is loaded when it is used: `octroi
 * --help` loads no server, and `octroi serve` no prompts.
 */
const data: DataFolderOperations = {
  async init(settings) {
    return (await import('./installation/init.ts')).initInstallation(settings)
  },
  async serve(settings) {
    const gate = await (await import('./app.ts')).startGate(settings)
    // One request that fails where nobody waits for it must not end all the others.
    process.on('unhandledRejection', (err) => gate.log.error({ err }, 'a failure that nobody waited for'))
    return gate
  },
  async rotateVault(settings, options, progress) {
    return (await import('./installation/rotate.ts')).rotateVault(settings, options, progress)
  },
  async backup(settings, file, progress) {
    return (await import('./installation/backup.ts')).backupInstallation(settings, file, progress)
  },
  async restore(settings, file, options, progress) {
    return (await import('./installation/restore.ts')).restoreInstallation(settings, file, options, progress)
  },
  async verifyAudit(settings, heads) {
    return (await import('./installation/verify.ts')).verifyAuditTrail(settings, heads)
  },
  async doctor(settings, options) {
    return (await import('./installation/doctor.ts')).runDoctor(settings, options)
  },
}

/** Whoever reads our output may have read enough (`octroi key ls | head`). */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const LINGER_MS = 2_000

runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  version: VERSION,
  now: Date.now,
  data,
}).then((code) => {
  process.exitCode = code
  // A start that failed half-way may have left a connection open; nothing is waited for any more.
  setTimeout(() => process.exit(), LINGER_MS).unref()
})
