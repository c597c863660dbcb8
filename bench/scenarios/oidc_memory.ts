import { setTimeout as sleep } from 'node:timers/promises'
import { type SmtpServer, startSmtp } from '../../test/support/smtp.ts'
import { untilAnswer } from '../answer.ts'
import { type Finding, GOALS } from '../goals.ts'
import type { Lab } from '../lab.ts'
import { DISCOVERY } from '../openid.ts'
import { type OpenIdSite, openIdSite, signOns, useAll } from '../openid_site.ts'
import { bareStart } from '../peers/bare.ts'
import { HEALTH, serve, spawnServer } from '../peers/octroi.ts'
import { pssMegabytes } from '../proc.ts'
import { figure, spanned, type Table, unsteady } from '../report.ts'
import { median, percentile, ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

/** People who are signed in, each at ten applications. */
const FEW = 50
const MANY = 10_000
const QUICK_MANY = 1_000
/** Sign-ons and refreshes in each round. */
const SAMPLES = 50
const SETTLE_MS = 5_000

/** One entry per round. */
interface Seen {
  readonly place: OpenIdSite
  /** Milliseconds from spawn to the first 200. */
  readonly health: number[]
  readonly discovery: number[]
  /** MB, after everything was used once and left alone for `SETTLE_MS`. */
  readonly idle: number[]
  /** Milliseconds, medians. */
  readonly signOn: number[]
  readonly refresh: number[]
}

/** Everything that can be loaded is: what an idle gate holds and how soon it answers; with many sessions and grants beside few. */
export const oidcMemory: Scenario = async (bench) => {
  const { lab, options, product, upstream } = bench
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi is measured here'], data: [] }
  const smtp = await startSmtp()
  try {
    const all: Seen[] = []
    for (const sessions of [FEW, options.quick ? QUICK_MANY : MANY]) {
      const place = await openIdSite(lab, product, upstream.port, smtp, sessions)
      all.push({ place, health: [], discovery: [], idle: [], signOn: [], refresh: [] })
    }
    const bare: number[] = []
    await warmUp(lab, all)
    for (let round = 0; round < options.rounds; round++) {
      bare.push(await bareStart(lab))
      for (const one of all) await oneRound(lab, one, smtp, round)
    }
    return report(bench, bare, all)
  } finally {
    await smtp.stop()
  }
}

const TITLE = 'everything loaded: memory and start'

/** A start of each is thrown away. */
async function warmUp(lab: Lab, all: readonly Seen[]): Promise<void> {
  await bareStart(lab)
  for (const { place } of all) await startUntil(lab, place, DISCOVERY)
}

async function oneRound(lab: Lab, { place, ...seen }: Seen, smtp: SmtpServer, round: number): Promise<void> {
  seen.health.push(await startUntil(lab, place, HEALTH))
  seen.discovery.push(await startUntil(lab, place, DISCOVERY))
  const server = await serve(lab, place.site)
  try {
    await useAll(place, smtp)
    await sleep(SETTLE_MS)
    seen.idle.push(pssMegabytes(server.pid))
    const times = await signOns(place, round * SAMPLES, SAMPLES)
    seen.signOn.push(percentile(times.signOn, 0.5))
    seen.refresh.push(percentile(times.refresh, 0.5))
  } finally {
    await server.stop()
  }
}

async function startUntil(lab: Lab, { site }: OpenIdSite, path: string): Promise<number> {
  const began = performance.now()
  const server = spawnServer(lab, site)
  try {
    await untilAnswer(server, site.port, path)
    return performance.now() - began
  } finally {
    await server.stop()
  }
}

function report({ options, product }: Bench, bare: readonly number[], all: readonly Seen[]) {
  return {
    title: TITLE,
    tables: [startTable(bare, all), useTable(all)],
    findings: findings(bare, all),
    notes: [
      ...(options.quick ? [`quick: ${QUICK_MANY} sessions for ${MANY}; what many cost shows only in a full run`] : []),
      ...(product?.kind === 'sources'
        ? ['Octroi ran from its sources, not from the bundle: the goals are for it']
        : []),
      ...unsteady('bare node:http', 'the start', bare),
    ],
    data: { bare, octroi: all.map(({ place, ...figures }) => ({ name: place.site.name, ...figures })) },
  }
}

function startTable(bare: readonly number[], all: readonly Seen[]): Table {
  return {
    columns: ['ms from spawn', 'first answer', 'of bare', 'discovery', 'of bare'],
    rows: [
      ['bare node:http', spanned(bare), '1', '', ''],
      ...all.map(({ place, health, discovery }) => [
        place.site.name,
        spanned(health),
        figure(median(ratios(health, bare))),
        spanned(discovery),
        figure(median(ratios(discovery, bare))),
      ]),
    ],
  }
}

function useTable(all: readonly Seen[]): Table {
  return {
    columns: ['one at a time', 'idle PSS MB', 'sign-on p50 ms', 'refresh p50 ms'],
    rows: all.map(({ place, idle, signOn, refresh }) => [
      place.site.name,
      spanned(idle),
      spanned(signOn),
      spanned(refresh),
    ]),
  }
}

function findings(bare: readonly number[], [few, many]: readonly Seen[]): Finding[] {
  if (few === undefined || many === undefined) return []
  return [
    { goal: GOALS.idle_memory, by: 'PSS, everything loaded', values: few.idle },
    { goal: GOALS.start, by: `ms, ${HEALTH}`, values: ratios(few.health, bare) },
    { goal: GOALS.start, by: 'ms, discovery', values: ratios(few.discovery, bare) },
    { goal: GOALS.openid_growth, by: 'PSS', values: ratios(many.idle, few.idle) },
    { goal: GOALS.openid_growth, by: `start, ${HEALTH}`, values: ratios(many.health, few.health) },
    { goal: GOALS.openid_growth, by: 'start, discovery', values: ratios(many.discovery, few.discovery) },
  ]
}
