import type { SigningKeys } from '../../core/signing_keys.ts'
import type { PeopleSecrets } from '../../sign_in/secrets.ts'
import { LogoutDispatcher, type LogoutParts } from './dispatcher.ts'
import { EndSession } from './end_session.ts'
import { logoutToken } from './logout_token.ts'

export interface OpenLogoutParts extends Pick<LogoutParts, 'store' | 'fetchFor' | 'onOutcome' | 'log' | 'now'> {
  readonly secrets: PeopleSecrets
  readonly signingKeys: SigningKeys
  /** Without a slash at the end. */
  readonly publicUrl: string
}

/** The way out put together: how applications ask for it, and how they are told of it. */
export function openLogout({ signingKeys: keys, secrets, publicUrl, ...parts }: OpenLogoutParts) {
  const issuer = `${publicUrl}/oidc`
  const { store, now } = parts
  const tokenOf = logoutToken.bind(undefined, { issuer, signer: keys, now })
  const dispatcher = new LogoutDispatcher({ ...parts, tokenOf, random: Math.random })
  const endSession = new EndSession({ store, secrets, keys, issuer, now })
  return { endSession, dispatcher, onEnded: () => dispatcher.wake() }
}
