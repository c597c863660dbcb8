import { Generations } from '../core/generations.ts'
import { ID_PATTERN } from '../core/ids.ts'
import type { CredentialKind, FoundAccount } from '../core/program_types.ts'
import type { HotReads } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import type { Admission } from './admission.ts'

const CAPACITY = 10_000

/** How an account may prove who it is, when it calls in by itself. */
export type AccountProof = Exclude<CredentialKind, 'api_key'>

/** An account as it stood at one version of the store, and its admissions: one for each proof, for an assertion says which it was. */
export class KnownAccount {
  readonly account: Account
  /** PHC string; null when it has no password. */
  readonly passwordHash: string | null
  readonly #found: FoundAccount
  readonly #admissions = new Map<AccountProof, Admission>()

  constructor(found: FoundAccount) {
    this.account = found.account
    this.passwordHash = found.password_hash
    this.#found = found
  }

  /** The same one each time: what was compiled for it is kept with it. */
  as(proof: AccountProof): Admission {
    let admission = this.#admissions.get(proof)
    if (admission === undefined) {
      admission = accountAdmission(this.#found, proof, null)
      this.#admissions.set(proof, admission)
    }
    return admission
  }

  /** One that ends: `endsAt` in milliseconds since the epoch. */
  until(proof: AccountProof, endsAt: number): Admission {
    return accountAdmission(this.#found, proof, endsAt)
  }
}

function accountAdmission({ account, grants }: FoundAccount, proof: AccountProof, endsAt: number | null): Admission {
  return {
    key: null,
    account,
    principal: {
      kind: account.kind,
      proof,
      subject: account.id,
      key_id: null,
      account: account.id,
      name: account.name,
      email: account.email,
      groups: account.groups,
      permissions: [],
      grants,
      expires_at: endsAt === null ? null : new Date(endsAt).toISOString(),
      cidrs: [],
    },
    addresses: undefined,
    endsAt: endsAt ?? Number.POSITIVE_INFINITY,
    compiled: new Map(),
    notedAt: 0,
  }
}

type Sought = KnownAccount | undefined | Promise<KnownAccount | undefined>

/**
 * Accounts that call in by themselves. As with keys, what was loaded is kept only while the store's version stays: a disabled account,
 * another password or another grant holds from the next request.
 */
export class AccountAdmissions {
  readonly #hot: HotReads
  #version = Number.NaN
  #kept = new Generations<string, KnownAccount>(CAPACITY)

  constructor(hot: HotReads) {
    this.#hot = hot
  }

  /** `version` is what `HotReads.version()` gave for this request. `undefined`: there is no such account. */
  find(version: number, id: string): Sought {
    if (!ID_PATTERN.test(id)) return undefined
    return this.#at(version).get(`id ${id}`) ?? this.#load(`id ${id}`, () => this.#hot.findAccount(id))
  }

  /** By the canonical subject of a certificate. */
  findCertificate(version: number, subject: string): Sought {
    const place = `certificate ${subject}`
    return this.#at(version).get(place) ?? this.#load(place, () => this.#hot.findCertificate(subject))
  }

  #at(version: number): Generations<string, KnownAccount> {
    if (version !== this.#version) {
      this.#version = version
      this.#kept = new Generations(CAPACITY)
    }
    return this.#kept
  }

  async #load(place: string, read: () => Promise<FoundAccount | undefined>): Promise<KnownAccount | undefined> {
    // What is loaded belongs with the version that was read before it, whatever comes meanwhile (D18).
    const kept = this.#kept
    const found = await read()
    if (found === undefined) return undefined
    const known = new KnownAccount(found)
    kept.set(place, known)
    return known
  }
}
