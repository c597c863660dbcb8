import type { KeyObject } from 'node:crypto'
import type { ActivityStore } from '../core/stores.ts'
import { pruneAudit } from './prune.ts'

const DAY_MS = 86_400_000

/** What an hour's round does: old audit lines, answers that need not be kept any longer. */
export async function tidyActivity(
  activity: ActivityStore,
  auditKey: KeyObject,
  retentionDays: number,
  now: Date,
): Promise<void> {
  await activity.deleteExpiredReplays(now.toISOString())
  if (retentionDays === 0) return
  await pruneAudit(activity, auditKey, new Date(now.getTime() - retentionDays * DAY_MS).toISOString())
}
