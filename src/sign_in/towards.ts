/** Where a sign-in leads once it is done. Validated when it is made; sealed from then on, and never read from the outside again (T15). */

/** A page of our own: a path below the public URL, with its query (`/account`). */
export interface TowardsOwn {
  readonly kind: 'own'
  readonly path: string
}

/** A host behind `/forward-auth`: the address that was asked for, and the browser that asked (hash of its visit cookie). */
export interface TowardsHost {
  readonly kind: 'host'
  readonly returnTo: string
  readonly binding: string
}

/** An application. */
export interface TowardsApp {
  readonly kind: 'app'
  readonly client: string
  readonly redirectUri: string
  readonly state: string | null
  /** S256. */
  readonly challenge: string | null
}

/** An application that asked our OpenID provider. */
export interface TowardsOpenId {
  readonly kind: 'openid'
  readonly client: string
  /** Of the interaction, to whose page it leads back: that is where the request goes on. */
  readonly interaction: string
}

export type Towards = TowardsOwn | TowardsHost | TowardsApp | TowardsOpenId
