import { type Kysely, sql } from 'kysely'
import { randomId } from '../core/ids.ts'
import type { SubjectStore } from '../core/openid_stores.ts'
import type { Account } from '../core/types.ts'
import { type AccountRow, accountFromRow, SELECT_ACCOUNT } from './account_rows.ts'
import { alone } from './atomic.ts'
import { requireAccount } from './references.ts'
import type { MainTables } from './schema.ts'

export class Subjects implements SubjectStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async of(account: string): Promise<string> {
    return (await subjectOf(this.#db, account)) ?? alone(this.#db, (db) => giveSubject(db, account))
  }

  async isTaken(subject: string): Promise<boolean> {
    return isSubject(this.#db, subject)
  }

  async find(subject: string): Promise<Account | undefined> {
    const { rows } = await sql<AccountRow>`${sql.raw(SELECT_ACCOUNT)} join subjects s on s.account_id = a.id
      where s.subject = ${subject}`.execute(this.#db)
    return rows[0] && accountFromRow(rows[0])
  }
}

async function subjectOf(db: Kysely<MainTables>, account: string): Promise<string | undefined> {
  const row = await db.selectFrom('subjects').select('subject').where('account_id', '=', account).executeTakeFirst()
  return row?.subject
}

export async function isSubject(db: Kysely<MainTables>, subject: string): Promise<boolean> {
  const row = await db.selectFrom('subjects').select('subject').where('subject', '=', subject).executeTakeFirst()
  return row !== undefined
}

async function isClient(db: Kysely<MainTables>, id: string): Promise<boolean> {
  return (await db.selectFrom('clients').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}

/** What the account has, or gets now. The caller is `alone`. */
export async function giveSubject(db: Kysely<MainTables>, account: string): Promise<string> {
  const given = await subjectOf(db, account)
  if (given !== undefined) return given
  await requireAccount(db, account)
  for (let subject = account; ; subject = `${account}~${randomId(8)}`) {
    if (await isClient(db, subject)) continue
    const { numInsertedOrUpdatedRows: count } = await db
      .insertInto('subjects')
      .values({ subject, account_id: account })
      .onConflict((conflict) => conflict.column('subject').doNothing())
      .executeTakeFirst()
    if ((count ?? 0n) > 0n) return subject
  }
}
