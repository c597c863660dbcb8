import type { Kysely, Selectable } from 'kysely'
import type { ConnectSessionStore } from '../core/token_stores.ts'
import type { ConnectSession } from '../core/types.ts'
import type { MainTables } from './schema.ts'

type Row = Selectable<MainTables['connect_sessions']>

export class ConnectSessions implements ConnectSessionStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(session: ConnectSession, tokenHash: string): Promise<void> {
    await this.#db
      .insertInto('connect_sessions')
      .values({ ...session, token_hash: tokenHash })
      .execute()
  }

  get(id: string): Promise<ConnectSession | undefined> {
    return this.#by('id', id)
  }

  findByToken(tokenHash: string): Promise<ConnectSession | undefined> {
    return this.#by('token_hash', tokenHash)
  }

  findByState(stateHash: string): Promise<ConnectSession | undefined> {
    return this.#by('state_hash', stateHash)
  }

  async advance(
    id: string,
    from: Pick<ConnectSession, 'state' | 'sealed'>,
    to: Pick<ConnectSession, 'state' | 'sealed' | 'state_hash'>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('connect_sessions')
      .set({ state: to.state, sealed: to.sealed, state_hash: to.state_hash })
      .where('id', '=', id)
      .where('state', '=', from.state)
      .where('sealed', '=', from.sealed)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#db.deleteFrom('connect_sessions').where('expires_at', '<=', now).execute()
  }

  async #by(column: 'id' | 'token_hash' | 'state_hash', value: string): Promise<ConnectSession | undefined> {
    const row = await this.#db.selectFrom('connect_sessions').selectAll().where(column, '=', value).executeTakeFirst()
    return row && plain(row)
  }
}

function plain({ token_hash: _, ...row }: Row): ConnectSession {
  return { ...row, state: row.state as ConnectSession['state'] }
}
