import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const TABLES = [
  `create table vault_keys (id text primary key, wrapped text not null, created_at text not null)`,
  // A data key keeps its key-encryption key from being deleted: nothing becomes unreadable by a rotation.
  `create table data_keys (id text primary key, kek_id text not null references vault_keys (id), wrapped text not null)`,
  `create index data_keys_kek on data_keys (kek_id)`,
  `create table accounts (
    id text primary key, kind text not null, name text not null, description text not null,
    disabled_at text, created_at text not null, updated_at text not null)`,
  `create table api_keys (
    id text primary key, account_id text not null references accounts (id), name text not null, description text not null,
    permissions text not null, grants text not null, cidrs text not null, rate_limit text, imported integer not null,
    usable_when_owner_inactive integer not null, environment text not null, expires_at text, disabled_at text, revoked_at text,
    created_at text not null, updated_at text not null, created_by text)`,
  `create index api_keys_account on api_keys (account_id)`,
  `create index api_keys_expires on api_keys (expires_at) where expires_at is not null`,
  `create table key_secrets (
    hash text primary key, key_id text not null references api_keys (id) on delete cascade, expires_at text, created_at text not null)`,
  `create index key_secrets_key on key_secrets (key_id)`,
  `create table connections (
    id text primary key, connector text not null, scheme text not null, name text not null, settings text not null,
    tags text not null, network text not null, options text not null, state text not null, state_reason text,
    state_since text not null, secrets text not null, next_secrets text, secrets_version integer not null,
    data_key_id text not null references data_keys (id), created_at text not null, updated_at text not null)`,
  `create index connections_connector on connections (connector)`,
  `create table events (id text primary key, type text not null, subject text not null, at text not null, data text not null)`,
  `create index events_subject on events (subject, type, at)`,
]

const VERSIONED = ['vault_keys', 'data_keys', 'accounts', 'api_keys', 'key_secrets', 'connections']

export const main0001: Migration = {
  name: '0001_main',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of TABLES) await sql.raw(inByteOrder(statement, engine)).execute(db)
    if (engine === 'postgres') await versionByTriggers(db)
  },
}

/**
 * SQLite counts its commits itself (`PRAGMA data_version`); PostgreSQL gets a row that every writer moves, and a notice. The row is
 * moved before the writer's own rows are locked: all writers wait for one another in one place, in one order.
 */
async function versionByTriggers(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table store_version (only_row boolean primary key default true, version bigint not null)`)
    .execute(db)
  await sql.raw(`insert into store_version (version) values (1)`).execute(db)
  await sql
    .raw(
      `create function octroi_store_changed() returns trigger language plpgsql as $$
       begin
         update store_version set version = version + 1;
         perform pg_notify('octroi_store', '');
         return null;
       end $$`,
    )
    .execute(db)
  for (const table of VERSIONED) {
    await sql
      .raw(
        `create trigger ${table}_changed before insert or update or delete on ${table}
         for each statement execute function octroi_store_changed()`,
      )
      .execute(db)
  }
}
