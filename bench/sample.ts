import type { Lab } from './lab.ts'
import { throughput } from './load.ts'
import { path, type Size, type Standing } from './peers/peer.ts'
import { cpuSeconds, pssMegabytes } from './proc.ts'

/** What one window under full load showed of one server; one entry per round. */
export interface Series {
  readonly peer: Standing
  readonly idleMegabytes: number
  readonly perSecond: number[]
  /** Microseconds of processor time per request, user + system, over the whole process tree. */
  readonly cpuMicros: number[]
  /** Share of its processor that the server used: far below 1, it waited for the load and its req/s say little. */
  readonly busy: number[]
  readonly megabytes: number[]
}

export function newSeries(peer: Standing): Series {
  return { peer, idleMegabytes: pssMegabytes(peer.pid), perSecond: [], cpuMicros: [], busy: [], megabytes: [] }
}

export interface Window {
  readonly path: string
  readonly seconds: number
  readonly script?: readonly string[]
}

/** Loads the server for one window and adds what was seen to its series. */
export async function measure(lab: Lab, series: Series, window: Window): Promise<void> {
  const { peer } = series
  const begin = cpuSeconds(peer.pid)
  const memory = later(window.seconds * 800, () => pssMegabytes(peer.pid))
  const seen = await throughput(lab, target(peer, window), window.seconds, window.script)
  const used = cpuSeconds(peer.pid) - begin
  series.perSecond.push(seen.perSecond)
  series.cpuMicros.push((used / seen.requests) * 1e6)
  series.busy.push((used * seen.perSecond) / seen.requests)
  series.megabytes.push(await memory)
}

/** V8 has compiled what it will compile after some 20,000 calls, on a slow core too; it takes calls, not seconds. */
const WARM_UP_CALLS = 30_000

export async function warmUp(
  lab: Lab,
  peer: Standing,
  window: Pick<Window, 'path' | 'script'>,
  calls = WARM_UP_CALLS,
): Promise<void> {
  for (let done = 0; done < calls; ) {
    done += (await throughput(lab, target(peer, window), 1, window.script)).requests
  }
}

function target(peer: Standing, { path }: Pick<Window, 'path'>) {
  return { url: `http://127.0.0.1:${peer.port}${path}`, headers: peer.headers }
}

function later<T>(ms: number, look: () => T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(look()), ms))
}

/** Rounds A, B, C, A, B, C ...: a slow minute of the machine falls on all alike. Warmed up first. */
export async function interleave(
  lab: Lab,
  peers: readonly Standing[],
  size: Size,
  plan: { rounds: number; seconds: number },
): Promise<Series[]> {
  const all = peers.map(newSeries)
  for (const series of all) await warmUp(lab, series.peer, { path: path(series.peer, size) })
  for (let round = 0; round < plan.rounds; round++) {
    for (const series of all) await measure(lab, series, { path: path(series.peer, size), seconds: plan.seconds })
  }
  return all
}
