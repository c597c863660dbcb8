import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table tickets (
    id text not null, purpose text not null, account text, session text, sealed text not null, expires_at text not null,
    created_at text not null, primary key (id, purpose))`,
  `create index tickets_account on tickets (account) where account is not null`,
  `create index tickets_session on tickets (session) where session is not null`,
  `create index tickets_expires on tickets (expires_at)`,
  `create table session_uses (session text primary key, at text not null)`,
  `create index session_uses_at on session_uses (at)`,
]

/** None of these moves the version of the store: they change with every step of a sign-in. */
export const activity0004: Migration = {
  name: '0004_tickets',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
