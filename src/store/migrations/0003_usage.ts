import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

const STATEMENTS = [
  `create table key_days (
    key_id text not null, day text not null, calls bigint not null, refused bigint not null, primary key (key_id, day))`,
  `create index key_days_day on key_days (day)`,
  // Times are milliseconds since the epoch. "given": how many places the last taker got, which a statement cannot say otherwise.
  `create table rate_windows (
    key text primary key, starts bigint not null, used bigint not null, ends bigint not null, given bigint not null)`,
  `create index rate_windows_ends on rate_windows (ends)`,
]

/** None of these moves the version of the store: they change with every call. */
export const activity0003: Migration = {
  name: '0003_usage',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of STATEMENTS) await sql.raw(inByteOrder(statement, engine)).execute(db)
  },
}
