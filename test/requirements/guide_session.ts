import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const READY_WITHIN_MS = 15_000

/** A folder, the real program in it, and one shell in which everything is typed. */
export interface Session {
  readonly folder: string
  write(file: string, text: string): void
  /** What the command says, both streams, as a person sees them. A command that fails says so at its end. */
  type(command: string): Promise<string>
  /** A command that stays, in a terminal of its own, until it has written so into its log. */
  serve(command: string, saying: string): Promise<void>
  /** Until it has written that, once more than before. */
  untilServed(text: string): Promise<void>
  close(): Promise<void>
}

/** `lines` are put before everything that is typed: functions and variables of this machine. */
export function openSession(lines: readonly string[]): Session {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-guide-'))
  writeFileSync(join(folder, 'octroi'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  chmodSync(join(folder, 'octroi'), 0o755)
  const env = { PATH: process.env.PATH ?? '', HOME: folder, NODE_NO_WARNINGS: '1' }
  const shell = spawn('bash', ['--norc'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  shell.stdin.write(`exec 2>&1\n${lines.join('\n')}\n`)
  const servers: ChildProcess[] = []
  let log = ''
  let count = 0
  return {
    folder,
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    },
    async type(command) {
      const end = `--- ${++count} ended with `
      const said = untilLine(shell, end)
      shell.stdin.write(`${command} </dev/null\necho "${end}$?"\n`)
      const { text, rest } = await said
      return rest === '0' ? text : `${text}(exit ${rest})\n`
    },
    async serve(command, saying) {
      const server = spawn('bash', ['-c', `exec ${command}`], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
      servers.push(server)
      for (const stream of [server.stdout, server.stderr])
        stream?.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
      await until(server, () => log, saying)
    },
    async untilServed(text) {
      await until(servers.at(-1) as ChildProcess, () => log, text)
      log = ''
    },
    async close() {
      shell.kill()
      for (const server of servers) {
        if (server.exitCode !== null) continue
        const closed = new Promise((resolve) => server.once('close', resolve))
        server.kill('SIGTERM')
        await closed
      }
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The output up to the line that begins with `end`, and what stands behind that. */
function untilLine(shell: ChildProcess, end: string): Promise<{ text: string; rest: string }> {
  return new Promise((resolve, reject) => {
    let all = ''
    const read = (chunk: Buffer) => {
      all += chunk.toString('utf8')
      const at = all.indexOf(end)
      const lineEnd = all.indexOf('\n', at)
      if (at === -1 || lineEnd === -1) return
      shell.stdout?.off('data', read)
      shell.off('close', ended)
      resolve({ text: all.slice(0, at), rest: all.slice(at + end.length, lineEnd) })
    }
    const ended = () => reject(new Error(`the shell ended: ${all}`))
    shell.stdout?.on('data', read)
    shell.once('close', ended)
  })
}

async function until(server: ChildProcess, log: () => string, text: string): Promise<void> {
  const end = performance.now() + READY_WITHIN_MS
  while (!log().includes(text)) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}: ${log()}`)
    if (performance.now() > end) throw new Error(`the server did not say "${text}" in time: ${log().slice(-2_000)}`)
    await wait(20)
  }
}
