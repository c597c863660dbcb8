import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import type { TestGate } from '../support/gate.ts'

/** A connection as `octroi restore` leaves it. */
export function suspend(gate: TestGate, id: string): Promise<void> {
  return inStore(gate, `update connections set state = 'suspended' where id = ?`, id)
}

/** Changes one row behind the back of the gate, which begins anew. */
export async function inStore(gate: TestGate, sql: string, ...values: string[]): Promise<void> {
  await gate.pause()
  const db = new DatabaseSync(join(gate.settings.data_dir, 'octroi.db'))
  const { changes } = db.prepare(sql).run(...values)
  db.close()
  expect(Number(changes)).toBe(1)
  await gate.resume()
}
