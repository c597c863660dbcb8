import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table groups (
    id text primary key, name text not null, description text not null, grants text not null, created_at text not null,
    updated_at text not null)`,
  `alter table accounts add column email text`,
  `alter table accounts add column grants text not null default '[]'`,
  // No cascade from the group: one that is used is not deleted.
  `create table account_groups (
    account_id text not null references accounts (id) on delete cascade, group_id text not null references groups (id),
    primary key (account_id, group_id))`,
  `create index account_groups_group on account_groups (group_id)`,
  `create table account_passwords (
    account_id text primary key references accounts (id) on delete cascade, hash text not null)`,
  `create table account_certificates (
    subject text primary key, account_id text not null references accounts (id) on delete cascade)`,
  `create index account_certificates_account on account_certificates (account_id)`,
  `alter table api_keys add column tech_name text`,
  `create unique index api_keys_tech_name on api_keys (tech_name) where tech_name is not null`,
  // 1: it has the groups of its account, and no rows of its own in key_groups. So it is with the keys of before.
  `alter table api_keys add column inherits_groups integer not null default 1`,
  `create table key_groups (
    key_id text not null references api_keys (id) on delete cascade, group_id text not null references groups (id),
    primary key (key_id, group_id))`,
  `create index key_groups_group on key_groups (group_id)`,
  `create table routes (
    id text primary key, name text not null, description text not null, host text not null, path text not null,
    methods text not null, accept text not null, allow text not null, cors_origins text not null, created_at text not null,
    updated_at text not null)`,
  // What "allow" names besides: it keeps a group that a route allows from being deleted.
  `create table route_groups (
    route_id text not null references routes (id) on delete cascade, group_id text not null references groups (id),
    primary key (route_id, group_id))`,
  `create index route_groups_group on route_groups (group_id)`,
  `create table issuers (
    id text primary key, name text not null, issuer text not null, jwks_uri text, jwks text, audience text not null,
    algorithms text not null, typ text, subject_claim text not null, account text, accounts text not null,
    conditions text not null, network text not null, clock_skew_s integer not null, disabled_at text,
    created_at text not null, updated_at text not null)`,
  `create table signing_keys (
    id text primary key, algorithm text not null, state text not null, public_key text not null, sealed text not null,
    created_at text not null, since text not null)`,
  `create unique index signing_keys_state on signing_keys (state) where state in ('current', 'next')`,
]

/** Every look-up of a caller reads from these. */
const VERSIONED = [
  'groups',
  'account_groups',
  'account_passwords',
  'account_certificates',
  'key_groups',
  'routes',
  'issuers',
  'signing_keys',
]

export const main0004: Migration = {
  name: '0004_programs',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
    if (engine !== 'postgres') return
    for (const table of VERSIONED) {
      await sql
        .raw(
          `create trigger ${table}_changed before insert or update or delete on ${table}
           for each statement execute function octroi_store_changed()`,
        )
        .execute(db)
    }
  },
}
