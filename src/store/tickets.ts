import type { Kysely, Selectable } from 'kysely'
import type { TicketStore } from '../core/people_stores.ts'
import type { Ticket, TicketPurpose } from '../core/people_types.ts'
import type { ActivityTables } from './schema.ts'

export class Tickets implements TicketStore {
  readonly #db: Kysely<ActivityTables>

  constructor(db: Kysely<ActivityTables>) {
    this.#db = db
  }

  async put(ticket: Ticket): Promise<void> {
    const { id: _, purpose: __, ...values } = ticket
    await this.#db
      .insertInto('tickets')
      .values(ticket)
      .onConflict((conflict) => conflict.columns(['id', 'purpose']).doUpdateSet(values))
      .execute()
  }

  async peek(id: string, purpose: TicketPurpose, now: string): Promise<Ticket | undefined> {
    const row = await this.#db
      .selectFrom('tickets')
      .selectAll()
      .where('id', '=', id)
      .where('purpose', '=', purpose)
      .where('expires_at', '>', now)
      .executeTakeFirst()
    return row && ticketFromRow(row)
  }

  async take(id: string, purpose: TicketPurpose, now: string): Promise<Ticket | undefined> {
    const row = await this.#db
      .deleteFrom('tickets')
      .where('id', '=', id)
      .where('purpose', '=', purpose)
      .where('expires_at', '>', now)
      .returningAll()
      .executeTakeFirst()
    return row && ticketFromRow(row)
  }

  async deleteOfAccount(account: string, purpose?: TicketPurpose): Promise<void> {
    let query = this.#db.deleteFrom('tickets').where('account', '=', account)
    if (purpose !== undefined) query = query.where('purpose', '=', purpose)
    await query.execute()
  }

  async deleteOfSession(session: string): Promise<void> {
    await this.#db.deleteFrom('tickets').where('session', '=', session).execute()
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#db.deleteFrom('tickets').where('expires_at', '<=', now).execute()
  }
}

function ticketFromRow(row: Selectable<ActivityTables['tickets']>): Ticket {
  return { ...row, purpose: row.purpose as TicketPurpose }
}
