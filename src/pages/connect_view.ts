import type { ErrorCode } from '../core/errors.ts'
import type { LocalText } from './language.ts'
import type { Surroundings } from './page.ts'

/** What the connect pages are given. They decide nothing: who may see a page, and which one, is settled before. */

export interface ConnectView extends Surroundings {
  /** The name of the service, from its connector. */
  readonly service: string
}

/** Who posts what: `csrf` and `lang` in every form, and beside them what the page says. */
interface Posting {
  /** An address of ours (path or whole), with its capability. */
  readonly action: string
  readonly csrf: string
}

/** Posts `scheme`, `settings.NAME` and `secrets.NAME`. */
export interface FormView extends ConnectView, Posting {
  /** The service's own documentation. */
  readonly docs?: string | undefined
  readonly fields: readonly ConnectField[]
  /** The scheme that the fields belong to; posted as `scheme`. */
  readonly scheme: string
  /** All the ways to connect, the shown one among them, where the connector offers several. */
  readonly ways?: readonly ConnectWay[] | undefined
  /** `service`: the person signs in at the service after this page, and the button says "continue". */
  readonly next?: 'connected' | 'service' | undefined
  /** Where the service sends people back to: whoever enters an application of their own registers it there. */
  readonly redirectUri?: string | undefined
  /** The same account is connected anew: `connect again` instead of `connect`. */
  readonly again?: boolean | undefined
  /** What went wrong as a whole; what went wrong with a field is in the field. */
  readonly fault?: ConnectFault | undefined
  /** What the service or the check said, in English, for whoever is asked for help. Never a secret. */
  readonly detail?: string | undefined
}

/** One setting or secret, as connectors and schemes declare them. */
export interface ConnectField {
  readonly name: string
  readonly kind: 'setting' | 'secret'
  readonly title: LocalText
  readonly description?: LocalText | undefined
  readonly example?: string | undefined
  readonly default?: string | undefined
  readonly format?: 'text' | 'url' | 'hostname' | undefined
  readonly options?: readonly (string | { readonly value: string; readonly label: LocalText })[] | undefined
  readonly optional?: boolean | undefined
  /** `false`: a secret that may be shown, such as a user name. Settings are always shown. */
  readonly secret?: boolean | undefined
  readonly multiline?: boolean | undefined
  /** What was given before. Not shown where it is a secret. */
  readonly value?: string | undefined
  /** `must be a host name`: what validation says of it; it is translated here. */
  readonly error?: string | undefined
}

export interface ConnectWay {
  readonly scheme: string
  readonly title: LocalText
  /** Where its form is; the language is put after it. */
  readonly address: string
}

/** Codes of the error table, and two that are none: the service answered, but not as it should; nothing was chosen. */
export type ConnectFault = ErrorCode | 'unexpected_answer'

/** Posts nothing besides `csrf` and `lang`. Answer the POST with `connectOnward`. */
export interface AuthoriseView extends ConnectView, Posting {
  readonly docs?: string | undefined
  /** The host where the person signs in, to be compared with the address bar: `login.example.com`. */
  readonly signInHost: string
  readonly again?: boolean | undefined
  /** Why it could not go on from here. */
  readonly fault?: ConnectFault | undefined
}

/** The answer to the POST of `connectAuthorise`, and to the last POST where somebody waits for the person to come back. */
export interface OnwardView extends ConnectView {
  /** http or https. */
  readonly target: string
}

/** Posts `account`. */
export interface ChooseView extends ConnectView, Posting {
  readonly accounts: readonly { readonly id: string; readonly label: string; readonly hint?: string | undefined }[]
  readonly chosen?: string | undefined
  /** `unchosen`: nothing was chosen, or something that is not in the list. */
  readonly fault?: 'unchosen' | ConnectFault | undefined
}

export interface DoneView extends ConnectView {
  /** The account at the service, as the service calls it. */
  readonly identity?: string | undefined
  readonly back?: string | undefined
}

export interface CodeView extends ConnectView {
  readonly identity?: string | undefined
  /** Shown once, to be handed to the person who sent the link. */
  readonly code: string
  /** For how long it can be used. */
  readonly minutes: number
}

export interface EndedView extends Omit<ConnectView, 'service'> {
  readonly reason: 'expired' | 'used' | 'unknown'
  /** Unknown links belong to no service. */
  readonly service?: string | undefined
}

export interface RefusedView extends ConnectView {
  /**
   * `person`: did not approve. `service`: said no by itself. `trouble`: it did not answer as it should. `other_account`: another account
   * than the connected one signed in.
   */
  readonly by: 'person' | 'service' | 'trouble' | 'other_account'
  /** Where to try again; the language is put after it. */
  readonly retry?: string | undefined
  /** What the service said, as it said it. */
  readonly detail?: string | undefined
}

/** What the browser sent is not taken: a form of another page, no cookie, something that is not a form of ours. */
export interface StoppedView extends Omit<ConnectView, 'service'> {
  readonly reason: 'stale' | 'cookies' | 'wrong'
  /** 4xx. */
  readonly status: number
  readonly retry?: string | undefined
  /** In English, for whoever is asked for help. */
  readonly detail?: string | undefined
}

export interface FailedView extends Omit<ConnectView, 'service'> {
  readonly service?: string | undefined
  /** 500 by default. Never a 4xx: it is our trouble. */
  readonly status?: 500 | 502 | 503 | 504 | undefined
  readonly requestId: string
  readonly retry?: string | undefined
}
