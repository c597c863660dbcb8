import { z } from 'zod'
import type { ApiParts } from './endpoint.ts'
import { invalid } from './faults.ts'

const Day = z.iso.date('must be a day such as 2026-11-22').describe('A day of UTC: 2026-11-22')

/** Unless given: the last 30 days, today included. */
export const UsageQuery = z.strictObject({ from: Day.optional(), to: Day.optional() })

export const KeyUsage = z.object({
  from: z.string(),
  to: z.string(),
  calls: z.int(),
  refused: z.int().describe('Of the calls, those that Octroi itself refused'),
  days: z.array(z.object({ day: z.string(), calls: z.int(), refused: z.int() })),
})

const DAY_MS = 86_400_000
const USUAL_DAYS = 30
const MOST_DAYS = 1_100

export async function usageOf(
  { activity, trail, now }: Pick<ApiParts, 'activity' | 'trail' | 'now'>,
  keyId: string,
  query: z.output<typeof UsageQuery>,
): Promise<z.input<typeof KeyUsage>> {
  const to = query.to ?? dayOf(now().getTime())
  const from = query.from ?? dayOf(Date.parse(to) - (USUAL_DAYS - 1) * DAY_MS)
  const length = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  if (length < 1) throw invalid('The request is not valid.', [{ path: 'from', message: 'is after to' }])
  if (length > MOST_DAYS)
    throw invalid('The request is not valid.', [{ path: 'from', message: `is more than ${MOST_DAYS} days before to` }])
  // What was counted a moment ago is still with the trail.
  await trail.flushed().catch(() => undefined)
  const found = await activity.keyDays(keyId, from, to)
  const days = found.map(({ day, calls, refused }) => ({ day, calls, refused }))
  const sum = (what: 'calls' | 'refused') => days.reduce((total, day) => total + day[what], 0)
  return { from, to, calls: sum('calls'), refused: sum('refused'), days }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
