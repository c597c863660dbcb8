import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `alter table clients add column openid text`,
  // As "openid" has it: notices of a logout are made by a statement.
  `alter table clients add column backchannel_logout_uri text`,
  `alter table sessions add column lineage text not null default ''`,
  `update sessions set lineage = id`,
  `create index sessions_lineage on sessions (lineage)`,
  // It stays when its account goes, so that nobody else gets it.
  `create table subjects (subject text primary key, account_id text references accounts (id) on delete set null)`,
  `create unique index subjects_account on subjects (account_id) where account_id is not null`,
  // Two at one client where its first two requests came at once: it was told both.
  `create table session_clients (
    session_id text not null references sessions (id) on delete cascade,
    client_id text not null references clients (id) on delete cascade, sid text not null, grant_id text, created_at text not null,
    primary key (session_id, client_id, sid))`,
  `create index session_clients_client on session_clients (client_id)`,
  `create table consents (
    account_id text not null references accounts (id) on delete cascade,
    client_id text not null references clients (id) on delete cascade, scopes text not null, resources text not null,
    created_at text not null, updated_at text not null, primary key (account_id, client_id))`,
  `create index consents_client on consents (client_id)`,
  // No reference to the account: it may be gone before the application is told.
  `create table logout_notices (
    id text primary key, client_id text not null references clients (id) on delete cascade, subject text not null, sid text not null,
    attempts integer not null, next_at text not null, created_at text not null)`,
  `create index logout_notices_next on logout_notices (next_at)`,
  `create index logout_notices_client on logout_notices (client_id)`,
  `create index logout_notices_created on logout_notices (created_at)`,
  // One of each for each algorithm.
  `drop index signing_keys_state`,
  `create unique index signing_keys_state on signing_keys (algorithm, state) where state in ('current', 'next')`,
]

/**
 * None of the tables is read on the hot path, so none moves the version of the store; what has to be true together with a session is written
 * `alone`.
 */
export const main0006: Migration = {
  name: '0006_openid',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
