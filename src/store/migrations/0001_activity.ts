import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

export const activity0001: Migration = {
  name: '0001_activity',
  async up(db: Kysely<unknown>, engine: Engine) {
    const rowNumber =
      engine === 'sqlite' ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key'
    const statements = [
      `create table audit_batches (
        row ${rowNumber}, writer text not null, seq integer not null, first_at text not null, last_at text not null,
        count integer not null, lines text not null, mac text not null, unique (writer, seq))`,
      `create index audit_batches_last on audit_batches (last_at)`,
      `create table audit_index (
        row bigint not null references audit_batches (row) on delete cascade, kind text not null, value text not null,
        primary key (kind, value, row))`,
      `create index audit_index_row on audit_index (row)`,
      `create table audit_checkpoints (
        writer text primary key, seq integer not null, batch_mac text not null, at text not null, mac text not null)`,
      `create table key_uses (key_id text primary key, at text not null)`,
      `create table replays (
        id text primary key, body_hash text not null, state text not null, answer text, expires_at text not null)`,
      `create index replays_expires on replays (expires_at)`,
    ]
    for (const statement of statements) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
