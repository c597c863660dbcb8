import { setTimeout as sleep } from 'node:timers/promises'
import { type Finding, GOALS } from '../goals.ts'
import { CONNECTIONS, calls } from '../load.ts'
import { type Peer, type Standing, url } from '../peers/peer.ts'
import { pssMegabytes } from '../proc.ts'
import { figure } from '../report.ts'
import { proxies } from './proxy.ts'
import { type Bench, type Scenario, withPeers } from './scenario.ts'

const STEPS = 4

interface Use {
  readonly name: string
  readonly idle: number
  /** After each quarter of the calls. */
  readonly after: number[]
  readonly peak: number
}

/** Memory before the first call, and while a million calls pass. One server at a time: a neighbour would share its pages. */
export const memory: Scenario = async (bench) => {
  const step = (bench.options.quick ? 100_000 : 1_000_000) / STEPS
  const all: Use[] = []
  for (const peer of proxies(bench)) all.push(await use(bench, peer, step))
  return {
    title: `memory, ${STEPS * step} calls at ${CONNECTIONS} connections`,
    tables: [
      {
        columns: [
          'PSS MB',
          'idle',
          ...Array.from({ length: STEPS }, (_, i) => `${((i + 1) * step) / 1000}k calls`),
          'peak',
        ],
        rows: all.map((one) => [one.name, figure(one.idle), ...one.after.map(figure), figure(one.peak)]),
      },
    ],
    findings: findings(all.find((one) => one.name === 'Octroi')),
    notes: [
      ...(bench.options.quick ? ['quick: a tenth of the calls; whether it stays flat shows only in a full run'] : []),
      ...(bench.product?.kind === 'sources'
        ? ['Octroi ran from its sources, not from the bundle: the goal is for the bundle']
        : []),
    ],
    data: all,
  }
}

function use(bench: Bench, peer: Peer, step: number): Promise<Use> {
  return withPeers(bench, [peer], async ([server]) => {
    // What the start allocated and dropped is collected or it is not; either way it is what an idle gate holds.
    await sleep(2_000)
    const idle = pssMegabytes(server!.pid)
    const watch = watchPeak(server!)
    const after: number[] = []
    for (let i = 0; i < STEPS; i++) {
      await calls(bench.lab, { url: url(server!, 'small'), headers: server!.headers }, step)
      after.push(pssMegabytes(server!.pid))
    }
    return { name: server!.name, idle, after, peak: watch() }
  })
}

/** Looks twice a second until it is asked. */
function watchPeak(server: Standing): () => number {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, pssMegabytes(server.pid))
  }
  const timer = setInterval(look, 500)
  return () => {
    clearInterval(timer)
    look()
    return peak
  }
}

function findings(ours: Use | undefined): Finding[] {
  if (!ours) return []
  const half = ours.after[STEPS / 2 - 1]!
  return [
    { goal: GOALS.idle_memory, by: 'PSS', values: [ours.idle] },
    { goal: GOALS.loaded_memory, by: 'peak PSS', values: [ours.peak] },
    { goal: GOALS.flat_memory, by: 'PSS', values: [ours.after.at(-1)! / half] },
  ]
}
