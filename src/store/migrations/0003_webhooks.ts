import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table webhooks (
    id text primary key, name text not null, url text not null, network text not null, secrets text not null,
    state text not null, state_reason text, state_since text not null, created_at text not null, updated_at text not null,
    created_by text)`,
  `create table webhook_types (
    webhook_id text not null references webhooks (id) on delete cascade, type text not null, primary key (webhook_id, type))`,
  // A claim moves due_at to the end of its lease, so that one index finds what is due and what was left behind alike.
  `create table webhook_deliveries (
    webhook_id text not null references webhooks (id) on delete cascade,
    event_id text not null references events (id) on delete cascade,
    state text not null, attempts integer not null, due_at text, lease text, last_at text, last_status integer, last_error text,
    created_at text not null, finished_at text, primary key (webhook_id, event_id))`,
  `create index webhook_deliveries_event on webhook_deliveries (event_id)`,
  `create index webhook_deliveries_due on webhook_deliveries (due_at) where due_at is not null`,
  `create index webhook_deliveries_webhook_due on webhook_deliveries (webhook_id, due_at) where due_at is not null`,
  `create index webhook_deliveries_finished on webhook_deliveries (finished_at) where finished_at is not null`,
]

/** None of these moves the version of the store: deliveries come and go, and no cache holds them. */
export const main0003: Migration = {
  name: '0003_webhooks',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
