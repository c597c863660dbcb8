import { readdirSync, readFileSync } from 'node:fs'

/** Linux only: what /proc says of a process tree. See proc(5). */

/** USER_HZ is 100 on every Linux that Node runs on; the kernel scales what it shows to it. */
const TICKS_PER_SECOND = 100

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The fields of /proc/PID/stat from the third on: the second, the program's name, may hold blanks and brackets. */
function stat(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    const fields = /^\d+$/.test(entry) ? stat(Number(entry)) : undefined
    if (fields) parents.set(Number(entry), Number(fields[1]))
  }
  const tree = [root]
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  }
  return tree
}

/** Seconds of processor time (user + system) that the tree has used so far. */
export function cpuSeconds(root: number): number {
  let ticks = 0
  for (const pid of processTree(root)) {
    const fields = stat(pid)
    if (fields) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_SECOND
}

/** Proportional set size of the tree in MB (10^6): pages shared by several processes are counted once in sum. */
export function pssMegabytes(root: number): number {
  let kib = 0
  for (const pid of processTree(root)) {
    const match = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')
    kib += Number(match?.[1] ?? 0)
  }
  return (kib * 1024) / 1e6
}

/** The most memory in MB (10^6) that the tree has had resident since it started, shared pages and all: the kernel's high-water marks. */
export function peakRssMegabytes(root: number): number {
  const marks = processTree(root).map((pid) => /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1])
  return (marks.reduce((sum, kib) => sum + Number(kib ?? 0), 0) * 1024) / 1e6
}

/** Open TCP connections on this machine whose far end is `port` of 127.0.0.1. */
export function connectionsTo(port: number): number {
  const far = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const established = '01'
  const lines = (read('/proc/net/tcp') ?? '').split('\n').slice(1)
  return lines.map((line) => line.trim().split(/\s+/)).filter((f) => f[2] === far && f[3] === established).length
}

/** Busy and total ticks of the whole machine since it started. */
function machineTicks(): { busy: number; total: number } {
  const fields = (read('/proc/stat') ?? '').split('\n')[0]!.split(/\s+/).slice(1, 9).map(Number)
  const total = fields.reduce((sum, ticks) => sum + ticks, 0)
  const [, , , idle = 0, waiting = 0] = fields
  return { busy: total - idle - waiting, total }
}

/** The share of all processors that is in use during `ms`, 0..1. */
export async function machineLoad(ms: number): Promise<number> {
  const begin = machineTicks()
  await new Promise((resolve) => setTimeout(resolve, ms))
  const end = machineTicks()
  return (end.busy - begin.busy) / Math.max(1, end.total - begin.total)
}
