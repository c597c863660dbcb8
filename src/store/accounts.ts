import { type Kysely, sql } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { AccountStore, Page } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { canonicalEmail } from '../policy/email.ts'
import { type AccountRow, accountFromRow, SELECT_ACCOUNT } from './account_rows.ts'
import { alone, atomically } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'
import { endSessions, revokeOutgrown } from './session_ends.ts'

export class Accounts implements AccountStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(account: Account): Promise<void> {
    await atomically(this.#db, async (db) => {
      await explaining(`There is an account ${account.id} already.`, () =>
        db.insertInto('accounts').values(rowFromAccount(account)).execute(),
      )
      await insertDetails(db, account)
    })
  }

  async get(id: string): Promise<Account | undefined> {
    const { rows } = await sql<AccountRow>`${SELECT} where a.id = ${id}`.execute(this.#db)
    return rows[0] && accountFromRow(rows[0])
  }

  async list({ limit, after }: Page): Promise<readonly Account[]> {
    const { rows } = await sql<AccountRow>`${SELECT} where a.id > ${after ?? ''} order by a.id limit ${limit}`.execute(
      this.#db,
    )
    return rows.map(accountFromRow)
  }

  async update(account: Account): Promise<void> {
    const { id, ...values } = rowFromAccount(account)
    await atomically(this.#db, async (db) => {
      const { numUpdatedRows } = await db.updateTable('accounts').set(values).where('id', '=', id).executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('account_groups').where('account_id', '=', id).execute()
      await db.deleteFrom('account_certificates').where('account_id', '=', id).execute()
      await insertDetails(db, account)
      await revokeOutgrown(db, { account: id }, account.updated_at)
    })
  }

  async setPassword(id: string, hash: string | null): Promise<void> {
    if (hash === null) {
      await this.#db.deleteFrom('account_passwords').where('account_id', '=', id).execute()
      return
    }
    await explaining(`There is no account ${id}.`, () =>
      this.#db
        .insertInto('account_passwords')
        .values({ account_id: id, hash })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ hash }))
        .execute(),
    )
  }

  async replacePassword(id: string, from: string, to: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('account_passwords')
      .set({ hash: to })
      .where('account_id', '=', id)
      .where('hash', '=', from)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async delete(id: string, now = new Date().toISOString()): Promise<boolean> {
    return alone(this.#db, async (db) => {
      // Keys that applications got for its sessions end with these.
      const ended = db.selectFrom('session_keys').select('key_id').where('session_id', 'is not', null)
      const keys = db.selectFrom('api_keys').select('id').where('account_id', '=', id)
      const live = await keys.where('revoked_at', 'is', null).where('id', 'not in', ended).limit(1).execute()
      if (live.length > 0) {
        throw new OctroiError(
          'conflict',
          'Live keys belong to this account. Revoke them first, or disable the account.',
        )
      }
      await endSessions(db, sql`account_id = ${id}`, now)
      await db.deleteFrom('api_keys').where('account_id', '=', id).execute()
      const { numDeletedRows } = await db.deleteFrom('accounts').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }
}

const SELECT = sql.raw(SELECT_ACCOUNT)

function rowFromAccount(account: Account) {
  const { groups: _groups, certificate_subjects: _subjects, has_password: _password, grants, ...row } = account
  const email_canonical = row.email === null ? null : (canonicalEmail(row.email) ?? null)
  return { ...row, grants: JSON.stringify(grants), email_canonical }
}

async function insertDetails(db: Kysely<MainTables>, account: Account): Promise<void> {
  const account_id = account.id
  await requireGroups(db, account.groups)
  const groups = [...new Set(account.groups)].map((group_id) => ({ account_id, group_id }))
  if (groups.length > 0) await db.insertInto('account_groups').values(groups).execute()
  for (const subject of new Set(account.certificate_subjects)) {
    await requireFreeSubject(db, subject)
    await db.insertInto('account_certificates').values({ subject, account_id }).execute()
  }
}

async function requireFreeSubject(db: Kysely<MainTables>, subject: string): Promise<void> {
  const holder = await db
    .selectFrom('account_certificates')
    .select('account_id')
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (holder === undefined) return
  throw new OctroiError('conflict', `The certificate subject ${subject} is that of account ${holder.account_id}.`)
}
