import type { AcceptKind } from '../core/program_types.ts'
import { MissingKinds } from '../inbound/places.ts'

/**
 * The schemes by which one may try again (RFC 9110 §11.6.1): those of the kinds that the route takes. A browser asks its user for a
 * password where it reads `Basic`. Certificates and sessions have no registered scheme; a 401 has to name one.
 */
const SCHEMES: Readonly<Record<AcceptKind, string | undefined>> = {
  api_key: 'Bearer realm="octroi"',
  jwt: 'Bearer realm="octroi"',
  basic: 'Basic realm="octroi", charset="UTF-8"',
  mtls: 'Certificate realm="octroi"',
  session: 'Cookie realm="octroi"',
  anonymous: undefined,
}

/** Where several are wanted at once, those that are missing. */
export function challengeFor(kinds: readonly AcceptKind[], refusal: unknown): string {
  const wanted = refusal instanceof MissingKinds ? refusal.kinds : kinds
  const schemes = wanted.flatMap((kind) => SCHEMES[kind] ?? [])
  return [...new Set(schemes)].join(', ')
}

/** Flat list in, flat list out. */
export function withChallenge(headers: readonly string[], challenge: string): readonly string[] {
  const at = headers.indexOf('WWW-Authenticate')
  return at === -1 || challenge === '' ? headers : headers.with(at + 1, challenge)
}
