import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A program of the system that a test started. */
export interface Program {
  /** What it wrote to stdout and stderr. */
  log(): string
  stop(): Promise<void>
}

/** Starts `command` in `folder` and waits until it takes connections on `port`. */
export async function startProgram(command: readonly string[], folder: string, port: number): Promise<Program> {
  const [file = '', ...args] = command
  const path = join(folder, 'log')
  const log = openSync(path, 'a')
  const env = {
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  }
  const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', log, log] })
  closeSync(log)
  const exited = once(child, 'exit').catch((error) => [error])
  const program: Program = {
    log: () => readFileSync(path, 'utf8'),
    async stop() {
      if (hasEnded(child)) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(timer)
    },
  }
  while (!(await answers(port))) {
    if (hasEnded(child)) throw new Error(`${file} did not start (is it installed?)\n${program.log()}`)
    await wait(5)
  }
  return program
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (value: boolean) => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

/** Ports of 127.0.0.1 that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as { port: number }).port
    }),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
