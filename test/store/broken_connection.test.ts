import pg from 'pg'
import { afterAll, afterEach, expect, it } from 'vitest'
import { stopSharedPostgres } from '../support/postgres.ts'
import { Places } from './places.ts'
import { account } from './rows.ts'

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

it('a connection that breaks between two statements of a transaction fails the transaction, and not the process', async () => {
  const open = await places.openFresh('postgres')
  const { databaseUrl } = places.locationOf(open)
  const broken = open.store.transaction(async (trx) => {
    await trx.accounts.insert(account('a2'))
    const other = new pg.Client({ connectionString: databaseUrl })
    await other.connect()
    await other.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
    )
    await other.end()
    // The break is heard of while nothing is asked.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await trx.accounts.insert(account('a3'))
  })
  await expect(broken).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await open.store.accounts.get('a2')).toBeUndefined()
})
