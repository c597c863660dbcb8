import { type Finding, GOALS } from '../goals.ts'
import { type Latency, latency, STEADY_RATE } from '../load.ts'
import { path, type Standing, url } from '../peers/peer.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { warmUp } from '../sample.ts'
import { differences, median } from '../statistics.ts'
import { proxies } from './proxy.ts'
import { type Bench, type Scenario, withPeers } from './scenario.ts'

interface Times {
  readonly name: string
  readonly p50: number[]
  readonly p99: number[]
}

/** Latency at a steady rate that none of them finds hard, against the upstream asked directly. */
export const steady: Scenario = async (bench) => {
  const all = await withPeers(bench, proxies(bench), (up) => rounds(bench, [bench.upstream, ...up]))
  const direct = all[0]!
  return {
    title: `latency at a steady ${STEADY_RATE} req/s, answers of 200 B`,
    tables: [
      {
        columns: ['ms', 'p50', 'added', 'p99', 'added'],
        rows: all.map((times) => [
          times.name,
          spanned(times.p50),
          figure(median(differences(times.p50, direct.p50))),
          spanned(times.p99),
          figure(median(differences(times.p99, direct.p99))),
        ]),
      },
    ],
    findings: findings(all, direct),
    notes: unsteady('nginx', 'p50', all.find((times) => times.name === 'nginx')?.p50 ?? []),
    data: all,
  }
}

async function rounds(bench: Bench, targets: readonly Standing[]): Promise<Times[]> {
  const all = targets.map((target) => ({ name: target.name, p50: [] as number[], p99: [] as number[] }))
  const ask = (target: Standing, seconds: number): Promise<Latency> =>
    latency(bench.lab, { url: url(target, 'small'), headers: target.headers }, seconds)
  for (const target of targets) await warmUp(bench.lab, target, { path: path(target, 'small') })
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const [i, target] of targets.entries()) {
      const seen = await ask(target, bench.options.seconds)
      all[i]!.p50.push(seen.p50)
      all[i]!.p99.push(seen.p99)
    }
  }
  return all
}

function findings(all: readonly Times[], direct: Times): Finding[] {
  const ours = all.find((times) => times.name === 'Octroi')
  if (!ours) return []
  return [
    { goal: GOALS.added_p50, by: 'h2load', values: differences(ours.p50, direct.p50) },
    { goal: GOALS.added_p99, by: 'h2load', values: differences(ours.p99, direct.p99) },
  ]
}
