import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilAnswer } from '../answer.ts'
import { Client } from '../client.ts'
import { type Finding, GOALS } from '../goals.ts'
import { freePort, type Lab } from '../lab.ts'
import { SpoiltRun } from '../load.ts'
import { startNginx } from '../peers/nginx.ts'
import { api, foundSite, type Site, serve, standing } from '../peers/octroi.ts'
import type { Standing } from '../peers/peer.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { measure, newSeries, type Series, warmUp } from '../sample.ts'
import { median, percentile, ratios } from '../statistics.ts'
import { type WriteWatch, watchWrites } from '../writes.ts'
import type { Bench, Scenario } from './scenario.ts'

const PAGE = '/sign-in'
/** Asked for one at a time, for the first byte. */
const SINGLE = 200

interface Seen {
  readonly series: Series
  readonly p50: number[]
  readonly p99: number[]
}

/** Databases that were written in a window: one entry per round, and one for as long a time before anything was asked. */
interface Writes {
  quiet: string[]
  readonly asked: string[][]
}

/** The page on which a sign-in begins, asked for by browsers that were never here; beside nginx with a file of the same size. */
export const signInPage: Scenario = async (bench) => {
  const { lab, options, product } = bench
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi signs people in'], data: [] }
  const site = await foundSite(lab, product, 'Octroi, GET /sign-in')
  const octroi = standing(site, await serve(lab, site), {})
  const page = await fetch(`http://127.0.0.1:${site.port}${PAGE}`)
  const body = await page.text()
  if (page.status !== 200) throw new SpoiltRun(`GET ${PAGE} → ${page.status}`)
  const nginx = await staticPage(lab, body)
  const all = [nginx, octroi].map((peer): Seen => ({ series: newSeries(peer), p50: [], p99: [] }))
  const watch = watchWrites(site.dataDir)
  const writes: Writes = { quiet: [], asked: [] }
  try {
    for (const { series } of all) await warmUp(lab, series.peer, { path: PAGE })
    await tryWatch(watch, site)
    await quietTime(watch, writes, options.seconds)
    for (let round = 0; round < options.rounds; round++) await oneRound(bench, all, watch, writes)
  } finally {
    watch.close()
    await Promise.all([nginx.stop(), octroi.stop()])
  }
  return report(all, writes, Buffer.byteLength(body))
}

const TITLE = 'the page of sign-in, asked for by new browsers'

/** A watch that sees nothing must not be one that cannot see: an account and the line of the trail about it are two writes. */
async function tryWatch(watch: WriteWatch, site: Site): Promise<void> {
  await api(site, '/accounts', { kind: 'service', name: 'seen' })
  // The trail is written in batches.
  await sleep(2_000)
  const seen = watch.look()
  if (seen.length !== 2)
    throw new SpoiltRun(`an account was made, and of the databases only these were seen written: ${named(seen)}`)
}

async function quietTime(watch: WriteWatch, writes: Writes, seconds: number): Promise<void> {
  await sleep(seconds * 1_000)
  writes.quiet = watch.look()
}

async function oneRound({ lab, options }: Bench, all: readonly Seen[], watch: WriteWatch, writes: Writes) {
  watch.look()
  for (const { series, p50, p99 } of all) {
    const times = await firstBytes(series.peer)
    p50.push(percentile(times, 0.5))
    p99.push(percentile(times, 0.99))
    await measure(lab, series, { path: PAGE, seconds: options.seconds })
  }
  writes.asked.push(watch.look())
}

async function firstBytes({ port, name }: Standing): Promise<number[]> {
  const client = new Client(port)
  const times: number[] = []
  try {
    for (let i = 0; i < SINGLE; i++) {
      const { status, ms } = await client.get(PAGE)
      if (status !== 200) throw new SpoiltRun(`${name}: GET ${PAGE} → ${status}`)
      times.push(ms)
    }
  } finally {
    client.close()
  }
  return times
}

async function staticPage(lab: Lab, body: string): Promise<Standing> {
  const room = lab.room('nginx-page')
  const port = await freePort()
  mkdirSync(join(room, 'www'), { mode: 0o755 })
  writeFileSync(join(room, 'www', 'sign-in'), body, { mode: 0o644 })
  const http = `  sendfile on;
  open_file_cache max=10 inactive=300s;
  server { listen 127.0.0.1:${port} backlog=1024; root ${room}/www; }`
  const server = startNginx('nginx, a file of the same size', room, http, lab.pinning.server)
  await untilAnswer(server, port, PAGE)
  return { ...server, port, prefix: '', headers: {} }
}

function report(all: readonly Seen[], writes: Writes, bytes: number) {
  const [nginx] = all
  return {
    title: `${TITLE} (${bytes} B)`,
    tables: [
      {
        columns: ['one core', 'req/s', 'of nginx', 'CPU µs/request', 'first byte p50 ms', 'p99 ms', 'PSS MB'],
        rows: all.map(({ series, p50, p99 }) => [
          series.peer.name,
          spanned(series.perSecond),
          figure(median(ratios(series.perSecond, nginx!.series.perSecond))),
          spanned(series.cpuMicros),
          spanned(p50),
          spanned(p99),
          spanned(series.megabytes),
        ]),
      },
      {
        columns: ['databases written', ''],
        rows: [
          ['while nothing was asked', named(writes.quiet)],
          ...writes.asked.map((names, round) => [`round ${round + 1}`, named(names)]),
        ],
      },
    ],
    findings: findings(writes),
    notes: unsteady('nginx', 'req/s', nginx!.series.perSecond),
    data: {
      bytes,
      writes,
      servers: all.map(({ series: { peer, ...figures }, p50, p99 }) => ({ name: peer.name, ...figures, p50, p99 })),
    },
  }
}

function named(databases: readonly string[]): string {
  return databases.length === 0 ? 'none' : databases.join(', ')
}

function findings({ asked }: Writes): Finding[] {
  const worst = Math.max(...asked.map((names) => names.length))
  return [{ goal: GOALS.signin_writes, by: 'data_version, files', values: [worst] }]
}
