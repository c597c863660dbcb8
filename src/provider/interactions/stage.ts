import type { OpenIdScope } from '../../core/openid_types.ts'

/**
 * What a visit of `/oidc/interaction/{uid}` comes to. The page is made from it. The form of `consent` is posted to the same address, with `do`:
 * `allow` or `deny`.
 */
export type InteractionStage =
  /** On: to the sign-in, or back into the request. */
  | { readonly kind: 'onward'; readonly address: string }
  /** An application that is not the organisation's own, or that asks anew: may it know him? */
  | ConsentStage
  /** He may not use it. Nothing of him goes to the application. */
  | {
      readonly kind: 'not_allowed' | 'no_email' | 'other_account'
      readonly application: string
      readonly person: Person
      readonly again: string
    }
  /** Finished, expired, or begun in another browser. */
  | { readonly kind: 'stale' }

export interface Person {
  /** The id of the account. */
  readonly account: string
  readonly name: string
}

export interface ConsentStage {
  readonly kind: 'consent'
  readonly uid: string
  readonly client: string
  /** Its name. */
  readonly application: string
  /** Where it gets its answer: host and port, or the scheme of an app on the device. */
  readonly place: string
  readonly person: Person
  readonly asked: Asked
  /** He has allowed it something before, and this comes on top. */
  readonly isMore: boolean
}

/** What somebody is asked to allow. */
export interface Asked {
  readonly scopes: readonly OpenIdScope[]
  readonly resources: readonly { readonly id: string; readonly scopes: readonly string[] }[]
}
