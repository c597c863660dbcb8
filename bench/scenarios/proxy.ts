import { type Finding, GOALS, type Goal } from '../goals.ts'
import { caddy } from '../peers/caddy.ts'
import { fastify } from '../peers/fastify.ts'
import { nginx } from '../peers/nginx.ts'
import { octroi } from '../peers/octroi.ts'
import type { Peer, Size } from '../peers/peer.ts'
import { figure, spanned, type Table, unsteady } from '../report.ts'
import { interleave, type Series } from '../sample.ts'
import { median, ratios } from '../statistics.ts'
import { type Bench, type Scenario, withPeers } from './scenario.ts'

const STRICT = 'OCTROI_AUDIT'
/**
 * Nango is not run here (it brings several containers): with Nango 0.71 on two shared cores and 32 connections 1000-2300 µs were
 * recorded, on a machine where nginx took 6.5 µs. The best of it is the yardstick, and nginx is how the two machines compare.
 */
const NANGO_CPU_MICROS = 1000
const NGINX_CPU_MICROS_BESIDE_NANGO = 6.5

/** Every peer that proxies. Octroi a second time with strict audit, where that setting exists. */
export function proxies({ product }: Bench): Peer[] {
  const others = [nginx, caddy, fastify]
  if (!product) return others
  const strict = product.knows(STRICT) ? [octroi(product, 'Octroi, strict audit', { [STRICT]: 'strict' })] : []
  return [...others, octroi(product), ...strict]
}

export const small: Scenario = (bench) => proxy(bench, 'small', 'proxy, answers of 200 B', smallFindings)
export const large: Scenario = (bench) => proxy(bench, 'large', 'proxy, answers of 100 KB', largeFindings)

async function proxy(bench: Bench, size: Size, title: string, judge: (all: readonly Series[]) => Finding[]) {
  const all = await withPeers(bench, proxies(bench), (up) => interleave(bench.lab, up, size, bench.options))
  const reference = all[0]!
  return {
    title,
    tables: [table(all, reference)],
    findings: judge(all),
    notes: [
      ...unsteady('nginx', 'CPU per request', reference.cpuMicros),
      ...unsteady('nginx', 'req/s', reference.perSecond),
      ...idleNotes(all),
    ],
    data: all.map(({ peer, ...figures }) => ({ peer: peer.name, ...figures })),
  }
}

function table(all: readonly Series[], reference: Series): Table {
  return {
    columns: ['one core', 'req/s', 'of nginx', 'CPU µs/request', 'of nginx', 'busy', 'PSS MB idle', 'under load'],
    rows: all.map((series) => [
      series.peer.name,
      spanned(series.perSecond),
      figure(median(ratios(series.perSecond, reference.perSecond))),
      spanned(series.cpuMicros),
      figure(median(ratios(series.cpuMicros, reference.cpuMicros))),
      `${(median(series.busy) * 100).toFixed(0)} %`,
      figure(series.idleMegabytes),
      figure(Math.max(...series.megabytes)),
    ]),
  }
}

/** req/s of a server that waited for its load understates it, and flatters whoever is compared with it. */
function idleNotes(all: readonly Series[]): string[] {
  const waited = all.filter((series) => median(series.busy) < 0.9).map((series) => series.peer.name)
  return waited.length > 0
    ? [`not the limit of the run (busy below 90 %): ${waited.join(', ')}; for these read the CPU, not req/s`]
    : []
}

function find(all: readonly Series[], name: string): Series | undefined {
  return all.find((series) => series.peer.name === name)
}

/** Both ways to say "as fast as": requests per second, and the processor time that one request takes. */
function against(goal: Goal, ours: Series, theirs: Series): Finding[] {
  return [
    { goal, by: 'CPU/request', values: ratios(theirs.cpuMicros, ours.cpuMicros) },
    { goal, by: 'req/s', values: ratios(ours.perSecond, theirs.perSecond) },
  ]
}

function smallFindings(all: readonly Series[]): Finding[] {
  const ours = find(all, 'Octroi')
  if (!ours) return []
  const scaled = ratios(ours.cpuMicros, find(all, 'nginx')!.cpuMicros)
  const nango = scaled.map((ofNginx) => (ofNginx * NGINX_CPU_MICROS_BESIDE_NANGO) / NANGO_CPU_MICROS)
  return [
    ...against(GOALS.small_nginx, ours, find(all, 'nginx')!),
    ...against(GOALS.small_caddy, ours, find(all, 'Caddy')!),
    { goal: GOALS.small_nango, by: 'CPU/request, scaled', values: nango },
  ]
}

function largeFindings(all: readonly Series[]): Finding[] {
  const ours = find(all, 'Octroi')
  return ours ? against(GOALS.large_nginx, ours, find(all, 'nginx')!) : []
}
