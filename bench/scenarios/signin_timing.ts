import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSmtp } from '../../test/support/smtp.ts'
import { addressOfBlock, Client, type SeenForm, seeForm } from '../client.ts'
import { type Finding, GOALS } from '../goals.ts'
import { SpoiltRun } from '../load.ts'
import { api, foundSite, type Site, serve } from '../peers/octroi.ts'
import { addDirectory, addPeople, type Person, personOf, WRONG_PASSWORD } from '../people.ts'
import { figure, type Table } from '../report.ts'
import { mean, median, percentile, welch } from '../statistics.ts'
import type { Scenario } from './scenario.ts'

/** Of each kind, whatever the length of the run: the goal is about so many. */
const SAMPLES = 200
const QUICK_SAMPLES = 20
/** People of each kind, in turn: within a quarter of an hour 100 tries of one are looked at, within an hour he gets five mails. */
const PEOPLE = 40

const RESET = '/sign-in/reset'

/** Somebody who asks, and what is typed. The first kind of a question is the one that the others are held against. */
interface Kind {
  readonly name: string
  readonly typed: (index: number) => Readonly<Record<string, string>>
}

interface Question {
  readonly name: string
  readonly form: SeenForm
  readonly status: number
  readonly kinds: readonly Kind[]
  /** Milliseconds between an answer and the next question. */
  readonly pause: number
  /** A page that is asked for on another connection as soon as the answer is there: its time counts instead. */
  readonly probe?: string
}

type Times = ReadonlyMap<string, readonly number[]>

/** Can somebody with a clock tell who exists? One answer at a time, in random order, each from a block of addresses of its own. */
export const signInTiming: Scenario = async ({ lab, options, product }) => {
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi signs people in'], data: [] }
  const samples = options.quick ? QUICK_SAMPLES : SAMPLES
  const smtp = await startSmtp()
  const site = await foundSite(lab, product, 'Octroi, timing', {
    OCTROI_TRUSTED_PROXIES: '127.0.0.1/32',
    OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    OCTROI_MAIL_FROM: 'octroi@bench.example',
  })
  const server = await serve(lab, site)
  try {
    const questions = await questionsAt(site)
    const asked: [Question, Times][] = []
    for (const question of questions) asked.push([question, await ask(site.port, question, samples)])
    await sleep(1_000)
    // Somebody who is known got a mail each time, or it was not what it costs that was measured.
    const [mails, due] = [smtp.mails.length, samples * questions.filter(({ form }) => form.path === RESET).length]
    if (mails !== due) throw new SpoiltRun(`${mails} of ${due} mails of a reset came`)
    return report(asked, samples)
  } finally {
    await server.stop()
    await smtp.stop()
  }
}

const TITLE = 'what the time of an answer tells of who exists'

async function questionsAt(site: Site): Promise<Question[]> {
  const disable = ({ id }: Person) => api(site, `/accounts/${id}/disable`, undefined)
  const good = await addPeople(site, 'good', PEOPLE, { password: true })
  const shut = await addPeople(site, 'shut', PEOPLE, { password: true, each: disable })
  const ldap = await addPeople(site, 'ldap', PEOPLE, { password: false, each: await addDirectory(site) })
  const none = Array.from({ length: PEOPLE }, (_, i) => personOf('none', i))
  const kind = (name: string, people: readonly Person[]): Kind => ({
    name,
    typed: (i) => ({ login: people[i % PEOPLE]!.id, password: WRONG_PASSWORD }),
  })
  return [
    {
      name: 'password',
      form: await seeForm(site.port, '/sign-in', '/sign-in/password'),
      status: 422,
      kinds: [
        kind('wrong password', good),
        kind('unknown', none),
        kind('disabled', shut),
        kind('without a password (LDAP)', ldap),
      ],
      pause: 0,
    },
    ...(await resetsAt(site)),
  ]
}

