import type { AuditTrail } from '../core/audit.ts'
import type { Admission } from '../inbound/admission.ts'
import { isoOf } from './iso_now.ts'

/** A last use is noted at most once a minute per key. */
const NOTE_USE_MS = 60_000

export function noteUse(trail: Pick<AuditTrail, 'noteUse'>, admission: Admission, nowMs: number): void {
  if (admission.key === null || nowMs - admission.notedAt < NOTE_USE_MS) return
  admission.notedAt = nowMs
  trail.noteUse(admission.key.id, isoOf(nowMs))
}
