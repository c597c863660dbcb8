import type { Kysely, Selectable } from 'kysely'
import type { FactorStore } from '../core/people_stores.ts'
import type { Passkey, TotpFactor } from '../core/people_types.ts'
import { alone } from './atomic.ts'
import { chunks } from './chunks.ts'
import { explaining } from './conflicts.ts'
import { requireAccount } from './references.ts'
import type { MainTables } from './schema.ts'

/** What is used once is used by the statement that asks whether it may be: of two who ask at once, one finds it. */
export class Factors implements FactorStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insertTotp({ account, ...factor }: TotpFactor): Promise<void> {
    await explaining(`There is no account ${account}.`, () =>
      this.#db
        .insertInto('totp_factors')
        .values({ account_id: account, ...factor })
        .execute(),
    )
  }

  async totps(account: string): Promise<readonly TotpFactor[]> {
    const rows = await this.#db
      .selectFrom('totp_factors')
      .selectAll()
      .where('account_id', '=', account)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    return rows.map(({ account_id, ...row }) => ({ account: account_id, ...row }))
  }

  async confirmTotp(id: string, step: number, at: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('totp_factors')
      .set({ confirmed_at: at, last_step: step })
      .where('id', '=', id)
      .where('confirmed_at', 'is', null)
      .where('last_step', '<', step)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async useTotp(id: string, step: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('totp_factors')
      .set({ last_step: step })
      .where('id', '=', id)
      .where('confirmed_at', 'is not', null)
      .where('last_step', '<', step)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async deleteTotp(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('totp_factors').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  async insertPasskey(passkey: Passkey): Promise<void> {
    await alone(this.#db, async (db) => {
      await requireAccount(db, passkey.account)
      await explaining('This passkey is known already.', () =>
        db.insertInto('passkeys').values(rowFromPasskey(passkey)).execute(),
      )
    })
  }

  async passkeys(account: string): Promise<readonly Passkey[]> {
    const rows = await this.#db
      .selectFrom('passkeys')
      .selectAll()
      .where('account_id', '=', account)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    return rows.map(passkeyFromRow)
  }

  async passkey(id: string): Promise<Passkey | undefined> {
    const row = await this.#db.selectFrom('passkeys').selectAll().where('id', '=', id).executeTakeFirst()
    return row && passkeyFromRow(row)
  }

  async usePasskey(id: string, counter: number, backedUp: boolean, at: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('passkeys')
      .set({ counter, backed_up: Number(backedUp), last_used_at: at })
      .where('id', '=', id)
      .where('counter', counter === 0 ? '=' : '<', counter)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async renamePasskey(id: string, name: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('passkeys')
      .set({ name })
      .where('id', '=', id)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async deletePasskey(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('passkeys').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  async setRecoveryCodes(account: string, hashes: readonly string[], now: string): Promise<void> {
    await alone(this.#db, async (db) => {
      await requireAccount(db, account)
      await db.deleteFrom('recovery_codes').where('account_id', '=', account).execute()
      const rows = [...new Set(hashes)].map((hash) => ({ account_id: account, hash, created_at: now, used_at: null }))
      for (const part of chunks(rows, 1_000)) await db.insertInto('recovery_codes').values(part).execute()
    })
  }

  async recoveryCodes(account: string): Promise<number> {
    const row = await this.#db
      .selectFrom('recovery_codes')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('account_id', '=', account)
      .where('used_at', 'is', null)
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }

  async useRecoveryCode(account: string, hash: string, now: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('recovery_codes')
      .set({ used_at: now })
      .where('account_id', '=', account)
      .where('hash', '=', hash)
      .where('used_at', 'is', null)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }
}

type PasskeyRow = Selectable<MainTables['passkeys']>

function rowFromPasskey({ account, transports, backed_up, ...row }: Passkey): PasskeyRow {
  return { ...row, account_id: account, transports: JSON.stringify(transports), backed_up: Number(backed_up) }
}

function passkeyFromRow({ account_id, ...row }: PasskeyRow): Passkey {
  return {
    ...row,
    account: account_id,
    counter: Number(row.counter),
    transports: JSON.parse(row.transports),
    backed_up: row.backed_up === 1,
  }
}
