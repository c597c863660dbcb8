import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Headers } from './answer.ts'
import type { Lab } from './lab.ts'
import { percentile } from './statistics.ts'

const run = promisify(execFile)

/** Keep-alive connections of every throughput figure. */
export const CONNECTIONS = 64

export interface Target {
  readonly url: string
  readonly headers: Headers
}

/** Runs a load generator on the load's processors and returns what it printed. */
async function generate(lab: Lab, file: string, args: readonly string[]): Promise<string> {
  const pinned = lab.pinning.load === undefined ? [] : ['taskset', '-c', lab.pinning.load]
  const [program, ...rest] = [...pinned, file, ...args]
  const { stdout } = await run(program!, rest, { maxBuffer: 1 << 26 })
  return stdout
}

function headerArguments(headers: Headers): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
}

/** A figure taken over refused or broken calls is worth nothing. */
export class SpoiltRun extends Error {}

export interface Throughput {
  readonly requests: number
  readonly perSecond: number
}

/**
 * As many requests as 64 connections get answered in `seconds`.
 * @param script a Lua file of wrk's and its arguments, for requests that differ
 * @throws when any answer is not 2xx or any connection broke
 */
export async function throughput(
  lab: Lab,
  { url, headers }: Target,
  seconds: number,
  script: readonly string[] = [],
): Promise<Throughput> {
  const [file, ...scriptArguments] = script
  const lua = file === undefined ? [] : ['-s', file]
  const base = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, '--timeout', '10s']
  const tail = scriptArguments.length > 0 ? ['--', ...scriptArguments] : []
  const text = await generate(lab, 'wrk', [...base, ...lua, ...headerArguments(headers), url, ...tail])
  const fault = /Non-2xx.*|Socket errors.*/.exec(text)?.[0]
  const match = /(\d+) requests in/.exec(text)
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)
  if (fault || !match || !rate) throw new SpoiltRun(`wrk ${url}: ${fault ?? text}`)
  return { requests: Number(match[1]), perSecond: Number(rate[1]) }
}

export interface Latency {
  readonly p50: number
  readonly p99: number
}

/** Requests a second of every latency figure, and the connections that share them. */
export const STEADY_RATE = 2_000
const STEADY_CONNECTIONS = 20

/**
 * Milliseconds per request at a steady rate. h2load prints no percentiles: they come from its log, a line per request.
 * @throws when any request failed
 */
export async function latency(lab: Lab, { url, headers }: Target, seconds: number): Promise<Latency> {
  const log = join(lab.folder, 'h2load.log')
  rmSync(log, { force: true })
  const rate = ['--rps', String(STEADY_RATE / STEADY_CONNECTIONS), '-c', String(STEADY_CONNECTIONS), '-t', '1']
  const base = ['--h1', ...rate, '-n', String(STEADY_RATE * seconds), '--log-file', log]
  await generate(lab, 'h2load', [...base, ...headerArguments(headers), url])
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  const rows = lines.map((line) => line.split('\t').map(Number))
  const refused = rows.filter(([, status]) => status !== 200).length
  if (refused > 0) throw new SpoiltRun(`h2load ${url}: ${refused} of ${rows.length} requests were not answered 200`)
  const times = rows.map(([, , microseconds]) => microseconds! / 1000)
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** `count` requests over 64 connections, as fast as they go. */
export async function calls(lab: Lab, { url, headers }: Target, count: number): Promise<void> {
  const base = ['--h1', '-c', String(CONNECTIONS), '-t', '1', '-n', String(count)]
  const text = await generate(lab, 'h2load', [...base, ...headerArguments(headers), url])
  const done = Number(/status codes: (\d+) 2xx/.exec(text)?.[1] ?? 0)
  if (done !== count) throw new SpoiltRun(`h2load ${url}: ${done} of ${count} requests were answered 2xx`)
}

/**
 * A steady `rate` of calls that are expected to be refused, over `connections`, for `seconds`: what somebody does who guesses.
 * @returns how many a second were answered at all
 */
export async function guessing(
  lab: Lab,
  { url, headers }: Target,
  { rate, connections, seconds }: { readonly rate: number; readonly connections: number; readonly seconds: number },
): Promise<number> {
  const base = [
    '--h1',
    '-c',
    String(connections),
    '-t',
    '1',
    '--rps',
    String(rate / connections),
    '-D',
    String(seconds),
  ]
  const text = await generate(lab, 'h2load', [...base, ...headerArguments(headers), url])
  const [, granted, , refused] = (/status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx/.exec(text) ?? []).map(Number)
  if (refused === undefined || granted !== 0) throw new SpoiltRun(`h2load ${url}: a guess was answered 2xx\n${text}`)
  return refused / seconds
}
