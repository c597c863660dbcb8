import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table provider_entries (
    model text not null, id text not null, grant_id text, account text, client text, user_code text, sealed text not null,
    consumed_at text, expires_at text not null, created_at text not null, primary key (model, id))`,
  `create index provider_entries_grant on provider_entries (grant_id) where grant_id is not null`,
  `create index provider_entries_account on provider_entries (account) where account is not null`,
  `create index provider_entries_client on provider_entries (client) where client is not null`,
  `create index provider_entries_user_code on provider_entries (user_code) where user_code is not null`,
  `create index provider_entries_expires on provider_entries (expires_at)`,
]

/** None of it moves the version of the store: it changes with every token. */
export const activity0005: Migration = {
  name: '0005_provider_entries',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
