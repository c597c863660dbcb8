import { type ChainHead, type VerifyReport, verifyAudit } from '../audit/chain.ts'
import type { Settings } from '../config/settings.ts'
import { openInstallation } from './open.ts'

/** Reads every chain of the audit trail, beside a serving Octroi or not. `heads` were exported by an earlier verification. */
export async function verifyAuditTrail(settings: Settings, heads: readonly ChainHead[] = []): Promise<VerifyReport> {
  const { open, auditKey } = await openInstallation(settings)
  try {
    return await verifyAudit(open.activity, auditKey, heads)
  } finally {
    await open.close()
  }
}
