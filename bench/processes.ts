import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { processTree } from './proc.ts'

export interface Command {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  /** CPU list for taskset; undefined leaves the scheduler free (a machine with one core). */
  readonly cpus: string | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly cwd: string
  /** Where its stdout and stderr go; the end of it is shown when the start fails. */
  readonly log: string
}

export interface Running {
  readonly name: string
  readonly pid: number
  /** The last lines that it wrote. */
  readonly tail: () => string
  readonly ended: () => boolean
  /** SIGTERM, then SIGKILL for whatever of its tree is left after 10 s. */
  readonly stop: () => Promise<void>
}

const running = new Set<Running>()

/** Starts a program in an environment of its own: what the operator's shell exports must not change a figure. */
export function launch(command: Command): Running {
  const log = openSync(command.log, 'a', 0o600)
  const pinned = command.cpus === undefined ? [] : ['taskset', '-c', command.cpus]
  const [file, ...args] = [...pinned, command.file, ...command.args]
  const child = spawn(file!, args, {
    cwd: command.cwd,
    env: { PATH: process.env.PATH, HOME: command.cwd, LANG: 'C', ...command.env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.once('error', (error) => console.error(`bench: cannot start ${command.name}: ${error.message}`))
  const handle: Running = {
    name: command.name,
    pid: child.pid ?? -1,
    tail: () => readFileSync(command.log, 'utf8').split('\n').slice(-15).join('\n').trim(),
    ended: () => hasEnded(child),
    stop: () => stop(child).finally(() => running.delete(handle)),
  }
  running.add(handle)
  return handle
}

/** Nothing that we started outlives us, whatever happened. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()))
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const tree = processTree(child.pid!)
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([exit, sleep(10_000, undefined, { ref: false })])
  if (hasEnded(child)) return
  for (const pid of tree) kill(pid)
  await exit
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}
