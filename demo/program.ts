import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Octroi as an operator runs it: a process of its own on a data folder. */
export interface Program {
  readonly url: string
  readonly adminKey: string
  stop(): Promise<void>
}

const MAIN = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'main.ts')
const READY_WITHIN_MS = 15_000

/** `octroi init`, then `octroi serve`, both in `folder`, which holds nothing yet. */
export async function startProgram(folder: string, port: number): Promise<Program> {
  const env = environment(folder, port)
  const { admin_key } = JSON.parse(await outputOf(run(['init', '--json'], folder, env)))
  const server = run(['serve'], folder, env)
  const errors = collect(server)
  const url = `http://127.0.0.1:${port}`
  try {
    await ready(url, server, errors)
  } catch (error) {
    await stop(server)
    throw error
  }
  return { url, adminKey: admin_key, stop: () => stop(server) }
}

/** In a process group of its own: a terminal's Ctrl-C would reach it before us, and ours would be the second one, which ends it hard. */
function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
}

/** Settings of the person's own installation must not reach this one. */
function environment(folder: string, port: number): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('OCTROI_'))
  return {
    ...Object.fromEntries(own),
    OCTROI_DATA_DIR: join(folder, 'octroi-data'),
    OCTROI_LISTEN: `127.0.0.1:${port}`,
    OCTROI_LOG_LEVEL: 'error',
  }
}

async function outputOf(child: ChildProcess): Promise<string> {
  const output = collect(child, 'stdout')
  const errors = collect(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`octroi ${child.spawnargs.at(2)} ended with ${code}: ${errors()}`)
  return output()
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr' = 'stderr'): () => string {
  let text = ''
  child[from]?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4_000)
  })
  // What nobody reads would fill the pipe and stop the child.
  child.stdout?.resume()
  return () => text.trim()
}

async function ready(url: string, server: ChildProcess, errors: () => string): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS
  while (performance.now() < until) {
    if (server.exitCode !== null) throw new Error(`octroi serve ended with ${server.exitCode}: ${errors()}`)
    const answer = await fetch(`${url}/ready`).catch(() => undefined)
    if (answer?.ok) return
    await wait(50)
  }
  throw new Error(`octroi serve was not ready in time: ${errors()}`)
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const closed = once(server, 'close')
  server.kill('SIGTERM')
  await closed
}

/** The asked one if it is free, else any. */
export async function freePort(wanted: number): Promise<number> {
  const probe = createServer()
  try {
    return await bound(probe, wanted)
  } catch {
    return await bound(createServer(), 0)
  }
}

async function bound(probe: ReturnType<typeof createServer>, port: number): Promise<number> {
  probe.listen(port, '127.0.0.1')
  await once(probe, 'listening')
  const { port: given } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return given
}
