import type { KeyObject } from 'node:crypto'
import { verifyAuditTail } from '../audit/chain.ts'
import type { ActivityStore, Store } from '../core/stores.ts'
import type { Finding } from './doctor_finding.ts'

const LAST_BATCHES = 100

/** The end of every chain only: a trail of years takes minutes. */
export async function auditFindings(activity: ActivityStore, key: KeyObject): Promise<Finding[]> {
  const { faults, batches } = await verifyAuditTail(activity, key, LAST_BATCHES)
  const advice = 'Run "octroi audit verify" for the whole trail.'
  if (faults.length === 0) {
    return [
      {
        level: 'ok',
        code: 'audit.chain',
        message: `The last ${batches} batches of the audit trail are whole.`,
        advice,
      },
    ]
  }
  return [
    {
      level: 'problem',
      code: 'audit.chain',
      message: `The audit trail is not whole: ${faults.slice(0, 3).join('; ')}.`,
      advice,
    },
  ]
}

const TOLERANCE_MS = 300_000

/** Expiry, limits and the order of the trail lean on the clock; the newest thing stored is what it can be held against. */
export async function clockFindings(store: Store, activity: ActivityStore, now: Date): Promise<Finding[]> {
  const [event] = await store.events.list({ limit: 1 })
  const [batch] = await activity.batches({ limit: 1 })
  const newest = Math.max(...[event?.at, batch?.last_at].map((at) => (at === undefined ? 0 : Date.parse(at))))
  if (newest <= now.getTime() + TOLERANCE_MS) return []
  const message = `The clock of this machine says ${now.toISOString()}, but something was recorded at ${new Date(newest).toISOString()}.`
  return [{ level: 'problem', code: 'clock', message, advice: 'Set the clock (NTP): keys expire by it.' }]
}
