import type { KoaContextWithOIDC, Account as LibraryAccount } from 'oidc-provider'
import type { Session } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { accountFor, standingAt } from './account_claims.ts'
import { clientOf } from './client_metadata.ts'

export interface PeopleParts {
  readonly store: Store
}

/** What of a code or token matters here. */
interface Given {
  readonly sessionUid?: string | undefined
  /** Of a code. */
  readonly redirectUri?: string | undefined
}

/**
 * Whose subject this is, if he may use the application as things are at this moment: every code, refresh token and access token is judged
 * anew. He acts for the organization of the session that the request, or the token, came from; when that has ended, for none.
 */
export async function findAccount(
  { store }: PeopleParts,
  ctx: KoaContextWithOIDC,
  subject: string,
  token: Given | undefined,
): Promise<LibraryAccount | undefined> {
  const account = await store.subjects.find(subject)
  if (account === undefined) return undefined
  const uid = token === undefined ? ctx.oidc.session?.uid : token.sessionUid
  const client = clientOf(ctx.oidc.client)
  // An address that was taken back since has got the code, but it is worth nothing.
  if (token?.redirectUri !== undefined && !client.redirect_uris.includes(token.redirectUri)) return undefined
  const organization = await organizationOf(store, account.id, uid)
  const standing = await standingAt(store, client, { account: account.id, organization })
  return standing.kind === 'allowed' ? accountFor(subject, client, standing.person) : undefined
}

async function organizationOf(
  store: Store,
  account: string,
  uid: string | undefined,
): Promise<Session['organization']> {
  const session = uid === undefined ? undefined : await store.sessions.findByLineage(uid)
  return session?.account === account ? session.organization : null
}
