import type { Target } from '../outbound/connections/targets.ts'
import { BodyRelay, readBody, tooLarge } from './body_relay.ts'
import type { Call } from './call.ts'
import type { RequestBody } from './exchange.ts'
import type { HeldBodies } from './held_bodies.ts'

/** The body of a call as it will be sent; `null` when it has none. */
export function bodyOf(call: Call): RequestBody {
  const { contentLength, transferEncoding } = call.head as NonNullable<typeof call.head>
  if (transferEncoding === undefined && (contentLength === undefined || contentLength === '0')) return null
  acceptBody(call)
  const target = call.target as Target
  return new BodyRelay(call.request, target.limits.request_bytes)
}

/** `Expect: 100-continue` is answered now that the call is allowed (RFC 9110 §10.1.1). */
export function acceptBody(call: Call): void {
  if (call.request.headers.expect !== undefined) call.response.writeContinue()
}

/** A body that is signed is held in memory: large ones belong to services that sign without it. */
const MAX_SIGNED_BYTES = 16 * 1024 * 1024

export async function wholeBody(call: Call, target: Target, held: HeldBodies): Promise<Buffer> {
  const limit = Math.min(MAX_SIGNED_BYTES, target.limits.request_bytes)
  if (Number(call.head?.contentLength ?? 0) > limit) throw tooLarge(limit)
  return readWhole(call, target, limit, held)
}

/** The service is waited for from the last byte on: it could not be asked before. */
export async function readWhole(call: Call, target: Target, limit: number, held: HeldBodies): Promise<Buffer> {
  const hold = held.until(call.response)
  const body = await readBody(call.request, { limit, idleMs: target.firstByteMs, hold })
  call.bytesIn = body.length
  call.waitsFrom = performance.now()
  return body
}
