import type { KeyObject } from 'node:crypto'
import type { ActivityStore } from '../core/stores.ts'
import { pruneAudit } from './prune.ts'

const DAY_MS = 86_400_000

/** Clocks of replicas differ: a window that has ended here may be open elsewhere for a little longer. */
const ENDED_MS = 3_600_000

/** What an hour's round does: old audit lines and counts, answers and windows that need not be kept any longer. */
export async function tidyActivity(
  activity: ActivityStore,
  auditKey: KeyObject,
  retentionDays: number,
  now: Date,
): Promise<void> {
  await activity.deleteExpiredReplays(now.toISOString())
  await activity.deleteEndedWindows(now.getTime() - ENDED_MS)
  if (retentionDays === 0) return
  const before = new Date(now.getTime() - retentionDays * DAY_MS).toISOString()
  await pruneAudit(activity, auditKey, before)
  await activity.pruneKeyDays(before.slice(0, 10))
}
