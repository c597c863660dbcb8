import { join } from 'node:path'
import { codeFlows, newSteps, type StepSeries } from '../code_flows.ts'
import { type Finding, GOALS } from '../goals.ts'
import type { Lab } from '../lab.ts'
import { type Application, addApplication, FOR_PEOPLE, PROGRAM, RESOURCE, signedIn, TOKEN } from '../openid.ts'
import { foundSite, type Site, serve } from '../peers/octroi.ts'
import type { Standing } from '../peers/peer.ts'
import { tokenEndpoint } from '../peers/token_endpoint.ts'
import { addPeople } from '../people.ts'
import type { Product } from '../product.ts'
import { figure, spanned, type Table, unsteady } from '../report.ts'
import { measure, newSeries, type Series, warmUp } from '../sample.ts'
import { median, ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

/** A program asks for a token with every form of it the same: the claims differ by `jti` and time. */
const FORM = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', resource: RESOURCE }).toString()
const BARE = 'node:http, node:crypto'
const OURS = 'Octroi'
/** V8 has compiled the library's way after some thousand calls; it takes ten times as long as the others. */
const LIBRARY_WARM_UP = 8_000
const FLOWS = 1_000
const QUICK_FLOWS = 200

interface Asked {
  readonly series: Series
  readonly script: readonly string[]
  readonly warmUp?: number
}

/** A token of a program, beside token endpoints that check nothing; and, for information, what a person's tokens cost. */
export const oidcToken: Scenario = async (bench) => {
  const { lab, product } = bench
  const servers: Standing[] = []
  const asked: Asked[] = []
  const steps = newSteps()
  try {
    for (const [name, signer] of [[BARE, 'node'] as const, ['node:http, jose', 'jose'] as const]) {
      const server = await tokenEndpoint(lab, name, signer, RESOURCE)
      servers.push(server)
      asked.push(await askedOf(lab, server, FORM))
    }
    const ours = product === undefined ? undefined : await octroi(lab, product)
    if (ours !== undefined) {
      servers.push(ours.server)
      asked.push(await askedOf(lab, ours.server, FORM))
      // A parameter that nobody knows is ignored (RFC 6749 §3.2); the quick way leaves such a request to the library.
      const other = { ...ours.server, name: `${OURS}, by the library` }
      asked.push({ ...(await askedOf(lab, other, `${FORM}&unknown=1`)), warmUp: LIBRARY_WARM_UP })
    }
    await rounds(bench, asked)
    if (ours !== undefined) await flows(bench, ours, steps)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  return report(
    asked.map(({ series }) => series),
    steps,
  )
}

/** Each form is answered 200 before any is measured: a refusal would be quick, too. */
async function askedOf(lab: Lab, server: Standing, form: string): Promise<Asked> {
  const { port, prefix, headers } = server
  const answer = await fetch(`http://127.0.0.1:${port}${prefix}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  })
  const { access_token: token, scope } = (await answer.json()) as { access_token?: string; scope?: string }
  if (answer.status !== 200 || token?.split('.').length !== 3 || scope !== 'read')
    throw new Error(`${server.name}: a form for a token was answered ${answer.status}, without the token asked for`)
  return { series: newSeries(server), script: [join(lab.root, 'bench', 'post.lua'), form] }
}

interface Ours {
  readonly server: Standing
  readonly site: Site
  readonly forPeople: Application
}

async function octroi(lab: Lab, product: Product): Promise<Ours> {
  const site = await foundSite(lab, product, OURS)
  const running = await serve(lab, site)
  const program = await addApplication(site, 'program', PROGRAM)
  const forPeople = await addApplication(site, 'people', FOR_PEOPLE)
  const server = { ...running, port: site.port, prefix: TOKEN, headers: program.headers }
  return { server, site, forPeople }
}

async function rounds({ lab, options }: Bench, all: readonly Asked[]): Promise<void> {
  const windowOf = ({ series, script }: Asked) => ({ path: series.peer.prefix, script })
  for (const one of all) await warmUp(lab, one.series.peer, windowOf(one), one.warmUp)
  for (let round = 0; round < options.rounds; round++) {
    for (const one of all) await measure(lab, one.series, { ...windowOf(one), seconds: options.seconds })
  }
}

/** The first pass is thrown away. */
async function flows({ options }: Bench, { server, site, forPeople }: Ours, steps: readonly StepSeries[]) {
  const [person] = await addPeople(site, 'good', 1, { password: true })
  const cookie = await signedIn(site.port, person!)
  const count = options.quick ? QUICK_FLOWS : FLOWS
  const asked = { server, port: site.port }
  await codeFlows(asked, forPeople, cookie, count)
  for (let round = 0; round < options.rounds; round++) await codeFlows(asked, forPeople, cookie, count, steps)
}

function report(all: readonly Series[], steps: readonly StepSeries[]) {
  const bare = all[0]!
  return {
    title: 'a token by client_credentials (JWT, ES256)',
    tables: [tableOf(all, bare), ...(steps[0]!.perSecond.length > 0 ? [stepTable(steps)] : [])],
    findings: findings(all, bare),
    notes: [...unsteady(BARE, 'CPU per request', bare.cpuMicros), ...unsteady(BARE, 'req/s', bare.perSecond)],
    data: { servers: all.map(({ peer, ...figures }) => ({ peer: peer.name, ...figures })), steps },
  }
}

function tableOf(all: readonly Series[], bare: Series): Table {
  return {
    columns: ['one core', 'req/s', 'of bare', 'CPU µs/request', 'bare CPU ÷ its CPU', 'busy', 'PSS MB'],
    rows: all.map((series) => [
      series.peer.name,
      spanned(series.perSecond),
      figure(median(ratios(series.perSecond, bare.perSecond))),
      spanned(series.cpuMicros),
      figure(median(ratios(bare.cpuMicros, series.cpuMicros))),
      `${(median(series.busy) * 100).toFixed(0)} %`,
      figure(Math.max(...series.megabytes)),
    ]),
  }
}

function stepTable(steps: readonly StepSeries[]): Table {
  return {
    columns: ['one core, 16 at once', 'req/s', 'CPU µs/request', 'p50 ms'],
    rows: steps.map(({ name, perSecond, cpuMicros, p50 }) => [
      name,
      spanned(perSecond),
      spanned(cpuMicros),
      spanned(p50),
    ]),
  }
}

function findings(all: readonly Series[], bare: Series): Finding[] {
  const ours = all.find(({ peer }) => peer.name === OURS)
  if (ours === undefined) return []
  return [
    { goal: GOALS.openid_token, by: 'CPU/request', values: ratios(bare.cpuMicros, ours.cpuMicros) },
    { goal: GOALS.openid_token, by: 'req/s', values: ratios(ours.perSecond, bare.perSecond) },
  ]
}
