import { type Kysely, type Selectable, sql } from 'kysely'
import type { SessionClientStore } from '../core/openid_stores.ts'
import type { SessionClient } from '../core/openid_types.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { noteLogouts } from './logout_notices.ts'
import type { MainTables } from './schema.ts'
import { giveSubject } from './subjects.ts'

export class SessionClients implements SessionClientStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async of(session: string): Promise<readonly SessionClient[]> {
    const rows = await this.#db
      .selectFrom('session_clients')
      .selectAll()
      .where('session_id', '=', session)
      .orderBy('client_id')
      .orderBy('created_at')
      .orderBy('sid')
      .execute()
    return rows.map(sessionClientFromRow)
  }

  /** Alone: a session that ends at the same moment either finds the client that it has to tell, or has ended before. */
  async put({ session, client, sid, grant, created_at }: SessionClient): Promise<boolean> {
    return alone(this.#db, async (db) => {
      const found = await db.selectFrom('sessions').select('account_id').where('id', '=', session).executeTakeFirst()
      if (found === undefined) return false
      // The application is told of the end by it.
      await giveSubject(db, found.account_id)
      await explaining(`There is no application ${client}.`, () =>
        db
          .insertInto('session_clients')
          .values({ session_id: session, client_id: client, sid, grant_id: grant, created_at })
          .onConflict((conflict) =>
            conflict.columns(['session_id', 'client_id', 'sid']).doUpdateSet({ grant_id: grant }),
          )
          .execute(),
      )
      return true
    })
  }

  async move(from: string, to: string): Promise<void> {
    await alone(this.#db, async (db) => {
      await db.updateTable('session_clients').set({ session_id: to }).where('session_id', '=', from).execute()
    })
  }

  async end(account: string, client: string, now: string): Promise<void> {
    const found = sql`x.client_id = ${client} and x.session_id in (select id from sessions where account_id = ${account})`
    await alone(this.#db, async (db) => {
      await noteLogouts(db, found, now)
      await sql`delete from session_clients as x where ${found}`.execute(db)
    })
  }

  async clientsOf(account: string, now = new Date().toISOString()) {
    return this.#db
      .selectFrom('session_clients')
      .innerJoin('sessions', 'sessions.id', 'session_clients.session_id')
      .select(({ fn }) => ['client_id as client', fn.min('session_clients.created_at').as('since')])
      .where('sessions.account_id', '=', account)
      .where('sessions.expires_at', '>', now)
      .groupBy('client_id')
      .orderBy('client_id')
      .execute()
  }
}

function sessionClientFromRow(row: Selectable<MainTables['session_clients']>): SessionClient {
  return {
    session: row.session_id,
    client: row.client_id,
    sid: row.sid,
    grant: row.grant_id,
    created_at: row.created_at,
  }
}
