import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Session } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'

export interface SessionAdapterParts {
  readonly store: Pick<Store, 'sessions' | 'accounts' | 'subjects' | 'sessionClients'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** The session has ended while the library was at work. */
  readonly ended: () => Error
}

/**
 * The library's session is ours. It finds it by the id that the door gives it, or, for a token, by its lineage; what the library would change
 * of it is not its to change, but for the applications that somebody went to. It ends none: ours end where people end them.
 */
export function sessionAdapter(parts: SessionAdapterParts): Adapter {
  const { store } = parts
  return {
    find: async (id) => payloadOf(parts, await store.sessions.get(id)),
    findByUid: async (uid) => payloadOf(parts, await store.sessions.findByLineage(uid)),
    findByUserCode: async () => undefined,
    upsert: async (_, payload) => noteClients(parts, payload),
    consume: async () => undefined,
    destroy: async () => undefined,
    revokeByGrantId: async () => undefined,
  }
}

/** A session that has ended, or whose account was switched off, is none. */
export async function liveSession(
  { store, now }: Pick<SessionAdapterParts, 'store' | 'now'>,
  session: Session | undefined,
): Promise<Session | undefined> {
  if (session === undefined || session.host !== null || Date.parse(session.expires_at) <= now()) return undefined
  const account = await store.accounts.get(session.account)
  return account === undefined || account.disabled_at !== null ? undefined : session
}

async function payloadOf(parts: SessionAdapterParts, found: Session | undefined): Promise<AdapterPayload | undefined> {
  const session = await liveSession(parts, found)
  if (session === undefined) return undefined
  const { store } = parts
  const clients = await store.sessionClients.of(session.id)
  return {
    kind: 'Session',
    jti: session.id,
    uid: session.lineage,
    exp: Math.floor(Date.parse(session.expires_at) / 1000),
    accountId: await store.subjects.of(session.account),
    loginTs: Math.floor(Date.parse(session.auth_time) / 1000),
    amr: [...session.amr],
    ...(session.acr === null ? {} : { acr: session.acr }),
    authorizations: Object.fromEntries(
      clients.map(({ client, sid, grant }) => [client, { sid, ...(grant === null ? {} : { grantId: grant }) }]),
    ),
  }
}

/** An application is one of the session's from its first grant on. */
async function noteClients({ store, now, ended }: SessionAdapterParts, payload: AdapterPayload): Promise<void> {
  const granted = Object.entries(payload.authorizations ?? {}).filter(([, { sid, grantId }]) => sid && grantId)
  if (granted.length === 0 || payload.uid === undefined) return
  const session = await store.sessions.findByLineage(payload.uid)
  if (session === undefined) throw ended()
  const known = new Map((await store.sessionClients.of(session.id)).map((one) => [one.client, one]))
  for (const [client, { sid, grantId }] of granted) {
    const before = known.get(client)
    if (before?.sid === sid && before?.grant === grantId) continue
    const entry = { session: session.id, client, sid: sid as string, grant: grantId as string }
    const put = await store.sessionClients.put({ ...entry, created_at: new Date(now()).toISOString() })
    if (!put) throw ended()
  }
}
