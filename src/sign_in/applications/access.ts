import { newEvent } from '../../core/events.ts'
import type { Consent, OpenIdScope } from '../../core/openid_types.ts'
import { OPENID_SCOPES } from '../../core/openid_types.ts'
import type { Client } from '../../core/people_types.ts'
import type { ActivityStore, Store } from '../../core/stores.ts'

/** What the library of the provider calls a token by which an application comes back without the person. */
const REFRESH_TOKEN = 'RefreshToken'
const PAGE = 200

export interface AccessParts {
  readonly store: Store
  readonly activity: Pick<ActivityStore, 'providerEntries'>
  /** Applications are to be told of what has ended. */
  readonly onEnded: () => void
  readonly now: () => Date
}

/** An application that came to know a person by our OpenID provider, and still may. */
export interface Access {
  readonly client: string
  /** Of the application. */
  readonly name: string
  /** RFC 3339: the first of what it has. */
  readonly since: string
  /** What it may know and do, in the order of `OPENID_SCOPES`. */
  readonly scopes: readonly OpenIdScope[]
  /** Its own APIs for which it may get tokens of the person: ids. */
  readonly resources: readonly string[]
  /** The person is signed in there, by a session of his here. */
  readonly signed_in: boolean
  /** It holds a token that outlives his sessions. */
  readonly offline: boolean
  /** When he first allowed it something; null: he was not asked, for it is the organisation's own. */
  readonly consented_at: string | null
}

/** Which applications know a person, and the end of it. Those that only exchange codes for tokens of ours are among the tokens. */
export class ApplicationAccess {
  readonly #parts: AccessParts

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  /** In order of the id of the application. */
  async of(account: string, store = this.#parts.store): Promise<readonly Access[]> {
    const at = this.#parts.now().toISOString()
    const [sessions, consents, tokens] = [
      await store.sessionClients.clientsOf(account),
      await store.consents.of(account),
      await this.#parts.activity.providerEntries.clientsOf(REFRESH_TOKEN, account, at),
    ]
    const ids = [...sessions, ...consents, ...tokens].map(({ client }) => client)
    const found: Access[] = []
    for (const id of [...new Set(ids)].sort()) {
      const client = await store.clients.get(id)
      if (client === undefined) continue
      const [session, consent, token] = [sessions, consents, tokens].map((list) =>
        list.find((one) => one.client === id),
      )
      const access = accessOf(client, session as Since, consent as Consent | undefined, token as Since)
      if (access !== undefined) found.push(access)
    }
    return found
  }

  /**
   * Takes all of it away: what was allowed, the tokens, and the sessions at the application, which is told that they have ended. `store`: of
   * the transaction in which it was looked whether this may be done. False: it had none.
   */
  async revoke(account: string, client: string, store = this.#parts.store): Promise<boolean> {
    const now = this.#parts.now()
    return store.transaction(async (bound) => {
      if (!(await this.of(account, bound)).some((access) => access.client === client)) return false
      // Consent first: without it no new grant is made of a session that is left.
      await bound.consents.delete(account, client)
      await bound.sessionClients.end(account, client, now.toISOString())
      await revokeKeys(bound, account, client, now.toISOString())
      await bound.events.insert(newEvent('account.application_revoked', `account:${account}`, { client }, now))
      return true
    })
  }

  /** After the transaction of `revoke`: what is kept in the other database. */
  async forget(account: string, client: string): Promise<void> {
    await this.#parts.activity.providerEntries.deleteOfAccount(account, client)
    this.#parts.onEnded()
  }
}

type Since = { readonly since: string } | undefined

function accessOf(client: Client, session: Since, consent: Consent | undefined, token: Since): Access | undefined {
  const { id, name, openid } = client
  const asksNobody = openid?.first_party === true
  // Nobody acts for him while he is away whom he has not allowed to (OpenID Connect Core 1.0 §11), not even the organisation's own.
  const mayKnow = (scope: OpenIdScope) => asksNobody && scope !== 'offline_access' && openid.scopes.includes(scope)
  const scopes = OPENID_SCOPES.filter((scope) => mayKnow(scope) || consent?.scopes.includes(scope) === true)
  const offline = token !== undefined && scopes.includes('offline_access')
  // Without that a token ended with its session.
  if (session === undefined && consent === undefined && !offline) return undefined
  const since = [session?.since, consent?.created_at, offline ? token.since : undefined].filter(
    (at) => at !== undefined,
  )
  const resources = asksNobody ? openid.resources : (consent?.resources ?? [])
  return {
    client: id,
    name,
    since: since.sort()[0] as string,
    scopes,
    resources: resources.map((resource) => resource.id),
    signed_in: session !== undefined,
    offline,
    consented_at: consent?.created_at ?? null,
  }
}

/** Those that it got for sessions of his by exchanging codes. */
async function revokeKeys(store: Store, account: string, client: string, now: string): Promise<void> {
  for (let after: string | undefined; ; ) {
    const sessions = await store.sessions.list({ limit: PAGE, after }, { account })
    for (const { id } of sessions) await store.sessions.revokeKey(id, client, now)
    if (sessions.length < PAGE) return
    after = sessions.at(-1)?.id
  }
}
