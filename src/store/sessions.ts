import { type Kysely, type Selectable, sql } from 'kysely'
import type { SessionFilter, SessionStore } from '../core/people_stores.ts'
import type { AuthenticationMethod, Session } from '../core/people_types.ts'
import type { Page } from '../core/stores.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireAccount, requireOrganizations } from './references.ts'
import type { MainTables } from './schema.ts'
import { endSessions, revokeSessionKeys } from './session_ends.ts'

export type SessionRow = Selectable<MainTables['sessions']>

/** So long the list of an account's keys still shows what an application got for a session that has ended. */
const KEEP_KEYS_MS = 30 * 86_400_000

export class Sessions implements SessionStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(session: Session, tokenHash: string): Promise<void> {
    const { account, amr, ...row } = session
    await alone(this.#db, async (db) => {
      await requireAccount(db, account)
      if (session.organization !== null) await requireOrganizations(db, [session.organization])
      await explaining('The session that this one belongs to has ended.', () =>
        db
          .insertInto('sessions')
          .values({ ...row, account_id: account, amr: JSON.stringify(amr), token_hash: tokenHash })
          .execute(),
      )
    })
  }

  async get(id: string): Promise<Session | undefined> {
    const row = await this.#db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
    return row && sessionFromRow(row)
  }

  async findByLineage(lineage: string): Promise<Session | undefined> {
    const row = await this.#db
      .selectFrom('sessions')
      .selectAll()
      .where('lineage', '=', lineage)
      .where('host', 'is', null)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && sessionFromRow(row)
  }

  async list({ limit, after }: Page, { account, host }: SessionFilter = {}): Promise<readonly Session[]> {
    let query = this.#db.selectFrom('sessions').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    if (account !== undefined) query = query.where('account_id', '=', account)
    if (host !== undefined) query = host === null ? query.where('host', 'is', null) : query.where('host', '=', host)
    return (await query.execute()).map(sessionFromRow)
  }

  async replaceToken(id: string, tokenHash: string, amr?: readonly AuthenticationMethod[]): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('sessions')
      .set({ token_hash: tokenHash, ...(amr === undefined ? {} : { amr: JSON.stringify(amr) }) })
      .where('id', '=', id)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async end(id: string, now: string): Promise<boolean> {
    return alone(this.#db, async (db) => (await endSessions(db, sql`id = ${id}`, now)) > 0)
  }

  async endAll(account: string, now: string, except?: string): Promise<number> {
    const kept = except ?? ''
    const others = sql`account_id = ${account} and id != ${kept} and (parent is null or parent != ${kept})`
    return alone(this.#db, (db) => endSessions(db, others, now))
  }

  async endEvery(now: string): Promise<number> {
    return alone(this.#db, async (db) => {
      await revokeSessionKeys(db, sql`1 = 1`, now)
      return endSessions(db, sql`1 = 1`, now)
    })
  }

  async deleteExpired(now: string): Promise<void> {
    const before = new Date(Date.parse(now) - KEEP_KEYS_MS).toISOString()
    await alone(this.#db, async (db) => {
      await endSessions(db, sql`expires_at <= ${now}`, now)
      await db
        .deleteFrom('api_keys')
        .where('revoked_at', '<', before)
        .where('id', 'in', db.selectFrom('session_keys').select('key_id').where('session_id', 'is', null))
        .execute()
    })
  }

  async revokeKey(session: string, client: string, now: string): Promise<void> {
    await alone(this.#db, (db) => revokeSessionKeys(db, sql`session_id = ${session} and client_id = ${client}`, now))
  }

  async giveKey(session: string, client: string, keyId: string, now: string): Promise<void> {
    await alone(this.#db, async (db) => {
      await revokeSessionKeys(db, sql`session_id = ${session} and client_id = ${client}`, now)
      await explaining('The session has ended, or the application or the key is gone.', () =>
        db.insertInto('session_keys').values({ key_id: keyId, session_id: session, client_id: client }).execute(),
      )
    })
  }
}

export function sessionFromRow(row: SessionRow): Session {
  return {
    id: row.id,
    account: row.account_id,
    host: row.host,
    parent: row.parent,
    method: row.method,
    amr: JSON.parse(row.amr) as readonly AuthenticationMethod[],
    acr: row.acr,
    auth_time: row.auth_time,
    organization: row.organization,
    sealed: row.sealed,
    address: row.address,
    user_agent: row.user_agent,
    created_at: row.created_at,
    expires_at: row.expires_at,
    idle_s: row.idle_s,
    lineage: row.lineage,
  }
}
