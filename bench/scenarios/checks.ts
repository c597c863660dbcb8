import { type Finding, GOALS } from '../goals.ts'
import { latency, STEADY_RATE } from '../load.ts'
import { caddyForwardAuth, trivialChecker } from '../peers/caddy_forward_auth.ts'
import type { Standing } from '../peers/peer.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { warmUp } from '../sample.ts'
import { checkSite } from '../sites.ts'
import { median, ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

interface Times {
  readonly name: string
  readonly p50: number[]
  readonly p99: number[]
}

const CADDY = 'Caddy, forward_auth to a trivial server'
const OURS = 'Octroi forward-auth'

/** How long a check takes at a steady rate that nobody finds hard: Octroi asked directly, Caddy that asks nobody of note, Caddy that asks Octroi. */
export const checks: Scenario = async (bench) => {
  const up: Standing[] = []
  const start = async (server: Promise<Standing>) => {
    const standing = await server
    up.push(standing)
    return standing
  }
  try {
    const trivial = await start(trivialChecker(bench.lab))
    const caddy = await start(
      caddyForwardAuth(bench.lab, { name: trivial.name, port: trivial.port, path: '/', headers: {} }),
    )
    const asked = [{ ...caddy, prefix: '/page' }]
    if (bench.product) {
      const { server, headers, key } = await checkSite(bench.lab, bench.product, bench.upstream.port)
      await start(Promise.resolve(server))
      const direct = { ...server, name: OURS, prefix: '/forward-auth', headers: { ...headers, 'API-KEY': key } }
      const behind = { name: 'Octroi', port: server.port, path: '/forward-auth', headers: { 'API-KEY': key } }
      const both = await start(caddyForwardAuth(bench.lab, behind))
      asked.push(direct, { ...both, prefix: '/page' })
    }
    return report(await rounds(bench, asked))
  } finally {
    await Promise.all(up.map((server) => server.stop()))
  }
}

async function rounds(bench: Bench, asked: readonly Standing[]): Promise<Times[]> {
  const all = asked.map(({ name }) => ({ name, p50: [] as number[], p99: [] as number[] }))
  for (const server of asked) await warmUp(bench.lab, server, { path: server.prefix })
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const [i, { port, prefix, headers }] of asked.entries()) {
      const seen = await latency(
        bench.lab,
        { url: `http://127.0.0.1:${port}${prefix}`, headers },
        bench.options.seconds,
      )
      all[i]!.p50.push(seen.p50)
      all[i]!.p99.push(seen.p99)
    }
  }
  return all
}

function report(all: readonly Times[]) {
  const caddy = all.find(({ name }) => name === CADDY)!
  return {
    title: `latency of a check at a steady ${STEADY_RATE} req/s`,
    tables: [
      {
        columns: ['ms', 'p50', 'p99', 'p99 ÷ Caddy'],
        rows: all.map(({ name, p50, p99 }) => [
          name,
          spanned(p50),
          spanned(p99),
          figure(median(ratios(p99, caddy.p99))),
        ]),
      },
    ],
    findings: findings(all, caddy),
    notes: unsteady('Caddy', 'p50', caddy.p50),
    data: all,
  }
}

function findings(all: readonly Times[], caddy: Times): Finding[] {
  const ours = all.find(({ name }) => name === OURS)
  return ours ? [{ goal: GOALS.check_p99, by: 'h2load', values: ratios(ours.p99, caddy.p99) }] : []
}
