import { newEvent } from '../../core/events.ts'
import type { ApiKey } from '../../core/types.ts'
import { type AccountParts, NotOwn, type Own } from './own.ts'
import { all } from './own_sessions.ts'

/** API keys of a person's own account: those that applications got for him, and those that an administrator gave him. */
export async function listTokens({ store, activity, now }: AccountParts, { account }: Own) {
  const at = now().toISOString()
  const keys = (await all((after) => store.keys.list({ limit: 200, after }, { account: account.id }))).filter((key) =>
    isLive(key, at),
  )
  const uses = await activity.lastUses(keys.map(({ id }) => id))
  return keys.map((key) => ({
    id: key.id,
    name: key.name,
    createdAt: key.created_at,
    lastUsedAt: uses.get(key.id) ?? null,
    expiresAt: key.expires_at,
  }))
}

/** For good. Those of services are other accounts' keys: they are never his to revoke. */
export async function revokeToken(parts: AccountParts, own: Own, id: string): Promise<void> {
  await parts.store.transaction(async (store) => {
    const key = await requireOwnKey({ store, now: parts.now }, own, id)
    const at = parts.now().toISOString()
    const groups = key.groups === null ? null : []
    // What it held of names is free again, as when an administrator revokes it.
    await store.keys.update({ ...key, revoked_at: at, groups, tech_name: null, updated_at: at })
    await store.events.insert(newEvent('key.revoked', `key:${id}`, { name: key.name }, parts.now()))
  })
}

export async function tokenName(parts: AccountParts, own: Own, id: string): Promise<string> {
  return (await requireOwnKey(parts, own, id)).name
}

async function requireOwnKey(
  { store, now }: Pick<AccountParts, 'store' | 'now'>,
  { account }: Own,
  id: string,
): Promise<ApiKey> {
  const key = await store.keys.get(id)
  if (key?.account !== account.id || !isLive(key, now().toISOString())) throw new NotOwn('no such key')
  return key
}

function isLive({ revoked_at, expires_at }: ApiKey, now: string): boolean {
  return revoked_at === null && (expires_at === null || expires_at > now)
}
