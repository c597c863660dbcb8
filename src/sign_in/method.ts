import type { AuthenticationMethod, SignInMethod } from '../core/people_types.ts'

/** The contract of a sign-in method: how one kind of proof is asked for and checked. What comes of it is the desk's matter. */

/** What is known of how the person proved who he is. */
export interface Proved {
  readonly amr: readonly AuthenticationMethod[]
  /** Checked against what was asked for; null where the method has none. */
  readonly acr: string | null
  /** RFC 3339. */
  readonly authTime: string
}

/** One of our accounts, by a proof that we keep ourselves (password, passkey). */
export interface AccountProof extends Proved {
  readonly kind: 'account'
  readonly account: string
}

/** Somebody whom an issuer vouches for. Whose account that is, provisioning finds out; the e-mail address never says so. */
export interface IdentityProof extends Proved {
  readonly kind: 'identity'
  readonly issuer: string
  readonly subject: string
  readonly claims: Claims
  /** For the provider's logout. */
  readonly idToken: string | null
}

export type Proof = AccountProof | IdentityProof

/** What an issuer says of a person, in one shape for all of them. Null: it says nothing of this, and nothing of it changes. */
export interface Claims {
  readonly name: string | null
  readonly email: string | null
  /** Only where the method's settings trust the issuer with that. */
  readonly emailVerified: boolean
  /** Ids of our groups, already mapped; with the range of the mapping: a group in the range that is not named is taken away. */
  readonly groups: { readonly named: readonly string[]; readonly range: readonly string[] } | null
  readonly organizations: readonly { readonly siret: string; readonly label: string | null }[] | null
}

/** Values of the flow that a method wants back when the browser returns; sealed by the desk, bound to browser and method. */
export type Keep = Readonly<Record<string, string>>

/** Password and directory: a login and a password in one form. */
export interface FormMethod {
  readonly type: 'form'
  readonly method: SignInMethod
  /**
   * `undefined`: unknown, wrong or disabled, which nobody can tell apart (same work, same words). Throws `rate_limited`, `busy`, and 502/504 for
   * a directory that does not answer.
   */
  check(input: {
    readonly login: string
    readonly password: string
    readonly address: string
  }): Promise<Proof | undefined>
}

/** A provider in between. */
export interface RedirectMethod {
  readonly type: 'redirect'
  readonly method: SignInMethod
  /** Throws 502/504 when the provider cannot be asked. */
  begin(input: {
    /** At least 32 characters; made and checked by the desk. */
    readonly state: string
    /** `{public URL}/sign-in/{method}/callback`: its own for each method (D4). */
    readonly redirectUri: string
    readonly language: string
    /** Asks the provider to let the person prove himself anew. */
    readonly fresh: boolean
    /** Two factors are wanted. */
    readonly mfa: boolean
  }): Promise<{ readonly url: string; readonly keep: Keep }>
  /** `query`: each parameter once. Throws `SignInRefused` for what the provider or its answer is to blame for, 502/504 where it is silent. */
  finish(input: {
    readonly query: Readonly<Record<string, string>>
    readonly state: string
    readonly keep: Keep
    readonly redirectUri: string
  }): Promise<IdentityProof>
  /** Where the browser goes to end the session at the provider; `undefined` where it has no such place. */
  signOut(input: {
    readonly idToken: string | null
    readonly state: string
    readonly returnTo: string
  }): Promise<string | undefined>
}

/** WebAuthn; needs a script in the page. */
export interface PasskeyMethod {
  readonly type: 'passkey'
  readonly method: SignInMethod
  /** `challenge` goes into the flow. No account is named: the authenticator knows (discoverable credentials). */
  begin(): Promise<{ readonly options: unknown; readonly challenge: string }>
  finish(input: { readonly response: unknown; readonly challenge: string }): Promise<AccountProof | undefined>
}

export type OpenMethod = FormMethod | RedirectMethod | PasskeyMethod

/** Why a sign-in cannot go on, in words of the pages. None of it is our own trouble. */
export const REFUSALS = [
  /** The person said no at the provider, or it would not have him. */
  'denied',
  /** Too late, used already, another browser, another method. */
  'stale',
  /** A link that was sent (invitation, reset): used, too old, or replaced by a newer one. */
  'spent',
  /** The provider's answer does not hold: signature, nonce, issuer, audience, subject. */
  'untrusted',
  /** The provider did not check the person as strictly as was asked for. */
  'too_weak',
  /** No account is known for this person, and none is made. */
  'unknown',
  /** The account is disabled. */
  'disabled',
  /** No organization of his is known here. */
  'no_organization',
  /** He may not use this application. */
  'not_allowed',
  /** The application's request is not one of its own: address, parameters. */
  'bad_request',
  /** The browser keeps coming back without the session that it was given. */
  'loop',
] as const
export type Refusal = (typeof REFUSALS)[number]

const STATUS: Readonly<Record<Refusal, number>> = {
  denied: 403,
  stale: 400,
  spent: 400,
  untrusted: 400,
  too_weak: 403,
  unknown: 403,
  disabled: 403,
  no_organization: 403,
  not_allowed: 403,
  bad_request: 400,
  loop: 400,
}

/** `reason` is for the page, `detail` for the person (never a secret, never a provider's own text), `cause` for the log. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused'
  readonly reason: Refusal
  readonly detail: string

  constructor(reason: Refusal, detail: string, cause?: unknown) {
    super(`${reason}: ${detail}`, { cause })
    this.reason = reason
    this.detail = detail
  }

  get status(): number {
    return STATUS[this.reason]
  }
}
