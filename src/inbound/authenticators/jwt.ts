import { hash } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { Generations } from '../../core/generations.ts'
import type { Issuer } from '../../core/program_types.ts'
import type { HotReads } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import type { AccountAdmissions } from '../account_admissions.ts'
import type { Admission } from '../admission.ts'
import type { JwtKeys } from '../jwt_keys.ts'
import { claimsFit, endOf, headerFits, type ReadToken, readToken, subjectOf } from '../jwt_token.ts'
import type { Authenticator, Found } from './authenticator.ts'

export interface JwtParts {
  readonly hot: Pick<HotReads, 'issuers'>
  readonly accounts: AccountAdmissions
  readonly keys: JwtKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const CAPACITY = 10_000
/** A signature is verified again after so long: its issuer may have withdrawn the key. */
const VERIFIED_MS = 300_000

interface Verified {
  readonly admission: Admission
  readonly until: number
}

/**
 * `Authorization: Bearer` with a JWT of a registered issuer (RFC 7519, RFC 8725, RFC 9068). Whatever else stands there is somebody else's:
 * a key has no dots. A verified token is kept by its digest, until it ends and for as long as the store's version stays (D18).
 */
export function jwtAuthenticator(parts: JwtParts): Authenticator {
  const tokens = new Tokens(parts)
  return {
    kind: 'jwt',
    find({ presented: { bearer }, version }) {
      return bearer === null || !bearer.includes('.') ? null : tokens.find(version, bearer)
    },
  }
}

class Tokens {
  readonly #parts: JwtParts
  #version = Number.NaN
  #verified = new Generations<string, Verified>(CAPACITY)
  #issuers: Promise<ReadonlyMap<string, readonly Issuer[]>> | undefined

  constructor(parts: JwtParts) {
    this.#parts = parts
  }

  find(version: number, bearer: string): Found | Promise<Found> {
    if (version !== this.#version) {
      this.#version = version
      this.#verified = new Generations(CAPACITY)
      this.#issuers = undefined
    }
    const digest = hash('sha256', bearer, 'base64')
    const kept = this.#verified.get(digest)
    // What has ended is judged at the entrance, as for keys.
    if (kept !== undefined && this.#parts.now() < kept.until) return kept.admission
    const token = readToken(bearer)
    return token === undefined ? null : this.#verify(version, token, digest)
  }

  async #verify(version: number, token: ReadToken, digest: string): Promise<Found> {
    const { iss } = token.claims
    const kept = this.#verified
    const issuers = typeof iss === 'string' ? (await this.#byName()).get(iss) : undefined
    if (issuers === undefined) return null
    let trouble: unknown
    for (const issuer of issuers) {
      try {
        const admission = await this.#admission(version, token, issuer)
        if (admission === undefined) continue
        kept.set(digest, { admission, until: this.#parts.now() + VERIFIED_MS })
        return admission
      } catch (error) {
        trouble ??= error
      }
    }
    // One whose keys are missing may be the one that knows this token: nobody can say that it is wrong.
    if (trouble !== undefined) throw trouble
    return undefined
  }

  /** What costs least is asked first: only a token that could be good makes us fetch keys. */
  async #admission(version: number, token: ReadToken, issuer: Issuer): Promise<Admission | undefined> {
    const { accounts, keys, now } = this.#parts
    if (!headerFits(token, issuer) || !claimsFit(token, issuer, now())) return undefined
    const subject = subjectOf(token, issuer)
    if (subject === undefined) return undefined
    const { alg, kid } = token.header as { readonly alg: string; readonly kid?: string }
    if (!(await isSignedBy(await keys.fitting(issuer, alg, kid), token, alg))) return undefined
    const known = await accounts.find(version, subject)
    if (known === undefined || !maySpeakFor(issuer, known.account)) return undefined
    return known.until('jwt', endOf(token, issuer))
  }

  #byName(): Promise<ReadonlyMap<string, readonly Issuer[]>> {
    if (this.#issuers !== undefined) return this.#issuers
    const loading = this.#load()
    this.#issuers = loading
    // A store that failed once must not go on failing here.
    loading.catch(() => {
      if (this.#issuers === loading) this.#issuers = undefined
    })
    return loading
  }

  async #load(): Promise<ReadonlyMap<string, readonly Issuer[]>> {
    const all = await this.#parts.hot.issuers()
    this.#parts.keys.forgetAllBut(all)
    return Map.groupBy(
      all.filter(({ disabled_at }) => disabled_at === null),
      ({ issuer }) => issuer,
    )
  }
}

/** A person, only where an operator named him: issuers give out names as they like. */
function maySpeakFor({ account, accounts }: Issuer, { id, kind }: Account): boolean {
  return kind === 'service' || account === id || accounts.includes(id)
}

async function isSignedBy(keys: readonly CryptoKey[], { text }: ReadToken, algorithm: string): Promise<boolean> {
  const { compactVerify, errors } = await import('jose')
  for (const key of keys) {
    try {
      await compactVerify(text, key, { algorithms: [algorithm] })
      return true
    } catch (error) {
      // A key that is too small, or not one for this algorithm, is a `TypeError`.
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error
    }
  }
  return false
}
