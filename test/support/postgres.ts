import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

/** A real PostgreSQL of our own on 127.0.0.1, in a temporary folder, for one test file. */
export interface Postgres {
  url(database: string): string
  /**
   * A new database and its address. Its collation is a language's, so that nothing here may lean on byte order by luck. It is
   * empty, or starts as what `fill` leaves in an empty one; that is called once for a server.
   */
  createDatabase(fill?: (url: string) => Promise<void>): Promise<string>
  /** Ends the server as a crash does, keeping its data; `up` starts it again on the same port. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<Postgres> {
  const server = new Server()
  try {
    await server.create()
    await server.up()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

let shared: Promise<Postgres> | undefined

/** One server for the tests of a file, started by the first that asks. End it with `stopSharedPostgres` in `afterAll`. */
export function sharedPostgres(): Promise<Postgres> {
  shared ??= startPostgres()
  return shared
}

export async function stopSharedPostgres(): Promise<void> {
  const server = await shared?.catch(() => undefined)
  shared = undefined
  await server?.stop()
}

class Server implements Postgres {
  readonly #programs = findPrograms()
  readonly #user = serverUser()
  readonly #folder = mkdtempSync(join(tmpdir(), 'octroi-postgres-'))
  #process: ChildProcess | undefined
  #port = 0
  #databases = 0
  readonly #filled = new Map<(url: string) => Promise<void>, Promise<string>>()
  readonly #killAtExit = () => this.#process?.kill('SIGQUIT')

  url(database: string): string {
    return `postgres://octroi@127.0.0.1:${this.#port}/${database}`
  }

  async create(): Promise<void> {
    if (this.#user) chownSync(this.#folder, this.#user.uid, this.#user.gid)
    await promisify(execFile)('cp', ['-a', await this.#madeOnce(), this.#data], this.#user)
    this.#port = await freePort()
    process.once('exit', this.#killAtExit)
  }

  /** A data folder that no server ran on yet: made by whoever is first in a run, then copied. */
  async #madeOnce(): Promise<string> {
    const made = join(tmpdir(), 'octroi-postgres-made')
    if (existsSync(made)) return made
    const aside = join(this.#folder, 'made')
    const args = ['-D', aside, '-U', 'octroi', '-E', 'UTF8', '--locale=C', '--auth=trust', '--no-sync']
    await promisify(execFile)(join(this.#programs, 'initdb'), args, { ...this.#user, cwd: this.#folder })
    try {
      renameSync(aside, made)
    } catch (error) {
      if (!existsSync(made)) throw error
    }
    return made
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  async up(): Promise<void> {
    const log = openSync(join(this.#folder, 'log'), 'a')
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.#port,
      unix_socket_directories: this.#folder,
      // What was committed outlives the server, not the machine; no test needs more.
      fsync: 'off',
      full_page_writes: 'off',
    }
    const args = ['-D', this.#data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const [program, ...before] = endedWithUs(this.#user)
    const server = join(this.#programs, 'postgres')
    this.#process = spawn(program ?? server, program ? [...before, server, ...args] : args, {
      ...(program ? {} : this.#user),
      cwd: this.#folder,
      stdio: ['ignore', log, log],
    })
    await this.#answers()
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (this.#process?.exitCode !== null) break
      const client = new pg.Client(this.url('postgres'))
      try {
        await client.connect()
        return
      } catch {
        await sleep(50)
      } finally {
        await client.end().catch(() => undefined)
      }
    }
    throw new Error(`PostgreSQL did not start:\n${readFileSync(join(this.#folder, 'log'), 'utf8').slice(-2_000)}`)
  }

  async createDatabase(fill?: (url: string) => Promise<void>): Promise<string> {
    if (fill === undefined) return this.#create("template template0 locale_provider icu icu_locale 'fr-FR'")
    const filled = this.#filled.get(fill) ?? this.createDatabase().then((url) => fill(url).then(() => url))
    this.#filled.set(fill, filled)
    return this.#create(`template ${basename(await filled)}`)
  }

  async #create(from: string): Promise<string> {
    const name = `t${++this.#databases}`
    const client = new pg.Client(this.url('postgres'))
    await client.connect()
    try {
      await client.query(`create database ${name} ${from}`)
    } finally {
      await client.end()
    }
    return this.url(name)
  }

  async down(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGQUIT')
    await ended
  }

  async stop(): Promise<void> {
    await this.down()
    process.off('exit', this.#killAtExit)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The folder of `initdb` and `postgres`: from the PATH, else where Debian keeps them, the newest version first. */
function findPrograms(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => realFolder(join(folder, 'initdb'))),
    ...versions.map((version) => join(root, version, 'bin')),
  ]
  const found = folders.find(
    (folder) => folder && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
  if (found) return found
  throw new Error(
    'The programs initdb and postgres are missing: install the package "postgresql" (version 15 or newer).',
  )
}

function realFolder(program: string): string | undefined {
  return existsSync(program) ? dirname(realpathSync(program)) : undefined
}

/** PostgreSQL refuses to run as root: the user that its package makes, or nobody. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  return { uid: Number(user?.[2] ?? 65534), gid: Number(user?.[3] ?? 65534) }
}

/** A prefix by which the kernel ends the server when this process is killed, where `setpriv` can do that. */
function endedWithUs(user: { uid: number; gid: number } | undefined): readonly string[] {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))
  if (setpriv === undefined) return []
  const drop = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : []
  return [setpriv, ...drop, '--pdeathsig=QUIT']
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
