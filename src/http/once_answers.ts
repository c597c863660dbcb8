import type { Endpoint } from '../api/endpoint.ts'
import { OctroiError } from '../core/errors.ts'
import type { Claim, KeptAnswers } from '../inbound/kept_answers.ts'

const KEEP_MS = 24 * 3_600_000
/** Nobody is kept waiting: an operation is short, and its caller asks again. */
const PATIENCE = { holdMs: 60_000, waitMs: 0, retryAfter: 1 }

interface Kept {
  readonly status: number
  readonly body: unknown
}

/** `Idempotency-Key` on POST: the claim to carry the operation out, or what it answered. */
export async function claimOnce(
  answers: KeptAnswers,
  { method, name }: Endpoint,
  keyId: string,
  url: string,
  idempotencyKey: string | undefined,
  body: unknown,
): Promise<Claim | Kept | undefined> {
  if (method !== 'POST' || idempotencyKey === undefined) return undefined
  if (idempotencyKey === '' || idempotencyKey.length > 255) {
    throw new OctroiError('invalid_request', 'Idempotency-Key must be 1 to 255 characters.', {
      errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 characters' }],
    })
  }
  const scope = ['api', keyId, name, url, idempotencyKey]
  const found = await answers.claim(scope, JSON.stringify(body ?? null), PATIENCE)
  return typeof found === 'string' ? JSON.parse(found) : found
}

/** What is shown once is not kept (D13). */
export function keepOnce(claim: Claim, { once = [] }: Endpoint, status: number, answer: unknown): Promise<void> {
  const body =
    once.length === 0
      ? answer
      : Object.fromEntries(Object.entries(answer as object).filter(([field]) => !once.includes(field)))
  return claim.keep(JSON.stringify({ status, body }), KEEP_MS)
}
