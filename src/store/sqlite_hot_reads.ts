import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { HotReads } from '../core/stores.ts'
import { connectionFromRow, type StoredConnectionRow } from './connections.ts'
import { translateError } from './driver.ts'
import {
  type FoundAccountRow,
  type FoundSessionRow,
  foundAccountFromRow,
  foundSessionFromRow,
  hotQueries,
} from './hot_queries.ts'
import { type IssuerRow, issuerFromRow } from './issuers.ts'
import { type FoundKeyRow, foundKeyFromRow } from './key_rows.ts'
import { type RouteRow, routeFromRow } from './routes.ts'
import { methodFromRow, type SignInMethodRow } from './sign_in_methods.ts'
import { ERRORS } from './sqlite_errors.ts'

const QUERIES = hotQueries('?')

/**
 * Point reads on a database connection of their own: `PRAGMA data_version` then moves with every commit of anybody, this
 * process's own writes included (https://sqlite.org/pragma.html#pragma_data_version).
 *
 * It is asked once for all requests that one turn of the event loop finds: they had arrived before it was asked, so that none of them was
 * sent by somebody who knew of a later commit of another process. This process's own commits end that at once.
 */
export class SqliteHotReads implements HotReads {
  readonly #path: string
  #db: DatabaseSync | undefined
  #version: StatementSync | undefined
  #ofThisTurn: number | undefined
  readonly #statements: Partial<Record<keyof typeof QUERIES, StatementSync>> = {}

  constructor(path: string) {
    this.#path = path
  }

  version(): number {
    if (this.#ofThisTurn !== undefined) return this.#ofThisTurn
    setImmediate(() => this.expire())
    this.#ofThisTurn = this.#guard(() => {
      this.#version ??= this.#open().prepare('pragma data_version')
      return (this.#version.get() as { data_version: number }).data_version
    })
    return this.#ofThisTurn
  }

  /** What was asked is no longer the answer. */
  expire(): void {
    this.#ofThisTurn = undefined
  }

  async findKey(hash: string) {
    const row = this.#row<FoundKeyRow>('findKey', hash)
    return row && foundKeyFromRow(row)
  }

  async findTechName(techName: string) {
    const row = this.#row<FoundKeyRow>('findTechName', techName)
    return row && foundKeyFromRow(row)
  }

  async findAccount(id: string) {
    const row = this.#row<FoundAccountRow>('findAccount', id)
    return row && foundAccountFromRow(row)
  }

  async findCertificate(subject: string) {
    const row = this.#row<FoundAccountRow>('findCertificate', subject)
    return row && foundAccountFromRow(row)
  }

  async findConnection(id: string) {
    const row = this.#row<StoredConnectionRow>('findConnection', id)
    return row && connectionFromRow(row)
  }

  async findSession(hash: string) {
    const row = this.#row<FoundSessionRow>('findSession', hash)
    return row && foundSessionFromRow(row)
  }

  async signInMethods() {
    return this.#rows<SignInMethodRow>('signInMethods').map(methodFromRow)
  }

  async routes() {
    return this.#rows<RouteRow>('routes').map(routeFromRow)
  }

  async issuers() {
    return this.#rows<IssuerRow>('issuers').map(issuerFromRow)
  }

  close(): void {
    this.#db?.close()
    this.#db = undefined
  }

  #row<Row>(query: keyof typeof QUERIES, value: string): Row | undefined {
    return this.#guard(() => this.#statement(query).get(value) as unknown as Row | undefined)
  }

  #rows<Row>(query: keyof typeof QUERIES): readonly Row[] {
    return this.#guard(() => this.#statement(query).all() as unknown as readonly Row[])
  }

  #statement(query: keyof typeof QUERIES): StatementSync {
    const kept = this.#statements[query]
    if (kept !== undefined) return kept
    const statement = this.#open().prepare(QUERIES[query])
    this.#statements[query] = statement
    return statement
  }

  #open(): DatabaseSync {
    this.#db ??= new DatabaseSync(this.#path, { readOnly: true, timeout: 50 })
    return this.#db
  }

  #guard<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw translateError(error, ERRORS)
    }
  }
}
