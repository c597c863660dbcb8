import { newEvent } from '../../core/events.ts'
import type { Client, Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { ApiKey } from '../../core/types.ts'
import type { ApplicationPerson } from './person.ts'

/** Makes keys of ours, and recognises them by their hash. */
export interface KeyMaking {
  generate(): { readonly id: string; readonly key: string }
  hash(key: string): string
}

export interface TokenParts {
  readonly keys: KeyMaking
  readonly environment: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface ApplicationToken {
  readonly key: string
  readonly expires_at: string
}

/**
 * The `api_token` of a person at an application: a key of his account with what the application was granted, that ends with the session at
 * the latest. The one that this session had at this application before is revoked.
 */
export async function giveToken(
  store: Store,
  { keys, environment, now }: TokenParts,
  client: Client,
  session: Session,
  { account, organization, groups }: ApplicationPerson,
): Promise<ApplicationToken> {
  const made = keys.generate()
  const at = new Date(now())
  const end = new Date(Math.min(now() + client.token.ttl_s * 1000, Date.parse(session.expires_at))).toISOString()
  const key: ApiKey = {
    id: made.id,
    account: account.id,
    name: client.name,
    description: `Token of the application ${client.id}`,
    permissions: [],
    grants: client.token.grants,
    // Of the account as it will be; acting for an organization, those of now.
    groups: (organization?.groups.length ?? 0) > 0 ? groups : null,
    tech_name: null,
    cidrs: [],
    rate_limit: null,
    imported: false,
    usable_when_owner_inactive: false,
    environment,
    expires_at: end,
    disabled_at: null,
    revoked_at: null,
    created_at: at.toISOString(),
    updated_at: at.toISOString(),
    created_by: null,
  }
  const hash = keys.hash(made.key)
  await store.keys.insert(key, { hash, key_id: key.id, expires_at: null, created_at: key.created_at })
  await store.sessions.giveKey(session.id, client.id, key.id, at.toISOString())
  const data = { name: key.name, account: account.id, client: client.id }
  await store.events.insert(newEvent('key.created', `key:${key.id}`, data, at))
  return { key: made.key, expires_at: end }
}
