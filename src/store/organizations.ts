import { type Kysely, type Selectable, sql } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { OrganizationStore } from '../core/people_stores.ts'
import type { Membership, Organization } from '../core/people_types.ts'
import type { Page } from '../core/stores.ts'
import { listFrom } from './account_rows.ts'
import { alone } from './atomic.ts'
import { chunks } from './chunks.ts'
import { explaining } from './conflicts.ts'
import { requireGroups } from './memberships.ts'
import { requireAccount, requireOrganizations } from './references.ts'
import type { MainTables } from './schema.ts'
import { endSessions, revokeOutgrown } from './session_ends.ts'

export class Organizations implements OrganizationStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(organization: Organization): Promise<void> {
    const { groups, ...values } = organization
    await alone(this.#db, async (db) => {
      await requireFreeSiret(db, organization)
      await explaining(`There is an organization ${organization.id} already.`, () =>
        db.insertInto('organizations').values(values).execute(),
      )
      await insertGroups(db, organization.id, groups)
    })
  }

  async get(id: string): Promise<Organization | undefined> {
    const row = await this.#rows().where('id', '=', id).executeTakeFirst()
    return row && organizationFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Organization[]> {
    let query = this.#rows().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(organizationFromRow)
  }

  async update(organization: Organization): Promise<void> {
    const { id, groups, ...values } = organization
    await alone(this.#db, async (db) => {
      await requireFreeSiret(db, organization)
      const { numUpdatedRows } = await db
        .updateTable('organizations')
        .set(values)
        .where('id', '=', id)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('organization_groups').where('organization_id', '=', id).execute()
      await insertGroups(db, id, groups)
      await revokeOutgrown(db, { organization: id }, organization.updated_at)
    })
  }

  async delete(id: string, now: string): Promise<boolean> {
    return alone(this.#db, async (db) => {
      await endSessions(db, sql`organization = ${id}`, now)
      const { numDeletedRows } = await db.deleteFrom('organizations').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  async findBySirets(sirets: readonly string[]): Promise<readonly Organization[]> {
    const found: Organization[] = []
    for (const part of chunks([...new Set(sirets)], 1_000)) {
      const rows = await this.#rows().where('siret', 'in', part).orderBy('id').execute()
      found.push(...rows.map(organizationFromRow))
    }
    return found
  }

  async membershipsOf(account: string): Promise<readonly Membership[]> {
    const rows = await this.#memberships().where('account_id', '=', account).execute()
    return rows.map(membershipFromRow)
  }

  /** `limit` accounts, each with all that was said of it: a page must not end between two sources. */
  async members(organization: string, { limit, after = '' }: Page): Promise<readonly Membership[]> {
    const accounts = this.#db
      .selectFrom('memberships')
      .select('account_id')
      .distinct()
      .where('organization_id', '=', organization)
      .where('account_id', '>', after)
      .orderBy('account_id')
      .limit(limit)
    const rows = await this.#memberships()
      .where('organization_id', '=', organization)
      .where('account_id', 'in', accounts)
      .execute()
    return rows.map(membershipFromRow)
  }

  async setMemberships(account: string, source: string, organizations: readonly string[], now: string): Promise<void> {
    const wanted = new Set(organizations)
    await alone(this.#db, async (db) => {
      await requireAccount(db, account)
      await requireOrganizations(db, [...wanted])
      const said = db.selectFrom('memberships').where('account_id', '=', account).where('source', '=', source)
      const had = (await said.select('organization_id').execute()).map(({ organization_id }) => organization_id)
      const mine = db.deleteFrom('memberships').where('account_id', '=', account).where('source', '=', source)
      for (const gone of had.filter((id) => !wanted.has(id))) {
        await mine.where('organization_id', '=', gone).execute()
        await endUnfounded(db, account, gone, now)
      }
      const added = [...wanted].filter((id) => !had.includes(id))
      const rows = added.map((organization_id) => ({ account_id: account, organization_id, source, since: now }))
      for (const part of chunks(rows, 1_000)) await db.insertInto('memberships').values(part).execute()
    })
  }

  #rows() {
    return this.#db.selectFrom('organizations').selectAll('organizations').select(GROUPS)
  }

  #memberships() {
    return this.#db
      .selectFrom('memberships')
      .selectAll()
      .orderBy('account_id')
      .orderBy('organization_id')
      .orderBy('source')
  }
}

const GROUPS = sql<string | null>`(select string_agg(group_id, ',') from organization_groups
  where organization_id = organizations.id)`.as('groups')

/** B-36: unless another source still says that he belongs to it. */
async function endUnfounded(db: Kysely<MainTables>, account: string, gone: string, now: string): Promise<void> {
  await endSessions(
    db,
    sql`account_id = ${account} and organization = ${gone}
      and not exists (select 1 from memberships m where m.account_id = ${account} and m.organization_id = ${gone})`,
    now,
  )
}

async function insertGroups(db: Kysely<MainTables>, organization_id: string, groups: readonly string[]): Promise<void> {
  await requireGroups(db, groups)
  const rows = [...new Set(groups)].map((group_id) => ({ organization_id, group_id }))
  if (rows.length > 0) await db.insertInto('organization_groups').values(rows).execute()
}

async function requireFreeSiret(db: Kysely<MainTables>, { id, siret }: Organization): Promise<void> {
  if (siret === null) return
  const holder = await db
    .selectFrom('organizations')
    .select('id')
    .where('siret', '=', siret)
    .where('id', '!=', id)
    .executeTakeFirst()
  if (holder === undefined) return
  throw new OctroiError('conflict', `The SIRET ${siret} is that of organization ${holder.id}.`)
}

export function organizationFromRow({
  groups,
  ...row
}: Selectable<MainTables['organizations']> & { readonly groups: string | null }): Organization {
  return { ...row, groups: listFrom(groups, ',') }
}

function membershipFromRow(row: Selectable<MainTables['memberships']>): Membership {
  return { account: row.account_id, organization: row.organization_id, source: row.source, since: row.since }
}
