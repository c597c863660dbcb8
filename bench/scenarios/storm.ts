import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { requestText } from '../answer.ts'
import { type Finding, GOALS } from '../goals.ts'
import { SpoiltRun, throughput } from '../load.ts'
import { fastify } from '../peers/fastify.ts'
import { nginx } from '../peers/nginx.ts'
import { octroi } from '../peers/octroi.ts'
import { PATHS, path, type Standing, url } from '../peers/peer.ts'
import { connectionsTo } from '../proc.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { warmUp } from '../sample.ts'
import { median, ratios } from '../statistics.ts'
import { type Bench, type Scenario, withPeers } from './scenario.ts'

const CLIENTS = 200
const WAVES = 3

interface Storm {
  readonly name: string
  readonly before: number[]
  readonly after: number[]
  /** Connections to the upstream that are still open half a second after the storm: those of the pool, and leaks. */
  readonly held: number[]
}

/**
 * Hundreds of clients start downloads and go away. A proxy that does not abort what it asked the upstream for keeps a
 * paused connection for each, until its pool is used up and it stops for good.
 */
export const storm: Scenario = async (bench) => {
  const peers = [nginx, fastify, ...(bench.product ? [octroi(bench.product)] : [])]
  const all: Storm[] = []
  for (const peer of peers) all.push(await withPeers(bench, [peer], ([server]) => rounds(bench, server!)))
  return {
    title: `disconnect storm: ${WAVES} × ${CLIENTS} clients that leave in the middle of an answer`,
    tables: [
      {
        columns: ['200 B, one core', 'req/s before', 'req/s after', 'after/before', 'upstream connections left'],
        rows: all.map((one) => [
          one.name,
          spanned(one.before),
          spanned(one.after),
          figure(median(ratios(one.after, one.before))),
          spanned(one.held),
        ]),
      },
    ],
    findings: findings(all),
    notes: [
      ...unsteady('nginx', 'req/s', all[0]!.before),
      ...all
        .filter((one) => one.after.includes(0))
        .map((one) => `${one.name} answered wrongly or not at all after the storm (0)`),
    ],
    data: all,
  }
}

async function rounds(bench: Bench, server: Standing): Promise<Storm> {
  const seen: Storm = { name: server.name, before: [], after: [], held: [] }
  const load = () =>
    throughput(bench.lab, { url: url(server, 'small'), headers: server.headers }, bench.options.seconds)
  await warmUp(bench.lab, server, { path: path(server, 'small') })
  for (let round = 0; round < bench.options.rounds; round++) {
    seen.before.push((await load()).perSecond)
    for (let wave = 0; wave < WAVES; wave++) await blow(server)
    await sleep(500)
    seen.held.push(connectionsTo(bench.upstream.port))
    seen.after.push(await load().then(({ perSecond }) => perSecond, brokenIsZero))
  }
  return seen
}

function brokenIsZero(error: unknown): number {
  if (error instanceof SpoiltRun) return 0
  throw error
}

async function blow(server: Standing): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => leave(server, i)))
}

/** One client: four kinds in turn, by what it asks for and by whether it waits for the first bytes before it goes. */
function leave(server: Standing, i: number): Promise<void> {
  const path = `${server.prefix}${i % 2 === 0 ? PATHS.large : PATHS.slow}`
  const waits = i % 4 < 2
  return new Promise((resolve) => {
    const socket = connect({ port: server.port, host: '127.0.0.1' }, () => {
      socket.write(requestText(path, { ...server.headers, Connection: 'keep-alive' }))
      if (!waits) setTimeout(() => socket.resetAndDestroy(), i % 20)
    })
    // It reads a little, stops reading so that the answer backs up, and is gone.
    socket.once('data', () => {
      socket.pause()
      setTimeout(() => socket.destroy(), 20 + (i % 30))
    })
    socket.once('error', () => {})
    socket.once('close', () => resolve())
  })
}

function findings(all: readonly Storm[]): Finding[] {
  const ours = all.find((one) => one.name === 'Octroi')
  return ours ? [{ goal: GOALS.storm, by: 'req/s', values: ratios(ours.after, ours.before) }] : []
}
