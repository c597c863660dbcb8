import type { Session } from '../../core/people_types.ts'
import { type AccountParts, NotOwn, type Own } from './own.ts'

const PAGE = 200
/** More are not shown; `end_others` ends them all the same. */
const MOST = 1_000

/** His own, in every browser and at every host; the newest first. */
export async function listSessions({ store, activity, methods, now }: AccountParts, { account, session }: Own) {
  const stored = await all((after) => store.sessions.list({ limit: PAGE, after }, { account: account.id }))
  const uses = await activity.sessionUses(stored.map(({ id }) => id))
  const sessions = stored.filter((one) => one.id === session.id || isAlive(one, uses.get(one.id), now().getTime()))
  const names = new Map((await methods.all()).map(({ method }) => [method.id, method.name]))
  const labels = await labelsOf(store, sessions)
  return sessions
    .toSorted((a, b) => b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id))
    .map((one) => ({
      id: one.id,
      current: one.id === session.id,
      host: one.host,
      method: names.get(one.method) ?? one.method,
      organization: one.organization === null ? null : (labels.get(one.organization) ?? one.organization),
      address: one.address,
      userAgent: one.user_agent,
      createdAt: one.created_at,
      lastUsedAt: uses.get(one.id) ?? null,
      expiresAt: one.expires_at,
    }))
}

/** True: it was the one that this browser has. */
export async function endSession(
  { store, sessions }: AccountParts,
  { account, session }: Own,
  id: string,
): Promise<boolean> {
  const found = await store.sessions.get(id)
  if (found?.account !== account.id) throw new NotOwn('no such session')
  await sessions.end(id, 'revoked')
  // A host's session is not this one, but this one's own takes it along.
  return id === session.id
}

export async function endOtherSessions({ sessions }: AccountParts, { account, session }: Own): Promise<void> {
  await sessions.endAll(account.id, 'revoked', session.id)
}

/** One that has ended of itself stays in the store until it is tidied away; it opens nothing, and is not shown. */
function isAlive({ created_at, expires_at, idle_s }: Session, lastUsed: string | undefined, nowMs: number): boolean {
  return Date.parse(expires_at) > nowMs && Date.parse(lastUsed ?? created_at) + idle_s * 1000 > nowMs
}

async function labelsOf(
  store: AccountParts['store'],
  sessions: readonly Session[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(sessions.flatMap(({ organization }) => organization ?? []))
  const found = await Promise.all([...ids].map((id) => store.organizations.get(id)))
  return new Map(found.flatMap((organization) => (organization ? [[organization.id, organization.label]] : [])))
}

/** What a list has, page by page. */
export async function all<T extends { readonly id: string }>(
  page: (after: string | undefined) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = []
  while (found.length < MOST) {
    const next = await page(found.at(-1)?.id)
    found.push(...next)
    if (next.length < PAGE) break
  }
  return found
}
