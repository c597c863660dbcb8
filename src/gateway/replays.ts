import type { Claim, KeptAnswers } from '../inbound/kept_answers.ts'
import type { Call } from './call.ts'
import type { KeptAnswer } from './sinks.ts'

export const MAX_KEPT_BYTES = 1024 * 1024

/** What is not final: another attempt may go differently (RFC 9110 §15.5, RFC 8470 §5.2). */
const NOT_FINAL = new Set([401, 403, 407, 408, 409, 421, 423, 425, 429])

/** A claim whose process died is free again after this much more than the call itself could take. */
const CLAIM_MARGIN_MS = 30_000

/** One upstream call for any number of equal calls: the claim to make it, or the answer that was kept. */
export async function claimCall(
  answers: KeptAnswers,
  call: Call,
  idempotencyKey: string,
  body: Buffer,
): Promise<Claim | KeptAnswer> {
  const { admission, connectionId, method, path, query, target } = call
  const { firstByteMs = 0, idleMs = 0 } = target ?? {}
  const scope = [
    admission?.principal.key_id ?? `account:${admission?.principal.account}`,
    connectionId,
    method,
    path,
    query,
    idempotencyKey,
  ]
  const patience = { holdMs: firstByteMs + idleMs + CLAIM_MARGIN_MS, waitMs: firstByteMs, retryAfter: 5 }
  const found = await answers.claim(scope, body, patience)
  if (typeof found !== 'string') return found
  const kept = JSON.parse(found)
  return { ...kept, body: Buffer.from(kept.body, 'base64'), tooLarge: false }
}

/** Keeps a final answer; anything else frees the key for another attempt. */
export function settle(claim: Claim, answer: KeptAnswer, keepMs: number): Promise<void> {
  if (!isFinal(answer.status)) return claim.release()
  if (answer.tooLarge) return claim.keep(null, keepMs)
  const { status, headers, body } = answer
  return claim.keep(JSON.stringify({ status, headers, body: body.toString('base64') }), keepMs)
}

function isFinal(status: number): boolean {
  const isRedirect = status >= 300 && status < 400
  return status >= 200 && status < 500 && !isRedirect && !NOT_FINAL.has(status)
}
