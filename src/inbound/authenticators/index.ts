import type { HotReads } from '../../core/stores.ts'
import type { Throttle } from '../../policy/throttle.ts'
import { AccountAdmissions } from '../account_admissions.ts'
import type { Admissions } from '../admissions.ts'
import { type FetchKeys, JwtKeys } from '../jwt_keys.ts'
import { apiKeyAuthenticator } from './api_key.ts'
import type { Authenticator } from './authenticator.ts'
import { type BasicParts, basicAuthenticator } from './basic.ts'
import { jwtAuthenticator } from './jwt.ts'
import { mtlsAuthenticator } from './mtls.ts'

export interface AuthenticatorParts {
  readonly hot: HotReads
  readonly admissions: Admissions
  readonly passwords: BasicParts['passwords']
  readonly throttle: Throttle
  readonly fetchKeys: FetchKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Every way for a program to prove who it is, in the order in which they are asked: keys may stand in the places of JWT and Basic. */
export function authenticators(parts: AuthenticatorParts): readonly Authenticator[] {
  const { hot, admissions, passwords, throttle, fetchKeys, now } = parts
  const accounts = new AccountAdmissions(hot)
  return [
    jwtAuthenticator({ hot, accounts, keys: new JwtKeys({ fetch: fetchKeys, now }), now }),
    basicAuthenticator({ admissions, accounts, passwords, throttle }),
    apiKeyAuthenticator(admissions),
    mtlsAuthenticator(accounts),
  ]
}
