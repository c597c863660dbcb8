import type { SignInKind } from '../core/people_types.ts'
import type { Refusal } from './method.ts'

/**
 * What a visit of `/sign-in/...` or `/session/...` comes to. The pages are made from it, and nothing else decides what they show. Every form
 * carries `csrf` and `lang` as well; paths are below that of the public URL.
 *
 * | stage | its form is posted to | with |
 * |---|---|---|
 * | `choose` | `/sign-in/{form.method}` | `flow`, `login`, `password` |
 * | `passkey` | `/sign-in/{method}` | `flow`, `response` (JSON of the credential) |
 * | `second_factor` | `/sign-in/step/{step}` | one of `code`, `recovery_code`, `response` (JSON of the credential) |
 * | `enrol` | `/sign-in/step/{step}` | `code` |
 * | `recovery_codes` | `/sign-in/step/{step}` | nothing more |
 * | `organizations` | `/sign-in/step/{step}` | `organization` (its id) |
 * | `first` | `/sign-in/step/{step}` | `choice`: `create`; linking leads on by the addresses of `ways` |
 * | `sign_out` | `/session/sign-out` | `flow` |
 * | `set_password` | `/sign-in/link/{link}` | `password`, `again` |
 * | `ask_reset` | `/sign-in/reset` | `login` |
 */

/** A way to sign in, as a button or as the form itself. */
export interface Way {
  readonly method: string
  readonly name: string
  readonly kind: SignInKind
  /** Where its button leads: `{base}/sign-in/{method}?flow=...`. */
  readonly address: string
}

export type FormFault = 'wrong' | 'rate_limited' | 'busy' | 'unavailable' | 'weak' | 'differs' | 'taken' | 'invalid'

/** With the status of its page. `cookies`: a form came without the cookie of the page that it was on; `csrf`: with another one's. */
export const STOPS = {
  csrf: 403,
  cookies: 403,
  not_found: 404,
  method_off: 404,
  unreadable: 400,
  too_large: 413,
} as const
export type Stop = keyof typeof STOPS

interface InFlow {
  /** Sealed: where this sign-in leads. A hidden field of every form. */
  readonly flow: string
  /** The application or host that the person comes from; null: Octroi's own pages. */
  readonly towards: string | null
}

/** A step after the first proof. `step` names the ticket; it is worth nothing in another browser. */
interface InStep {
  readonly step: string
  readonly towards: string | null
}

export type SignInStage =
  /** The first page: the form of the method that has one, buttons for the others. */
  | (InFlow & {
      readonly kind: 'choose'
      readonly form: FormOf | null
      readonly ways: readonly Way[]
      /** Of a form that came back. */
      readonly fault?: FormFault | undefined
      readonly retryAfterS?: number | undefined
      /** Somebody is signed in already, who has to prove himself again. */
      readonly again: boolean
    })
  | (InFlow & {
      readonly kind: 'passkey'
      readonly method: string
      readonly options: unknown
      readonly ways: readonly Way[]
      readonly fault?: FormFault | undefined
    })
  | (InStep & {
      readonly kind: 'second_factor'
      readonly totp: boolean
      readonly recovery: boolean
      /** Options for the browser; null where he has no passkey. */
      readonly passkey: unknown
      readonly fault?: FormFault | undefined
      readonly retryAfterS?: number | undefined
    })
  /** A second factor is wanted and he has none: he sets one up first. */
  | (InStep & {
      readonly kind: 'enrol'
      readonly secret: string
      /** `otpauth://...` */
      readonly uri: string
      readonly fault?: FormFault | undefined
    })
  /** Shown once. */
  | (InStep & { readonly kind: 'recovery_codes'; readonly codes: readonly string[] })
  | (InStep & {
      readonly kind: 'organizations'
      readonly organizations: readonly { readonly id: string; readonly label: string; readonly siret: string | null }[]
    })
  /** Nobody is known by this identity: a new account, or one of his own that he proves. */
  | (InStep & {
      readonly kind: 'first'
      readonly name: string | null
      readonly email: string | null
      readonly provider: string
      readonly canCreate: boolean
      /** Some account has this address; which, nobody is told. */
      readonly addressKnown: boolean
      /** Ways to prove an account that is to be linked. */
      readonly ways: readonly Way[]
    })
  | {
      readonly kind: 'refused'
      readonly reason: Refusal
      readonly detail: string
      readonly again: string | null
      readonly towards?: string | null | undefined
    }
  /** The method's own trouble, not ours: another one can be chosen. */
  | (InFlow & {
      readonly kind: 'unavailable'
      readonly method: string
      readonly status: 502 | 503 | 504
      readonly ways: readonly Way[]
    })
  /** What the browser sent is not taken, or leads nowhere. */
  | { readonly kind: 'stopped'; readonly reason: Stop; readonly again: string | null }
  /** Our own trouble; the log has its cause under the request id. */
  | { readonly kind: 'failed'; readonly status: 500 | 502 | 503 | 504; readonly again: string | null }
  /** To a provider, an application, a page of ours, a host. `cookies` are set on the way. */
  | { readonly kind: 'onward'; readonly target: string; readonly session?: string | undefined }
  | { readonly kind: 'sign_out'; readonly csrfFor: string; readonly flow: string; readonly towards: string | null }
  | { readonly kind: 'signed_out'; readonly again: string; readonly back: string | null }
  /** The address of a link (invitation, reset) with the form that it leads to. */
  | {
      readonly kind: 'set_password'
      readonly link: string
      readonly purpose: 'invitation' | 'password_reset'
      readonly name: string
      readonly login: string
      readonly ways: readonly Way[]
      readonly fault?: FormFault | undefined
    }
  | {
      readonly kind: 'ask_reset'
      readonly fault?: FormFault | undefined
      readonly retryAfterS?: number | undefined
      /** No mail leaves here: an administrator has to help. There is nothing to fill in. */
      readonly noMail?: boolean | undefined
    }
  /** The same whether or not there is such an account. */
  | { readonly kind: 'reset_asked' }

export interface FormOf {
  readonly method: string
  readonly name: string
  readonly login: string
  /** The form takes a login; otherwise the account is known (to prove oneself again). */
  readonly fixedLogin: boolean
  /** A forgotten password can be set anew by mail (`/sign-in/reset`): its passwords are ours, and mail is set up. */
  readonly canReset?: boolean | undefined
}
