import type { Lab } from '../lab.ts'
import type { Options } from '../options.ts'
import type { Peer, Standing } from '../peers/peer.ts'
import type { Product } from '../product.ts'
import type { Report } from '../report.ts'

export interface Bench {
  readonly lab: Lab
  readonly options: Options
  readonly upstream: Standing
  /** Undefined with --peers-only. */
  readonly product: Product | undefined
}

/** Starts what it needs, measures, stops what it started, and says what it found. */
export type Scenario = (bench: Bench) => Promise<Report>

/** Starts the peers one after the other, runs `work` with all of them up, and stops them whatever happened. */
export async function withPeers<T>(
  bench: Bench,
  peers: readonly Peer[],
  work: (up: Standing[]) => Promise<T>,
): Promise<T> {
  const up: Standing[] = []
  try {
    for (const start of peers) up.push(await start(bench.lab, bench.upstream.port))
    return await work(up)
  } finally {
    await Promise.all(up.map((peer) => peer.stop()))
  }
}
