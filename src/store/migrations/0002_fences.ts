import { type Kysely, sql } from 'kysely'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'

/** Claims of before have the empty fence, which no new claim has: they lapse. */
export const activity0002: Migration = {
  name: '0002_fences',
  async up(db: Kysely<unknown>, engine: Engine) {
    await sql.raw(inByteOrder(`alter table replays add column fence text not null default ''`, engine)).execute(db)
  },
}
