import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** What the scenarios run; on Debian the package that brings it. */
const PROGRAMS = [
  { program: 'nginx', packages: 'nginx-light' },
  { program: 'caddy', packages: 'caddy' },
  { program: 'wrk', packages: 'wrk' },
  { program: 'h2load', packages: 'nghttp2-client' },
  { program: 'taskset', packages: 'util-linux' },
] as const

/** Debian keeps daemons in /usr/sbin, which the PATH of an ordinary user leaves out. */
export function completePath(): void {
  process.env.PATH = [
    ...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']),
  ].join(':')
}

/** One line per missing program: a scenario that were skipped in silence would look as if it had passed. */
export function missingPrograms(): string[] {
  if (process.platform !== 'linux') return ['the benchmark reads /proc and pins with taskset: it runs on Linux only']
  return PROGRAMS.filter(({ program }) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0).map(
    ({ program, packages }) => `${program} is missing; on Debian or Ubuntu: apt-get install ${packages}`,
  )
}

/** The first version-like text that a command prints. */
function version(file: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' })
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown'
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory_gb: number
  readonly kernel: string
  readonly node: string
  readonly nginx: string
  readonly caddy: string
  readonly wrk: string
  readonly h2load: string
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: allowedCpus().length,
    memory_gb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.versions.node,
    nginx: version('nginx', '-v'),
    caddy: version('caddy', 'version'),
    wrk: version('wrk', '-v'),
    h2load: version('h2load', '--version'),
  }
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memory_gb, kernel, ...versions } = machine
  const programs = Object.entries(versions).map(([name, value]) => `${name} ${value}`)
  return `${cpu}, ${cores} cores, ${memory_gb} GB, Linux ${kernel}; ${programs.join(', ')}`
}

/** The processors that this process may use: fewer than the machine's in a container or under taskset. */
function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })
}

/** Which processors the measured server gets and which the load, the upstream and this program share. */
export interface Pinning {
  readonly server: string | undefined
  readonly load: string | undefined
}

/** The server alone on the first processor; everything else on the others. Nothing to separate on one core. */
export function pin(): Pinning {
  const [first, ...others] = allowedCpus()
  if (others.length === 0) return { server: undefined, load: undefined }
  const load = others.join(',')
  // All threads of this process: its own polling and parsing must not run beside the server.
  spawnSync('taskset', ['-a', '-c', '-p', load, String(process.pid)])
  return { server: String(first), load }
}
