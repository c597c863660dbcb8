import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import type { TestGate } from '../support/gate.ts'

/** A connection as `octroi restore` leaves it. */
export async function suspend(gate: TestGate, id: string): Promise<void> {
  await gate.pause()
  const db = new DatabaseSync(join(gate.settings.data_dir, 'octroi.db'))
  const { changes } = db.prepare(`update connections set state = 'suspended' where id = ?`).run(id)
  db.close()
  expect(Number(changes)).toBe(1)
  await gate.resume()
}
