import { writeFileSync } from 'node:fs'
import { type Finding, meets } from './goals.ts'
import { type Lab, openLab } from './lab.ts'
import { completePath, describeMachine, machineLine, missingPrograms, pin } from './machine.ts'
import { type Options, readOptions, type ScenarioName, USAGE, UsageError } from './options.ts'
import { startUpstream } from './peers/upstream.ts'
import { machineLoad } from './proc.ts'
import { stopAll } from './processes.ts'
import { prepareProduct } from './product.ts'
import { goalTable, lines, print, type Report, verdict } from './report.ts'
import { checks } from './scenarios/checks.ts'
import { guesses } from './scenarios/guesses.ts'
import { idle } from './scenarios/idle.ts'
import { keys } from './scenarios/keys.ts'
import { steady } from './scenarios/latency.ts'
import { memory } from './scenarios/memory.ts'
import { oidcMemory } from './scenarios/oidc_memory.ts'
import { oidcToken } from './scenarios/oidc_token.ts'
import { large, small } from './scenarios/proxy.ts'
import type { Bench, Scenario } from './scenarios/scenario.ts'
import { schemes } from './scenarios/schemes.ts'
import { signInMemory } from './scenarios/signin_memory.ts'
import { signInPage } from './scenarios/signin_page.ts'
import { signInPasswords } from './scenarios/signin_passwords.ts'
import { signInTiming } from './scenarios/signin_timing.ts'
import { start } from './scenarios/start.ts'
import { storm } from './scenarios/storm.ts'
import { median } from './statistics.ts'

const RUN: Readonly<Record<ScenarioName, Scenario>> = {
  small,
  large,
  latency: steady,
  keys,
  memory,
  start,
  storm,
  schemes,
  idle,
  checks,
  guesses,
  'signin-page': signInPage,
  'signin-passwords': signInPasswords,
  'signin-memory': signInMemory,
  'signin-timing': signInTiming,
  'oidc-token': oidcToken,
  'oidc-memory': oidcMemory,
}

type Reports = Partial<Record<ScenarioName, Report>>

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  if (!options) {
    console.log(USAGE)
    return 0
  }
  completePath()
  const missing = missingPrograms()
  for (const line of missing) console.error(`bench: ${line}`)
  if (missing.length > 0) return 1
  const machine = describeMachine()
  console.log(machineLine(machine))
  const lab = openLab(pin())
  try {
    const reports = await runAll(lab, options)
    summary(reports)
    if (options.json)
      writeFileSync(options.json, `${JSON.stringify(forMachines(machine, options, reports), null, 2)}\n`)
    return 0
  } finally {
    await stopAll()
    lab.close()
  }
}

async function runAll(lab: Lab, options: Options): Promise<Reports> {
  const { server, load } = lab.pinning
  console.log(
    server
      ? `server on CPU ${server}, load and upstream on CPU ${load}`
      : 'one CPU: nothing is pinned, ratios are rough',
  )
  const product = options.peersOnly ? undefined : prepareProduct(lab.root)
  if (product) console.log(`Octroi runs from its ${product.kind}`)
  const bench: Bench = { lab, options, product, upstream: await startUpstream(lab) }
  const reports: Reports = {}
  for (const name of options.only) {
    const before = await othersNote('before')
    const found = await RUN[name](bench)
    const report = { ...found, notes: [...before, ...(await othersNote('after')), ...found.notes] }
    print(report)
    reports[name] = report
  }
  return reports
}

/** Our servers are idle between two scenarios: whatever is busy then belongs to somebody else. */
async function othersNote(when: string): Promise<string[]> {
  const load = await machineLoad(1_000)
  return load > 0.1
    ? [`repeat: other programs used ${(load * 100).toFixed(0)} % of the machine ${when} this scenario`]
    : []
}

function summary(reports: Reports): void {
  const findings = Object.values(reports).flatMap((report) => report.findings)
  const notes = Object.values(reports).flatMap((report) => report.notes)
  if (findings.length > 0) console.log(`\n== goals\n\n${lines(goalTable(findings)).join('\n')}`)
  if (notes.some((note) => note.startsWith('repeat')))
    console.log('\nthe machine was unsteady (see "repeat" above): run again before quoting')
}

function forMachines(machine: unknown, options: Options, reports: Reports) {
  return {
    at: new Date().toISOString(),
    machine,
    options,
    scenarios: Object.entries(reports).map(([name, { title, notes, data, findings }]) => ({
      name,
      title,
      notes,
      data,
      goals: findings.map(judged),
    })),
  }
}

function judged(finding: Finding) {
  const { goal, by, values } = finding
  const value = median(values)
  return { ...goal, by, values, median: value, reached: meets(goal, value, 'reach'), verdict: verdict(finding) }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)))
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exitCode = error instanceof UsageError ? 64 : 1
  if (error instanceof UsageError) console.error(`\n${USAGE}`)
}
