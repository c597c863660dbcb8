import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { type Finding, GOALS } from '../goals.ts'
import type { Lab } from '../lab.ts'
import { nginxMap } from '../peers/nginx.ts'
import { serve, standing } from '../peers/octroi.ts'
import { path, type Standing } from '../peers/peer.ts'
import type { Product } from '../product.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { measure, newSeries, type Series, warmUp } from '../sample.ts'
import { CHECK_HEADERS, FILLING, type FilledSite, filledSite, protect, QUICK_FILLING } from '../sites.ts'
import { median, ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

const NGINX_KEYS = 10_000
const FEW = 100

/** One way to ask for a key check, with the keys to draw from. */
interface Check {
  readonly server: Standing
  readonly series: Series
  readonly path: string
  readonly script: readonly string[]
}

export const keys: Scenario = async (bench) => {
  const notes = bench.options.quick
    ? ['quick: so few keys fit every cache; what many cost shows only in a full run']
    : []
  const checks: Check[] = []
  try {
    checks.push(await nginxCheck(bench))
    if (bench.product) await octroiChecks(bench, bench.product, checks)
    await rounds(bench, checks)
  } finally {
    await Promise.all([...new Set(checks.map((check) => check.server))].map((server) => server.stop()))
  }
  return report(
    checks.map((check) => check.series),
    notes,
  )
}

function check(
  lab: Lab,
  server: Standing,
  path: string,
  keyHeader: readonly [string, string],
  known: readonly string[],
): Check {
  const file = join(lab.room('keys'), 'keys.txt')
  writeFileSync(file, known.join('\n'), { mode: 0o600 })
  const script = [join(lab.root, 'bench', 'rotate.lua'), file, ...keyHeader]
  return { server, series: newSeries(server), path, script }
}

async function nginxCheck(bench: Bench): Promise<Check> {
  const known = Array.from({ length: NGINX_KEYS }, () => randomBytes(24).toString('hex'))
  const server = { ...(await nginxMap(bench.lab, known)), name: `nginx map, ${NGINX_KEYS} keys` }
  return check(bench.lab, server, '/', ['X-API-Key', ''], known)
}

async function octroiChecks({ lab, upstream, options }: Bench, product: Product, open: Check[]): Promise<void> {
  const large = options.quick ? QUICK_FILLING : FILLING
  for (const { keys, connections } of [{ keys: FEW, connections: 1 }, large]) {
    const filled = await filledSite(lab, product, upstream.port, keys, connections)
    const server = { ...standing(filled.site, await serve(lab, filled.site), {}), name: `Octroi proxy, ${keys} keys` }
    open.push(check(lab, server, path(server, 'small'), ['Authorization', 'Bearer '], filled.keys))
    open.push(...(await forwardAuth(lab, filled, server)))
  }
}

const ASKED = [
  { name: 'Octroi forward-auth', path: '/forward-auth' },
  { name: 'Octroi forward-auth, no assertion', path: '/forward-auth?assertion=none' },
]

/**
 * The same server asked as nginx's `auth_request` would. An assertion is kept with its key, so that each of a few keys has one ready, and
 * each of a million random ones has it signed anew: without assertions it shows what the look-up alone costs.
 */
async function forwardAuth(
  lab: Lab,
  { site, account, keys: known }: FilledSite,
  server: Standing,
): Promise<readonly Check[]> {
  await protect(site, account)
  await untilAnswer(server, server.port, '/forward-auth', { ...CHECK_HEADERS, 'API-KEY': known[0]! }, 5_000)
  return ASKED.map(({ name, path }) => {
    const asked = { ...server, name: `${name}, ${known.length} keys`, headers: CHECK_HEADERS }
    return { ...check(lab, asked, path, ['API-KEY', ''], known), server }
  })
}

async function rounds(bench: Bench, checks: readonly Check[]): Promise<void> {
  const { rounds, seconds } = bench.options
  for (const one of checks) await warmUp(bench.lab, one.series.peer, one)
  for (let round = 0; round < rounds; round++) {
    for (const one of checks) await measure(bench.lab, one.series, { path: one.path, script: one.script, seconds })
  }
}

function report(all: readonly Series[], notes: readonly string[]) {
  const nginx = all[0]!
  return {
    title: 'key check, a random key on every request',
    tables: [
      {
        columns: ['one core', 'req/s', 'CPU µs/request', 'nginx CPU ÷ its CPU', 'PSS MB'],
        rows: all.map((series) => [
          series.peer.name,
          spanned(series.perSecond),
          spanned(series.cpuMicros),
          figure(median(ratios(nginx.cpuMicros, series.cpuMicros))),
          figure(Math.max(...series.megabytes)),
        ]),
      },
    ],
    findings: findings(all, nginx),
    notes: [...notes, ...unsteady('nginx', 'CPU per request', nginx.cpuMicros)],
    data: all.map(({ peer, ...figures }) => ({ peer: peer.name, ...figures })),
  }
}

function findings(all: readonly Series[], nginx: Series): Finding[] {
  const named = (name: string) => all.filter(({ peer }) => peer.name.replace(/, \d+ keys$/, '') === name)
  const growth = ['Octroi proxy', ...ASKED.map(({ name }) => name)].flatMap((name) => {
    const [few, many] = named(name)
    if (!few || !many) return []
    return [{ goal: GOALS.key_growth, by: `CPU/request, ${name}`, values: ratios(many.cpuMicros, few.cpuMicros) }]
  })
  const asked = ASKED.flatMap(({ name }) => named(name)).flatMap((ours) => [
    { goal: GOALS.forward_auth, by: `CPU/request, ${ours.peer.name}`, values: ratios(nginx.cpuMicros, ours.cpuMicros) },
  ])
  return [...asked, ...growth]
}
