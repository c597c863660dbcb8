import { type Kysely, type Selectable, sql } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { ClientStore } from '../core/people_stores.ts'
import type { Client } from '../core/people_types.ts'
import type { Page } from '../core/stores.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'
import { revokeSessionKeys } from './session_ends.ts'
import { isSubject } from './subjects.ts'

type Row = Selectable<MainTables['clients']>

export class Clients implements ClientStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(client: Client, secretHash: string | null): Promise<void> {
    await alone(this.#db, async (db) => {
      if (await isSubject(db, client.id))
        throw new OctroiError('conflict', `Applications know a person by the name ${client.id}: choose another id.`)
      await explaining(`There is an application ${client.id} already.`, () =>
        db.insertInto('clients').values(rowFromClient(client)).execute(),
      )
      await insertGroups(db, client)
      if (secretHash === null) return
      await db
        .insertInto('client_secrets')
        .values({ hash: secretHash, client_id: client.id, expires_at: null })
        .execute()
    })
  }

  async get(id: string): Promise<Client | undefined> {
    const row = await this.#db.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst()
    return row && clientFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Client[]> {
    let query = this.#db.selectFrom('clients').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(clientFromRow)
  }

  async update(client: Client): Promise<void> {
    const { id, ...values } = rowFromClient(client)
    await alone(this.#db, async (db) => {
      const { numUpdatedRows } = await db.updateTable('clients').set(values).where('id', '=', id).executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('client_groups').where('client_id', '=', id).execute()
      await insertGroups(db, client)
    })
  }

  async replaceSecret(id: string, secretHash: string, previousEndAt: string): Promise<void> {
    await alone(this.#db, async (db) => {
      await db
        .updateTable('client_secrets')
        .set({ expires_at: previousEndAt })
        .where('client_id', '=', id)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', previousEndAt)]))
        .execute()
      await explaining(`There is no application ${id}.`, () =>
        db.insertInto('client_secrets').values({ hash: secretHash, client_id: id, expires_at: null }).execute(),
      )
    })
  }

  async endTokens(id: string, now: string): Promise<void> {
    await alone(this.#db, (db) => revokeSessionKeys(db, sql`client_id = ${id}`, now))
  }

  async delete(id: string, now: string): Promise<boolean> {
    return alone(this.#db, async (db) => {
      await revokeSessionKeys(db, sql`client_id = ${id}`, now)
      const { numDeletedRows } = await db.deleteFrom('clients').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  async findBySecret(id: string, secretHash: string, now: string): Promise<Client | undefined> {
    const row = await this.#db
      .selectFrom('clients')
      .innerJoin('client_secrets', 'client_secrets.client_id', 'clients.id')
      .selectAll('clients')
      .where('clients.id', '=', id)
      .where('client_secrets.hash', '=', secretHash)
      .where((where) =>
        where.or([where('client_secrets.expires_at', 'is', null), where('client_secrets.expires_at', '>', now)]),
      )
      .executeTakeFirst()
    return row && clientFromRow(row)
  }
}

async function insertGroups(db: Kysely<MainTables>, { id, allow, roles }: Client): Promise<void> {
  const groups = [...new Set([...allow.groups, ...roles.map(({ group }) => group)])]
  await requireGroups(db, groups)
  const rows = groups.map((group_id) => ({ client_id: id, group_id }))
  if (rows.length > 0) await db.insertInto('client_groups').values(rows).execute()
}

function rowFromClient(client: Client): Row {
  return {
    ...client,
    redirect_uris: JSON.stringify(client.redirect_uris),
    post_logout_redirect_uris: JSON.stringify(client.post_logout_redirect_uris),
    allow: JSON.stringify(client.allow),
    methods: JSON.stringify(client.methods),
    mfa: Number(client.mfa),
    roles: JSON.stringify(client.roles),
    token: JSON.stringify(client.token),
    token_in_query: Number(client.token_in_query),
    openid: client.openid && JSON.stringify(client.openid),
    // Beside it, for the statement that makes notices of a logout.
    backchannel_logout_uri: client.openid?.backchannel_logout_uri ?? null,
  }
}

function clientFromRow({ backchannel_logout_uri: _uri, ...row }: Row): Client {
  return {
    ...row,
    redirect_uris: JSON.parse(row.redirect_uris),
    post_logout_redirect_uris: JSON.parse(row.post_logout_redirect_uris),
    allow: JSON.parse(row.allow),
    methods: JSON.parse(row.methods),
    mfa: row.mfa === 1,
    roles: JSON.parse(row.roles),
    token: JSON.parse(row.token),
    token_in_query: row.token_in_query === 1,
    openid: row.openid === null ? null : JSON.parse(row.openid),
  }
}
