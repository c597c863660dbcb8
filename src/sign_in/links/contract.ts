import type { SignInStage } from '../stage.ts'

/** Who asks, as far as links are concerned. */
export interface LinkVisitor {
  /** The client's address, for the throttle. */
  readonly address: string
  readonly userAgent: string | undefined
  readonly language: 'en' | 'fr'
}

/** Of a form that was posted: each name once. */
export type LinkForm = Readonly<Record<string, string>>

export interface Invitation {
  readonly account: string
  /** Ids of sign-in methods; empty: all. */
  readonly methods: readonly string[]
  /** Whether one of them is a password. */
  readonly password: boolean
}

/** What a link led to: a page, or an account whose password is set now and who is to be signed in by it. */
export type LinkOutcome =
  | { readonly kind: 'stage'; readonly stage: SignInStage }
  | { readonly kind: 'set'; readonly account: string; readonly method: string }

/** What the desk asks of invitations and resets. `link` is the token as it stands in the address. */
export interface Links {
  /** `GET /sign-in/link/{link}`. Writes nothing: mail programs open links. `ways`: other methods by which an invitation can be accepted. */
  show(
    link: string,
    visitor: LinkVisitor,
    ways: Extract<SignInStage, { kind: 'set_password' }>['ways'],
  ): Promise<SignInStage>
  /** `POST /sign-in/link/{link}`: sets the password; the link is spent with it. The desk then goes on with a proof `pwd` of that account. */
  submit(
    link: string,
    form: LinkForm,
    visitor: LinkVisitor,
    ways: Extract<SignInStage, { kind: 'set_password' }>['ways'],
  ): Promise<LinkOutcome>
  /** `GET /sign-in/reset` */
  askReset(): SignInStage
  /** `POST /sign-in/reset`: the same answer whether or not there is such an account. Throws `rate_limited`. */
  requestReset(form: LinkForm, visitor: LinkVisitor): Promise<SignInStage>
  /** The account that an invitation is for; `undefined`: spent, too late, or none. */
  invited(link: string): Promise<string | undefined>
  /** The same, with the ways in which it may be accepted. */
  invitation(link: string): Promise<Invitation | undefined>
  /** True for one of two who spend it at once: the desk links the identity that was proved. */
  spend(link: string): Promise<boolean>
}
