import { type Kysely, sql } from 'kysely'
import { canonicalEmail } from '../../policy/email.ts'
import { type Engine, inByteOrder, type Migration } from '../migrate.ts'
import { PEOPLE_TABLES } from './0005_people_tables.ts'

/** Every table, so that all writers wait for one another in one place; but what a mere use changes is news to nobody. */
const VERSIONED: Readonly<Record<string, string>> = {
  emails: 'insert or update or delete',
  identities: 'insert or update of account_id, issuer, subject or delete',
  organizations: 'insert or update or delete',
  organization_groups: 'insert or update or delete',
  memberships: 'insert or update or delete',
  sign_in_methods: 'insert or update or delete',
  sign_in_method_groups: 'insert or update or delete',
  sessions: 'insert or update or delete',
  session_keys: 'insert or update or delete',
  totp_factors: 'insert or update of name, sealed, confirmed_at or delete',
  passkeys: 'insert or update of name, public_key or delete',
  recovery_codes: 'insert or delete',
  clients: 'insert or update or delete',
  client_groups: 'insert or update or delete',
  client_secrets: 'insert or update or delete',
}

export const main0005: Migration = {
  name: '0005_people',
  async up(db: Kysely<unknown>, engine: Engine) {
    for (const statement of PEOPLE_TABLES) await sql.raw(inByteOrder(statement, engine)).execute(db)
    await canonicalEmails(db)
    await firstMethods(db)
    if (engine !== 'postgres') return
    for (const [table, change] of Object.entries(VERSIONED)) {
      await sql
        .raw(
          `create trigger ${table}_changed before ${change} on ${table}
           for each statement execute function octroi_store_changed()`,
        )
        .execute(db)
    }
  },
}

async function canonicalEmails(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string; email: string }>`
    select id, email from accounts where email is not null`.execute(db)
  for (const { id, email } of rows) {
    const canonical = canonicalEmail(email) ?? null
    await sql`update accounts set email_canonical = ${canonical} where id = ${id}`.execute(db)
  }
}

/** What an installation can do by itself, with nobody else asked. An administrator may disable or delete them. */
async function firstMethods(db: Kysely<unknown>): Promise<void> {
  const at = new Date().toISOString()
  for (const [id, name, position] of [
    ['password', 'Password', 0],
    ['passkey', 'Passkey', 10],
  ] as const) {
    await sql`
      insert into sign_in_methods (id, kind, name, position, enabled, settings, secret_names, sealed, first_sign_in, second_factor,
        organizations, network, created_at, updated_at)
      values (${id}, ${id}, ${name}, ${position}, 1, '{}', '[]', null, 'refuse', 'enrolled', 'ignore', '{}', ${at}, ${at})`.execute(
      db,
    )
  }
}
