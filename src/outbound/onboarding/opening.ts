import { OctroiError } from '../../core/errors.ts'
import { newToken, randomId } from '../../core/ids.ts'
import type { Store } from '../../core/stores.ts'
import type { Connection, ConnectSession } from '../../core/types.ts'
import { type Draft, type Drafts, placeOf } from './draft.ts'

export const SESSION_MINUTES = 30

export interface Opening {
  readonly connection: Connection
  readonly exists: boolean
  /** Names of the settings that the operator has given. */
  readonly fixed: readonly string[]
  readonly schemes: readonly string[]
  readonly keyId: string
  readonly returnUrl: string | null
}

/** A session and the token of its link, which is not kept. */
export async function openSession(
  store: Store,
  drafts: Drafts,
  opening: Opening,
  now: Date,
): Promise<{ readonly session: ConnectSession; readonly link: string }> {
  const { connection, exists, fixed, schemes, keyId, returnUrl } = opening
  const link = newToken()
  const id = randomId(16)
  const draft: Draft = {
    connection,
    before: exists ? { place: placeOf(connection), again: connection.state !== 'pending' } : null,
    fixed,
    schemes,
    secrets: {},
    link,
    browser: null,
    attempts: 0,
    redirectUri: null,
    keep: {},
    token: null,
    accounts: null,
    code: null,
  }
  const session: ConnectSession = {
    id,
    connector: connection.connector,
    connection_id: connection.id,
    key_id: keyId,
    return_url: returnUrl,
    state: 'open',
    sealed: drafts.seal(draft, id),
    state_hash: null,
    expires_at: new Date(now.getTime() + SESSION_MINUTES * 60_000).toISOString(),
    created_at: now.toISOString(),
  }
  await store.connectSessions.insert(session, drafts.hash('link', link))
  return { session, link }
}

/** Where people may be sent back to: our own code goes along. Throws `invalid_request`. */
export function requireReturnUrl(text: string): void {
  const fault = returnUrlFault(text)
  if (fault === undefined) return
  throw new OctroiError('invalid_request', `return_url ${fault}.`, { errors: [{ path: 'return_url', message: fault }] })
}

function returnUrlFault(text: string): string | undefined {
  if (text.length > 2048 || !URL.canParse(text)) return 'is not an address'
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (username !== '' || password !== '' || hash !== '') return 'may not contain a user name, a password or a fragment'
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback)) return undefined
  return 'must be an https:// address, or http:// on this machine'
}