/** What the answer tells, and what the one after it tells: mail is sent by then, and who waits behind that learns of it. */
async function resetsAt(site: Site): Promise<Question[]> {
  const known = await addPeople(site, 'mail', 2 * PEOPLE, { password: true })
  const none = known.map((_, i) => personOf('lost', i))
  const form = await seeForm(site.port, RESET, RESET)
  const question = (name: string, first: number) => {
    const of = (name: string, people: readonly Person[]): Kind => ({
      name,
      typed: (i) => ({ login: people[first + (i % PEOPLE)]!.email }),
    })
    // The mail of the one before has gone by the end of the pause.
    return { name, form, status: 200, kinds: [of('known', known), of('unknown', none)], pause: 50 }
  }
  return [question('reset', 0), { ...question('next after a reset', PEOPLE), probe: '/sign-in' }]
}

let blocks = 0

async function ask(
  port: number,
  { name, form, status, kinds, pause, probe }: Question,
  samples: number,
): Promise<Times> {
  const times = new Map(kinds.map((kind) => [kind.name, [] as number[]]))
  const sizes = new Set<number>()
  const client = new Client(port)
  const another = new Client(port)
  try {
    // Connected from the first on.
    if (probe !== undefined) await another.get(probe)
    for (const [kind, index] of shuffled(kinds, samples)) {
      const answer = await client.post(form, kind.typed(index), addressOfBlock(blocks++))
      if (answer.status !== status) throw new SpoiltRun(`${name}, ${kind.name}: answered ${answer.status}`)
      sizes.add(answer.bytes)
      const { ms } = probe === undefined ? answer : await another.get(probe)
      times.get(kind.name)!.push(ms)
      await sleep(pause)
    }
  } finally {
    client.close()
    another.close()
  }
  if (sizes.size !== 1) throw new SpoiltRun(`${name}: answers of different sizes (${[...sizes].join(', ')} B)`)
  return times
}

/** `samples` of each kind with their indexes, in random order (Fisher-Yates). */
function shuffled(kinds: readonly Kind[], samples: number): [Kind, number][] {
  const all = kinds.flatMap((kind) => Array.from({ length: samples }, (_, i): [Kind, number] => [kind, i]))
  for (let i = all.length - 1; i > 0; i--) {
    const j = randomInt(i + 1)
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return all
}

function report(asked: readonly [Question, Times][], samples: number) {
  return {
    title: `${TITLE} (${samples} samples of each kind)`,
    tables: asked.map(([{ name }, times]) => tableOf(name, times)),
    findings: asked.flatMap(([{ name }, times]) => findings(name, times)),
    notes: samples < SAMPLES ? [`quick: ${samples} samples of each kind; the goal is about ${SAMPLES}`] : [],
    data: asked.map(([{ name }, times]) => ({ name, times: Object.fromEntries(times) })),
  }
}

/** `tells from`: a difference of the means that so many samples would show at the level of the goal. */
function tableOf(name: string, times: Times): Table {
  const [[, first]] = times as unknown as [[string, readonly number[]]]
  return {
    columns: [`${name}, ms`, 'median', 'mean', 'p99', 't', 't, slowest tenth left out', 'tells from ms'],
    rows: [...times].map(([kind, own]) => {
      const compared = welch(own, first)
      const cut = percentile([...own, ...first], 0.9)
      const core = welch(below(own, cut), below(first, cut))
      const tells = GOALS.signin_timing.reach * compared.error
      const told = own === first ? ['', '', ''] : [compared.t.toFixed(2), core.t.toFixed(2), figure(tells)]
      return [kind, ...[median(own), mean(own), percentile(own, 0.99)].map((ms) => ms.toFixed(2)), ...told]
    }),
  }
}

/** One answer that was late for reasons of the machine outweighs a hundred others in a mean. */
function below(values: readonly number[], cut: number): number[] {
  return values.filter((value) => value <= cut)
}

function findings(name: string, times: Times): Finding[] {
  const [[against, first], ...others] = [...times] as [[string, readonly number[]], ...[string, readonly number[]][]]
  return others.map(([kind, own]) => ({
    goal: GOALS.signin_timing,
    by: `${name}: ${kind}, ${against}`,
    values: [Math.abs(welch(own, first).t)],
  }))
}
