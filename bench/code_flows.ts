import { Client } from './client.ts'
import { type Application, askCode, redeem, refresh } from './openid.ts'
import { cpuSeconds } from './proc.ts'
import type { Running } from './processes.ts'
import { percentile } from './statistics.ts'

/** Connections over which a step is asked for: enough to keep one core busy. */
const AT_ONCE = 16

/** One step, asked for again and again; one entry per round. */
export interface StepSeries {
  readonly name: string
  readonly perSecond: number[]
  readonly cpuMicros: number[]
  readonly p50: number[]
}

export const STEPS = ['authorization request → code', 'code → tokens', 'refresh token → tokens'] as const

export function newSteps(): StepSeries[] {
  return STEPS.map((name) => ({ name, perSecond: [], cpuMicros: [], p50: [] }))
}

/** `count` whole flows, step by step: what one costs is seen apart from the others. Added to `steps`, where they are given. */
export async function codeFlows(
  { server, port }: { readonly server: Running; readonly port: number },
  application: Application,
  cookie: string,
  count: number,
  steps?: readonly StepSeries[],
): Promise<void> {
  const client = new Client(port, AT_ONCE)
  const all = Array.from({ length: count })
  try {
    const codes = await timed(server, all, () => askCode(client, application, cookie), steps?.[0])
    const tokens = await timed(server, codes, ({ code }) => redeem(client, application, code), steps?.[1])
    await timed(server, tokens, (one) => refresh(client, application, one.refresh_token), steps?.[2])
  } finally {
    client.close()
  }
}

async function timed<T, R extends { readonly ms: number }>(
  server: Running,
  all: readonly T[],
  ask: (one: T) => Promise<R>,
  series: StepSeries | undefined,
): Promise<R[]> {
  const [cpu, began] = [cpuSeconds(server.pid), performance.now()]
  const done = await Promise.all(all.map(ask))
  const seconds = (performance.now() - began) / 1_000
  series?.perSecond.push(all.length / seconds)
  series?.cpuMicros.push(((cpuSeconds(server.pid) - cpu) / all.length) * 1e6)
  series?.p50.push(
    percentile(
      done.map(({ ms }) => ms),
      0.5,
    ),
  )
  return done
}
