import { setTimeout as sleep } from 'node:timers/promises'
import { addressOfBlock, Client, seeForm } from '../client.ts'
import { type Finding, GOALS } from '../goals.ts'
import { SpoiltRun } from '../load.ts'
import { foundSite, serve } from '../peers/octroi.ts'
import { addPeople, PASSWORD, type Person } from '../people.ts'
import { peakRssMegabytes, pssMegabytes } from '../proc.ts'
import { figure } from '../report.ts'
import { percentile } from '../statistics.ts'
import type { Scenario } from './scenario.ts'

const PEOPLE = 40
const WAVES = 50
const QUICK_WAVES = 5

interface Use {
  readonly idle: number
  readonly peak: number
  /** The kernel's high-water mark, from the start of the process on. */
  readonly peakRss: number
  /** Two seconds after the last one. */
  readonly after: number
  readonly perSecond: number
  /** Milliseconds of one sign-in: from the form to the answer with the session. */
  readonly times: readonly number[]
}

/** Forty people who post their right password in the same moment, again and again: memory before, at its highest, and after. */
export const signInMemory: Scenario = async ({ lab, options, product }) => {
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi signs people in'], data: [] }
  const site = await foundSite(lab, product, 'Octroi, sign-ins', { OCTROI_TRUSTED_PROXIES: '127.0.0.1/32' })
  const made = await serve(lab, site)
  const people = await addPeople(site, 'good', PEOPLE, { password: true }).finally(() => made.stop())
  // A new process: the hashing that made these people is not in its memory.
  const server = await serve(lab, site)
  const waves = options.quick ? QUICK_WAVES : WAVES
  try {
    await sleep(2_000)
    const idle = pssMegabytes(server.pid)
    const watch = watchPeak(server.pid)
    const times: number[] = []
    const began = performance.now()
    for (let i = 0; i < waves; i++) times.push(...(await wave(site.port, people, i)))
    const perSecond = times.length / ((performance.now() - began) / 1_000)
    const peak = watch()
    await sleep(2_000)
    const after = pssMegabytes(server.pid)
    return report({ idle, peak, peakRss: peakRssMegabytes(server.pid), after, perSecond, times }, waves)
  } finally {
    await server.stop()
  }
}

const TITLE = `memory, ${PEOPLE} sign-ins at once`

/** Everybody sees the form in a browser of his own, then all of them send it. */
async function wave(port: number, people: readonly Person[], index: number): Promise<number[]> {
  const forms = await Promise.all(people.map(() => seeForm(port, '/sign-in', '/sign-in/password')))
  const client = new Client(port, people.length)
  try {
    return await Promise.all(
      people.map(async ({ id }, i) => {
        const address = addressOfBlock(index * PEOPLE + i)
        const { status, location, ms } = await client.post(forms[i]!, { login: id, password: PASSWORD }, address)
        if (status !== 303 || !location?.endsWith('/account'))
          throw new SpoiltRun(`a sign-in with the right password was answered ${status} ${location ?? ''}`)
        return ms
      }),
    )
  } finally {
    client.close()
  }
}

/** Looks twenty times a second: one hash takes some tens of milliseconds. */
function watchPeak(pid: number): () => number {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, pssMegabytes(pid))
  }
  const timer = setInterval(look, 50)
  return () => {
    clearInterval(timer)
    look()
    return peak
  }
}

function report(use: Use, waves: number) {
  const { idle, peak, peakRss, after, perSecond, times } = use
  const slow = percentile(times, 0.99)
  return {
    title: `${TITLE}, ${waves} times`,
    tables: [
      {
        columns: ['MB', 'idle PSS', 'peak PSS', 'peak RSS', 'PSS afterwards', 'sign-ins/s', 'p50 ms', 'p99 ms'],
        rows: [['Octroi', ...[idle, peak, peakRss, after, perSecond, percentile(times, 0.5), slow].map(figure)]],
      },
    ],
    findings: findings(use),
    notes: [],
    data: { ...use, waves },
  }
}

function findings({ peak, peakRss }: Use): Finding[] {
  return [
    { goal: GOALS.signin_memory, by: 'peak PSS', values: [peak] },
    { goal: GOALS.signin_memory, by: 'peak RSS', values: [peakRss] },
  ]
}
