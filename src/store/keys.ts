import { type Kysely, sql } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { KeyFilter, KeyStore, Page } from '../core/stores.ts'
import type { ApiKey, KeySecret } from '../core/types.ts'
import { atomically } from './atomic.ts'
import { KEY_GROUPS, keyFromRow, rowFromKey } from './key_rows.ts'
import { requireGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'

export class Keys implements KeyStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(key: ApiKey, secret: KeySecret): Promise<void> {
    await atomically(this.#db, async (db) => {
      await requireFreeTechName(db, key)
      await db.insertInto('api_keys').values(rowFromKey(key)).execute()
      await insertGroups(db, key)
      await db.insertInto('key_secrets').values(secret).execute()
    })
  }

  async get(id: string): Promise<ApiKey | undefined> {
    const row = await this.#rows().where('id', '=', id).executeTakeFirst()
    return row && keyFromRow(row)
  }

  async list({ limit, after }: Page, filter: KeyFilter = {}): Promise<readonly ApiKey[]> {
    let query = this.#rows().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    if (filter.account !== undefined) query = query.where('account_id', '=', filter.account)
    if (filter.group !== undefined) query = query.where(inGroup(filter.group))
    if (filter.ofSessions !== undefined) query = query.where('id', filter.ofSessions ? 'in' : 'not in', OF_SESSIONS)
    return (await query.execute()).map(keyFromRow)
  }

  async update(key: ApiKey): Promise<void> {
    const { id, ...values } = rowFromKey(key)
    await atomically(this.#db, async (db) => {
      await requireFreeTechName(db, key)
      const { numUpdatedRows } = await db.updateTable('api_keys').set(values).where('id', '=', id).executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('key_groups').where('key_id', '=', id).execute()
      await insertGroups(db, key)
    })
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('api_keys').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  async replaceSecret(secret: KeySecret, previousEndAt: string): Promise<void> {
    await atomically(this.#db, async (db) => {
      await db
        .updateTable('key_secrets')
        .set({ expires_at: previousEndAt })
        .where('key_id', '=', secret.key_id)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', previousEndAt)]))
        .execute()
      await db.insertInto('key_secrets').values(secret).execute()
    })
  }

  async expiringBetween(
    from: string,
    to: string,
    after?: Pick<ApiKey, 'id' | 'expires_at'>,
  ): Promise<readonly ApiKey[]> {
    const { id = '', expires_at = null } = after ?? {}
    const rows = await this.#rows()
      .where('expires_at', '>', from)
      .where('expires_at', '<=', to)
      .where('revoked_at', 'is', null)
      .where('disabled_at', 'is', null)
      // What an application got for a session is made to end soon: nobody has to renew it.
      .where('id', 'not in', OF_SESSIONS)
      .$if(expires_at !== null, (query) =>
        query.where((where) =>
          where.or([
            where('expires_at', '>', expires_at),
            where.and([where('expires_at', '=', expires_at), where('id', '>', id)]),
          ]),
        ),
      )
      .orderBy('expires_at')
      .orderBy('id')
      .limit(1_000)
      .execute()
    return rows.map(keyFromRow)
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom('api_keys')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }

  #rows() {
    return this.#db.selectFrom('api_keys').selectAll('api_keys').select(GROUPS)
  }
}

const OF_SESSIONS = sql<string>`(select key_id from session_keys)`
const GROUPS = sql.raw<string | null>(KEY_GROUPS('api_keys.id')).as('groups')

function inGroup(group: string) {
  return sql<boolean>`(id in (select key_id from key_groups where group_id = ${group}) or (inherits_groups = 1
    and account_id in (select account_id from account_groups where group_id = ${group})))`
}

async function insertGroups(db: Kysely<MainTables>, { id, groups }: ApiKey): Promise<void> {
  if (groups === null || groups.length === 0) return
  await requireGroups(db, groups)
  const rows = [...new Set(groups)].map((group_id) => ({ key_id: id, group_id }))
  await db.insertInto('key_groups').values(rows).execute()
}

async function requireFreeTechName(db: Kysely<MainTables>, { id, tech_name }: ApiKey): Promise<void> {
  if (tech_name === null) return
  const holder = await db
    .selectFrom('api_keys')
    .select('id')
    .where('tech_name', '=', tech_name)
    .where('id', '!=', id)
    .executeTakeFirst()
  if (holder === undefined) return
  throw new OctroiError('conflict', `The tech_name ${tech_name} is that of key ${holder.id}.`)
}
