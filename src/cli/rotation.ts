import { setTimeout as wait } from 'node:timers/promises'

/** What a connection injects now, and until when: `GET /connections/{id}/credentials`. */
export interface Credentials {
  readonly secrets: Readonly<Record<string, string>>
  /** Milliseconds since the epoch; `null`: they do not end by themselves. */
  readonly endsAt: number | null
}

export interface Rotation {
  readonly read: (signal: AbortSignal) => Promise<Credentials>
  readonly changed: (now: Credentials) => void
  /** One failed reading; the next one comes after so many milliseconds. */
  readonly failed: (error: unknown, delay: number) => void
  readonly now: () => number
}

const LEAD_MS = 60_000
const LEAST_MS = 1_000
/** Timers hold no more than 24 days, and a machine that slept should notice. */
const MOST_MS = 3_600_000
const LONGEST_RETRY_MS = 60_000

/** When to read again what ends at `endsAt`: a minute before, or a tenth of what is left where that is less. */
export function readingDelay(endsAt: number, now: number): number {
  const left = endsAt - now
  return Math.min(MOST_MS, Math.max(LEAST_MS, left - Math.min(LEAD_MS, left / 10)))
}

/** 1, 2, 4, ... 60 s; later where the server asks for it. */
export function retryDelay(failures: number, retryAfter: number | undefined): number {
  return Math.max(Math.min(LONGEST_RETRY_MS, LEAST_MS * 2 ** (failures - 1)), (retryAfter ?? 0) * 1000)
}

/** Reads again, each time before the end, until `signal`; tells when something is new. Never throws. */
export async function follow(first: Credentials, rotation: Rotation, signal: AbortSignal): Promise<void> {
  let known = first
  let failures = 0
  let delay = first.endsAt === null ? undefined : readingDelay(first.endsAt, rotation.now())
  while (delay !== undefined && (await slept(delay, signal))) {
    try {
      const read = await rotation.read(signal)
      failures = 0
      if (signal.aborted) return
      if (!sameSecrets(known, read)) rotation.changed(read)
      known = read
      delay = read.endsAt === null ? undefined : readingDelay(read.endsAt, rotation.now())
    } catch (error) {
      failures += 1
      delay = retryDelay(failures, (error as { retryAfter?: number }).retryAfter)
      if (!signal.aborted) rotation.failed(error, delay)
    }
  }
}

async function slept(delay: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(delay, undefined, { signal })
    return true
  } catch {
    return false
  }
}

function sameSecrets({ secrets: a }: Credentials, { secrets: b }: Credentials): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}
