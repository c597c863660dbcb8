import { tidyActivity } from '../audit/maintenance.ts'
import type { Settings } from '../config/settings.ts'
import { newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import type { ApiKey } from '../core/types.ts'
import type { OpenStore } from '../store/open.ts'
import type { SigningKeyRing } from '../vault/signing_keys.ts'
import type { Installation } from './open.ts'

const ROUND_MS = 3_600_000
const DAY_MS = 86_400_000
const WARN_DAYS = [30, 7, 1]
const KEEP_DELIVERIES_MS = 30 * DAY_MS
const KEEP_SESSION_USES_MS = 30 * DAY_MS
/** They are given up after a day; what is left is of a time when nobody was there to try. */
const KEEP_LOGOUT_NOTICES_MS = 7 * DAY_MS

/** Slow work, once at start and then every hour. */
export function startRounds(
  { open, auditKey }: Installation,
  signingKeys: SigningKeyRing,
  settings: Settings,
  log: { error(fields: object, message: string): void },
): NodeJS.Timeout {
  const round = () =>
    Promise.all([
      tidyActivity(open.activity, auditKey, settings.audit_retention_days, new Date()),
      warnOfExpiry(open.store, new Date()),
      signingKeys.round(),
      open.store.connectSessions.deleteExpired(new Date().toISOString()),
      tidyPeople(open, new Date(), settings.session_idle_s * 1000),
      tidyProvider(open, new Date()),
      open.store.deliveries.prune(new Date(Date.now() - KEEP_DELIVERIES_MS).toISOString()),
    ]).catch((error) => log.error({ err: error }, 'the hourly round failed'))
  setTimeout(round, 5_000).unref()
  return setInterval(round, ROUND_MS).unref()
}

/** What nobody can use any more, and the uses of sessions that have ended long ago: a session may idle for `idleMs`. */
export async function tidyPeople(
  { store, activity }: Pick<OpenStore, 'store' | 'activity'>,
  now: Date,
  idleMs = 0,
): Promise<void> {
  await store.sessions.deleteExpired(now.toISOString())
  await activity.tickets.deleteExpired(now.toISOString())
  await activity.deleteSessionUses(new Date(now.getTime() - Math.max(KEEP_SESSION_USES_MS, 2 * idleMs)).toISOString())
}

/** What the OpenID provider keeps and nobody can use any more. */
export async function tidyProvider(
  { store, activity }: Pick<OpenStore, 'store' | 'activity'>,
  now: Date,
): Promise<void> {
  await activity.providerEntries.deleteExpired(now.toISOString())
  await store.logoutNotices.deleteCreatedBefore(new Date(now.getTime() - KEEP_LOGOUT_NOTICES_MS).toISOString())
}

/** An event for each key that ends within 30, 7 and 1 days, once each. */
export async function warnOfExpiry(store: Store, now: Date): Promise<void> {
  for (const days of WARN_DAYS) {
    for await (const key of expiringWithin(store, days, now)) {
      const type = 'key.expiring'
      const subject = `key:${key.id}`
      const since = new Date(Date.parse(key.expires_at as string) - days * DAY_MS).toISOString()
      if (await store.events.existsSince(type, subject, since)) continue
      await store.events.insert(
        newEvent(type, subject, { name: key.name, expires_at: key.expires_at, within_days: days }, now),
      )
    }
  }
}

/** Thousands may end at one time: those that came in one import. */
async function* expiringWithin(store: Store, days: number, now: Date): AsyncGenerator<ApiKey> {
  const until = new Date(now.getTime() + days * DAY_MS).toISOString()
  for (let last: ApiKey | undefined; ; ) {
    const page = await store.keys.expiringBetween(now.toISOString(), until, last)
    yield* page
    last = page.at(-1)
    if (last === undefined) return
  }
}
