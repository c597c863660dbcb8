import { untilAnswer } from '../answer.ts'
import { type Finding, GOALS } from '../goals.ts'
import { bareStart } from '../peers/bare.ts'
import { bearer, CONNECTION, HEALTH, type Site, spawnServer } from '../peers/octroi.ts'
import { PATHS } from '../peers/peer.ts'
import type { Product } from '../product.ts'
import { spanned, unsteady } from '../report.ts'
import { FILLING, filledSite, QUICK_FILLING } from '../sites.ts'
import { ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

/** Milliseconds from spawn. */
interface Starts {
  readonly name: string
  /** To the first 200 of anything. */
  readonly answer: number[]
  /** To the first 200 of a call that goes all the way: key, grant, secret, upstream. */
  readonly call: number[]
}

/** A start takes a tenth of a second, so twice the rounds of the other scenarios. */
export const start: Scenario = async (bench) => {
  const wanted = bench.options.quick ? QUICK_FILLING : FILLING
  const bare: Starts = { name: 'bare node:http', answer: [], call: [] }
  const sites = bench.product ? await prepare(bench, bench.product, wanted) : []
  const all = sites.map(({ site }) => ({ name: site.name, answer: [] as number[], call: [] as number[] }))
  // One start of each is thrown away: it reads the files from the disk and writes the compile cache.
  for (let round = -1; round < bench.options.rounds * 2; round++) {
    const one = await bareStart(bench.lab)
    if (round >= 0) bare.answer.push(one)
    for (const [i, { site, keys }] of sites.entries()) {
      const seen = await startOnce(bench, site, keys[0]!)
      if (round < 0) continue
      all[i]!.answer.push(seen.answer)
      all[i]!.call.push(seen.call)
    }
  }
  const filled = all.at(-1)
  const finding: Finding[] = filled ? [{ goal: GOALS.start, by: 'ms', values: ratios(filled.answer, bare.answer) }] : []
  return {
    title: 'start, from spawn',
    tables: [
      {
        columns: ['ms', 'first answer', 'of bare', 'first proxied call'],
        rows: [bare, ...all].map((one) => [
          one.name,
          spanned(one.answer),
          spanned(ratios(one.answer, bare.answer)),
          spanned(one.call),
        ]),
      },
    ],
    findings: finding,
    notes: [
      ...(bench.product?.kind === 'sources'
        ? ['Octroi ran from its sources, not from the bundle: the goal is for the bundle']
        : []),
      ...unsteady('bare node:http', 'the start', bare.answer),
    ],
    data: [bare, ...all],
  }
}

/** An almost empty site and a filled one: beside each other they show what the size of the store costs. */
async function prepare({ lab, upstream }: Bench, product: Product, wanted: { keys: number; connections: number }) {
  const few = await filledSite(lab, product, upstream.port, 1, 1)
  const many = await filledSite(lab, product, upstream.port, wanted.keys, wanted.connections)
  return [few, many]
}

async function startOnce(bench: Bench, site: Site, key: string): Promise<{ answer: number; call: number }> {
  const begin = performance.now()
  const server = spawnServer(bench.lab, site)
  try {
    await untilAnswer(server, site.port, HEALTH)
    const answer = performance.now() - begin
    await untilAnswer(server, site.port, `/proxy/${CONNECTION}${PATHS.small}`, bearer(key))
    return { answer, call: performance.now() - begin }
  } finally {
    await server.stop()
  }
}
