import { type Finding, GOALS } from '../goals.ts'
import { guessing, throughput } from '../load.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { warmUp } from '../sample.ts'
import { checkSite } from '../sites.ts'
import { median, ratios } from '../statistics.ts'
import type { Scenario } from './scenario.ts'

/** Wrong keys a second that somebody tries to send, and over how many connections. */
const GUESSES = { rate: 10_000, connections: 100 }
const WRONG = 'no-key-of-anybody-0123456789abcdef'

interface Seen {
  readonly quiet: number[]
  readonly guessed: number[]
  /** Guesses a second that got an answer. */
  readonly answered: number[]
}

/** Good keys from one address, and somebody who guesses from another: what do the good ones lose? */
export const guesses: Scenario = async ({ lab, options, product, upstream }) => {
  const seen: Seen = { quiet: [], guessed: [], answered: [] }
  const title = `good keys while somebody sends ${GUESSES.rate} wrong ones a second`
  if (!product) return { title, tables: [], findings: [], notes: ['only Octroi is measured here'], data: seen }
  const { server, headers, key } = await checkSite(lab, product, upstream.port)
  try {
    const url = `http://127.0.0.1:${server.port}/forward-auth`
    const good = { url, headers: { ...headers, 'X-Forwarded-For': '198.51.100.7', 'API-KEY': key } }
    const bad = { url, headers: { ...headers, 'X-Forwarded-For': '203.0.113.9', 'API-KEY': WRONG } }
    const { seconds } = options
    await warmUp(lab, { ...server, headers: good.headers }, { path: '/forward-auth' })
    for (let round = 0; round < options.rounds; round++) {
      seen.quiet.push((await throughput(lab, good, seconds)).perSecond)
      // A second longer on either side, so that the good ones are measured in the middle of it.
      const guesser = guessing(lab, bad, { ...GUESSES, seconds: seconds + 2 })
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      seen.guessed.push((await throughput(lab, good, seconds)).perSecond)
      seen.answered.push(await guesser)
    }
  } finally {
    await server.stop()
  }
  return {
    title,
    tables: [
      {
        columns: ['one core', 'req/s', 'while guessed', 'kept', 'guesses answered/s'],
        rows: [
          [
            'Octroi forward-auth',
            spanned(seen.quiet),
            spanned(seen.guessed),
            figure(median(ratios(seen.guessed, seen.quiet))),
            spanned(seen.answered),
          ],
        ],
      },
    ],
    findings: findings(seen),
    notes: unsteady('Octroi', 'req/s', seen.quiet),
    data: seen,
  }
}

function findings({ guessed, quiet }: Seen): Finding[] {
  return [{ goal: GOALS.guesses, by: 'req/s', values: ratios(guessed, quiet) }]
}
