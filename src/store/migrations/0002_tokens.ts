import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table connector_apps (
    connector text primary key, scheme text not null, settings text not null, network text not null, secrets text not null,
    secrets_version integer not null, data_key_id text not null references data_keys (id), created_at text not null,
    updated_at text not null)`,
  `alter table connections add column app text references connector_apps (connector)`,
  `create index connections_app on connections (app) where app is not null`,
  `create table connection_tokens (
    connection_id text primary key references connections (id) on delete cascade, sealed text, version integer not null,
    due_at text, failures integer not null, fence integer not null, lease_until text)`,
  `create index connection_tokens_due on connection_tokens (due_at) where due_at is not null`,
  `create table connect_sessions (
    id text primary key, token_hash text not null unique, connector text not null, connection_id text, key_id text not null,
    return_url text, state text not null, sealed text not null, state_hash text unique, expires_at text not null,
    created_at text not null)`,
  `create index connect_sessions_expires on connect_sessions (expires_at)`,
]

export const main0002: Migration = {
  name: '0002_tokens',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
    if (engine !== 'postgres') return
    // Leases and failures come and go without a word to anybody; a token that changed is news to every replica.
    const changes = {
      connector_apps: 'insert or update or delete',
      connection_tokens: 'insert or update of sealed or delete',
    }
    for (const [table, change] of Object.entries(changes)) {
      await sql
        .raw(
          `create trigger ${table}_changed before ${change} on ${table}
           for each statement execute function octroi_store_changed()`,
        )
        .execute(db)
    }
  },
}
