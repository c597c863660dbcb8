import { setTimeout as sleep } from 'node:timers/promises'
import { addressOfBlock, Client, seeForm } from '../client.ts'
import { type Finding, GOALS } from '../goals.ts'
import type { Lab } from '../lab.ts'
import { SpoiltRun, throughput } from '../load.ts'
import { foundSite, furnish, serve, standing } from '../peers/octroi.ts'
import { PATHS, type Standing } from '../peers/peer.ts'
import { addPeople, type Person, personOf, WRONG_PASSWORD } from '../people.ts'
import { figure, spanned, unsteady } from '../report.ts'
import { warmUp } from '../sample.ts'
import { median, ratios } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

/** Wrong passwords a second, and how long they come before and after the window that is measured. */
const RATE = 100
const MARGIN_S = 1
/** Tries of one identity, wherever they come from, that are looked at within a quarter of an hour: fewer than the gate allows. */
const TRIES = 80

interface Seen {
  readonly name: string
  readonly quiet: number[]
  readonly attacked: number[]
  /** status → answers, over all rounds. */
  readonly answers: Map<number, number>
  /** Milliseconds to the first byte of the answers to wrong passwords. */
  readonly times: number[]
}

/** Good callers of the proxy, and a hundred wrong passwords a second from as many places: what do the good ones lose? */
export const signInPasswords: Scenario = async (bench) => {
  const { lab, product } = bench
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi is measured here'], data: [] }
  const { server, load } = lab.pinning
  const both = server === undefined || load === undefined ? undefined : `${server},${load}`
  // Hashing has threads of its own: on one core they share it with the proxy, on two they need not.
  const all = [await rounds(bench, lab, 'gate on one core')]
  if (both !== undefined)
    all.push(
      await rounds(bench, { ...lab, pinning: { server: both, load } }, 'gate on every core, shared with the load'),
    )
  return report(all)
}

const TITLE = `good callers of the proxy while somebody posts ${RATE} wrong passwords a second`

async function rounds({ options, product, upstream }: Bench, lab: Lab, name: string): Promise<Seen> {
  const site = await foundSite(lab, product!, 'Octroi', { OCTROI_TRUSTED_PROXIES: '127.0.0.1/32' })
  const seen: Seen = { name, quiet: [], attacked: [], answers: new Map(), times: [] }
  const running = await serve(lab, site)
  try {
    const { key } = await furnish(site, upstream.port)
    const good = standing(site, running, { 'API-KEY': key, 'X-Forwarded-For': '198.51.100.7' })
    const guesses = options.rounds * (options.seconds + 2 * MARGIN_S) * RATE
    // Every second guess is at somebody who exists.
    const people = await addPeople(site, 'good', Math.ceil(guesses / 2 / TRIES), { password: true })
    const attack = await openAttack(site.port, people, seen)
    await warmUp(lab, good, { path: `${good.prefix}${PATHS.small}` })
    for (let round = 0; round < options.rounds; round++) await oneRound(lab, good, options.seconds, attack, seen)
    attack.close()
  } finally {
    await running.stop()
  }
  return seen
}

async function oneRound(lab: Lab, good: Standing, seconds: number, attack: Attack, seen: Seen): Promise<void> {
  const target = { url: `http://127.0.0.1:${good.port}${good.prefix}${PATHS.small}`, headers: good.headers }
  seen.quiet.push((await throughput(lab, target, seconds)).perSecond)
  const attacking = attack.during(seconds + 2 * MARGIN_S)
  await sleep(MARGIN_S * 1_000)
  seen.attacked.push(await throughput(lab, target, seconds).then(({ perSecond }) => perSecond, brokenIsZero))
  await attacking
}

/** A good caller who got no answer, or a wrong one, because somebody guessed: a result, and the worst. */
function brokenIsZero(error: unknown): number {
  if (error instanceof SpoiltRun) return 0
  throw error
}

interface Attack {
  readonly during: (seconds: number) => Promise<void>
  readonly close: () => void
}

/** Every guess comes from a block of its own, at another identity: what answers is the hashing, not a budget. */
async function openAttack(port: number, people: readonly Person[], seen: Seen): Promise<Attack> {
  const form = await seeForm(port, '/sign-in', '/sign-in/password')
  const client = new Client(port, Number.POSITIVE_INFINITY)
  let sent = 0
  const guess = async () => {
    const i = sent++
    const login = i % 2 === 0 ? people[(i / 2) % people.length]!.id : personOf('none', i).id
    const typed = { login, password: WRONG_PASSWORD }
    const { status, ms } = await client.post(form, typed, addressOfBlock(i)).catch(unanswered)
    seen.answers.set(status, (seen.answers.get(status) ?? 0) + 1)
    seen.times.push(ms)
  }
  return { during: (seconds) => steadily(seconds, guess), close: () => client.close() }
}

function unanswered() {
  return { status: 0, ms: Number.NaN }
}

/** `RATE` a second whether or not they are answered; ends with the last answer. */
async function steadily(seconds: number, guess: () => Promise<void>): Promise<void> {
  const began = performance.now()
  const under: Promise<void>[] = []
  for (let due = 0; due < seconds * RATE; ) {
    due = Math.min(seconds * RATE, Math.floor(((performance.now() - began) / 1_000) * RATE))
    while (under.length < due) under.push(guess())
    await sleep(5)
  }
  await Promise.all(under)
}

function report(all: readonly Seen[]) {
  return {
    title: TITLE,
    tables: [
      {
        columns: ['proxy, 200 B', 'req/s', 'while guessed at', 'kept'],
        rows: all.map(({ name, quiet, attacked }) => [
          name,
          spanned(quiet),
          spanned(attacked),
          figure(median(ratios(attacked, quiet))),
        ]),
      },
      {
        columns: ['answers to wrong passwords', '503 busy', '429', '422 wrong', 'others', 'all', 'p50 ms'],
        rows: all.map(({ name, answers, times }) => {
          const total = times.length
          const shares = [503, 429, 422].map((status) => (answers.get(status) ?? 0) / total)
          const others = 1 - shares.reduce((sum, share) => sum + share, 0)
          return [
            name,
            ...[...shares, others].map(percent),
            String(total),
            figure(median(times.filter(Number.isFinite))),
          ]
        }),
      },
    ],
    findings: findings(all),
    notes: [
      ...all.flatMap(({ name, quiet }) => unsteady(name, 'req/s', quiet)),
      ...all.flatMap(({ name, answers }) => strange(name, answers)),
      ...all
        .filter(({ attacked }) => attacked.includes(0))
        .map(({ name }) => `${name}: good calls were answered wrongly or not at all while somebody guessed (0)`),
    ],
    data: all.map(({ answers, ...figures }) => ({ ...figures, answers: Object.fromEntries(answers) })),
  }
}

function percent(share: number): string {
  return `${(Math.max(0, share) * 100).toFixed(1)} %`
}

/** A wrong password that let somebody in, that we fell over, or that got no answer. */
function strange(name: string, answers: ReadonlyMap<number, number>): string[] {
  const odd = [...answers].filter(([status]) => ![422, 429, 503].includes(status))
  return odd.map(
    ([status, count]) => `${name}: ${count} wrong passwords were answered ${status === 0 ? 'not at all' : status}`,
  )
}

function findings(all: readonly Seen[]): Finding[] {
  return all.map(({ name, quiet, attacked }) => ({
    goal: GOALS.signin_passwords,
    by: `req/s, ${name}`,
    values: ratios(attacked, quiet),
  }))
}
