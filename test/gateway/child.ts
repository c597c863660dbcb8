import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { readSettings } from '../../src/config/settings.ts'
import { initInstallation } from '../../src/installation/init.ts'

export interface ChildGate {
  readonly url: string
  readonly adminKey: string
  readonly folder: string
  /** All that it wrote so far, both streams. */
  output(): Buffer
  /** Ends the process; the data folder stays until `remove`. */
  stop(): Promise<void>
  remove(): Promise<void>
}

export async function startChildGate(env: Readonly<Record<string, string>>): Promise<ChildGate> {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-test-'))
  const all = { OCTROI_DATA_DIR: folder, OCTROI_LISTEN: '127.0.0.1:0', ...env }
  const { admin_key } = await initInstallation(readSettings({ env: all }))
  const child = spawn(process.execPath, [new URL('./child_gate.ts', import.meta.url).pathname], {
    env: { PATH: process.env.PATH ?? '', ...all },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.push(chunk))
  const address = child.stdio[3] as Readable
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(address, 'data'),
    exited.then(() => Promise.reject(new Error(String(Buffer.concat(output))))),
  ])
  return {
    url: String(line).trim(),
    adminKey: admin_key,
    folder,
    output: () => Buffer.concat(output),
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
