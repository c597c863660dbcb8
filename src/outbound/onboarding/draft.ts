import type { KeyObject } from 'node:crypto'
import type { Connection, ConnectSession, Secrets, Token } from '../../core/types.ts'
import { hmac, type ValueSealer } from '../../core/vault.ts'
import type { Values } from '../scheme.ts'

/** What a connect session knows on its way to a connection. Sealed as a whole: it holds what the person typed. */
export interface Draft {
  /** The connection as it will be. */
  readonly connection: Connection
  /** Of an existing connection, which is given new secrets; its id, settings and grants stay. `null`: a new one is made. */
  readonly before: Before | null
  /** What the operator has fixed; the person is not asked for it. */
  readonly fixed: readonly string[]
  readonly schemes: readonly string[]
  readonly secrets: Secrets
  /** The token of the link: where the pages post to. */
  readonly link: string
  /** Hash of the cookie of the one browser that has the session. */
  readonly browser: string | null
  readonly attempts: number
  readonly redirectUri: string | null
  /** What the scheme wants back after the redirect (`Consent.begin`). */
  readonly keep: Values
  readonly token: Token | null
  readonly accounts: readonly AccountOption[] | null
  /** Hash of the one-time code with which the key that made the session redeems it. */
  readonly code: string | null
}

export interface Before {
  /** Which connection it was, and where its secrets went (`placeOf`). */
  readonly place: string
  /** Somebody had connected it: it is connected again, and not for the first time. */
  readonly again: boolean
}

export interface AccountOption {
  readonly id: string
  readonly label: string
}

export interface OpenSession {
  readonly session: ConnectSession
  readonly draft: Draft
}

/** What may not change while a person is on the way: their secrets would go elsewhere than they were asked for. */
export function placeOf({ created_at, connector, scheme, settings, network, app }: Connection): string {
  return JSON.stringify([created_at, connector, scheme, settings, network, app])
}

/** Seals drafts, and recognises what was handed out. */
export class Drafts {
  readonly #sealer: ValueSealer
  readonly #key: KeyObject

  constructor(sealer: ValueSealer, key: KeyObject) {
    this.#sealer = sealer
    this.#key = key
  }

  seal(draft: Draft, sessionId: string): string {
    return this.#sealer.seal(Buffer.from(JSON.stringify(draft)), sessionId)
  }

  open(session: ConnectSession): Draft {
    return JSON.parse(this.#sealer.open(session.sealed, session.id).toString())
  }

  hash(kind: 'link' | 'browser' | 'state' | 'code' | 'csrf', ...values: readonly string[]): string {
    return hmac(this.#key, JSON.stringify([kind, ...values]))
  }
}
