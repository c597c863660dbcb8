import { randomUUID } from 'node:crypto'
import { Generations } from '../core/generations.ts'
import type { AssertionSigner } from '../core/signing_keys.ts'
import type { Admission } from '../inbound/admission.ts'
import type { SessionAdmission } from '../inbound/session_admissions.ts'
import { identityHeaders } from './identity_headers.ts'

/** An assertion lives so long, and is handed out again for less: whoever gets it has a quarter of a minute to check it. */
const LIFETIME_MS = 60_000
const HANDED_OUT_MS = 45_000

/** Hosts are what callers asked for: at most twice as many are kept for one credential. */
const KEPT_HOSTS = 32

/** What a caller is let through with at one host: prepared headers, to be sent again as they are. */
interface Passport {
  readonly headers: readonly string[]
  /** Milliseconds since the epoch. */
  readonly goodUntil: number
}

/** With spaces: what is kept for a connection stands under its id, which has none. */
const PLACE = 'assertions of forward-auth'
const UNSIGNED = 'unsigned headers of forward-auth'

/**
 * Says who is calling, in headers and in a signed assertion (RFC 7519) that one host alone should take. Kept with the admission, so
 * that it goes when the admission does: with the next change of the store (D18).
 */
export class Assertions {
  readonly #signer: AssertionSigner
  readonly #issuer: string

  /** `issuer` is the public URL: the JWK Set is at `/.well-known/jwks.json` below it. */
  constructor(signer: AssertionSigner, issuer: string) {
    this.#signer = signer
    this.#issuer = issuer
  }

  /** Flat list. */
  headersFor(admission: Admission, host: string, nowMs: number): readonly string[] {
    let kept = admission.compiled.get(PLACE) as Generations<string, Passport> | undefined
    if (kept === undefined) {
      kept = new Generations(KEPT_HOSTS)
      admission.compiled.set(PLACE, kept)
    }
    const passport = kept.get(host)
    // A clock that was set back must not make it last longer.
    if (passport !== undefined && nowMs < passport.goodUntil && passport.goodUntil - nowMs <= HANDED_OUT_MS)
      return passport.headers
    const headers = identityHeaders(admission.principal, this.#assertion(admission, host, nowMs))
    kept.set(host, { headers, goodUntil: Math.min(nowMs + HANDED_OUT_MS, admission.endsAt) })
    return headers
  }

  /** The headers without an assertion, for proxies that hand none on. */
  unsignedFor(admission: Admission): readonly string[] {
    let kept = admission.compiled.get(UNSIGNED) as readonly string[] | undefined
    if (kept === undefined) {
      kept = identityHeaders(admission.principal, '')
      admission.compiled.set(UNSIGNED, kept)
    }
    return kept
  }

  #assertion(admission: Admission, host: string, nowMs: number): string {
    const { principal, endsAt } = admission
    const { subject, kind, name, email, groups, key_id, proof } = principal
    return this.#signer.sign({
      iss: this.#issuer,
      aud: host,
      sub: subject,
      iat: Math.floor(nowMs / 1000),
      exp: Math.floor(Math.min(nowMs + LIFETIME_MS, endsAt) / 1000),
      jti: randomUUID(),
      kind,
      name,
      // What there is not is left out, as OpenID Connect does (Core 1.0 §5.3.2).
      ...(email === null ? {} : { email }),
      groups,
      ...(key_id === null ? {} : { key_id }),
      proof,
      ...(proof === 'session' ? claimsOfSession(admission as SessionAdmission) : {}),
    })
  }
}

/** How the person signed in (OpenID Connect Core 1.0 §2), and for whom he acts. */
function claimsOfSession({ session, organization }: SessionAdmission): object {
  const { amr, acr, auth_time } = session
  return {
    amr,
    ...(acr === null ? {} : { acr }),
    auth_time: Math.floor(Date.parse(auth_time) / 1000),
    ...(organization === null ? {} : { organization: { id: organization.id, siret: organization.siret } }),
  }
}
