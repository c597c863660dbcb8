import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Places } from '../../test/store/places.ts'
import type { OpenStore } from '../store/open.ts'
import { sqliteFiles } from '../store/sqlite.ts'
import { newKey } from '../vault/seal.ts'
import { batchMac, verifyAudit, verifyAuditTail } from './chain.ts'
import { pruneAudit } from './prune.ts'
import { Trail } from './trail.ts'

/** What somebody who can write to the file, but has not the master key, can do unseen: nothing. */

const places = new Places()
const key = newKey()
let open: OpenStore
let file: DatabaseSync
beforeEach(async () => {
  open = await places.openFresh('sqlite')
  file = new DatabaseSync(sqliteFiles(places.locationOf(open).dataDir).activity, { timeout: 5_000 })
  await write('2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05')
})
afterEach(async () => {
  file.close()
  await places.cleanUp()
})

/** One batch of two lines for each day. */
async function write(...days: string[]): Promise<void> {
  const trail = new Trail({ activity: open.activity, key, writer: 'main', mode: 'batched' })
  for (const day of days) {
    for (const hour of ['08', '17']) {
      trail.record({
        at: `${day}T${hour}:00:00.000Z`,
        request: `${day}-${hour}`,
        action: 'proxy',
        phase: 'finished',
        account: 'a',
        key: 'k1',
        connection: 'c1',
        method: 'POST',
        path: '/api/accounting/transaction',
        status: 201,
        code: null,
        bytes_in: 1,
        bytes_out: 2,
        ms: 3,
        correlation: null,
        address: null,
        target: null,
      })
    }
    await trail.flushed()
  }
  await trail.close()
}

const verify = (heads?: Parameters<typeof verifyAudit>[2]) => verifyAudit(open.activity, key, heads)
const rows = () => Number((file.prepare('select count(*) as n from audit_batches').get() as { n: number }).n)

it('is whole when nobody touched it', async () => {
  expect(await verify()).toMatchObject({ ok: true, batches: 5, lines: 10, heads: [{ writer: 'main', seq: 5 }] })
})

describe('shows', () => {
  const tamperings: [string, string, RegExp][] = [
    [
      'an altered line',
      `update audit_batches set lines = replace(lines, '"status":201', '"status":403') where seq = 3`,
      /batch 3 .* altered/,
    ],
    [
      'a removed line',
      `update audit_batches set lines = substr(lines, 1, instr(lines, char(10)) - 1), count = 1 where seq = 3`,
      /batch 3 .* altered/,
    ],
    ['a removed batch', 'delete from audit_batches where seq = 3', /batches 3 to 3 are missing/],
    ['the first batch removed', 'delete from audit_batches where seq = 1', /batches 1 to 1 are missing/],
    [
      'two batches swapped',
      'update audit_batches set seq = seq + 100 where seq in (2, 3); update audit_batches set seq = 105 - seq where seq > 100',
      /batch 2 .* altered/,
    ],
    [
      'a batch of another chain',
      `update audit_batches set writer = 'other' where seq = 5`,
      /other: batches 1 to 4 are missing/,
    ],
    [
      'a removed batch with the gap closed',
      'delete from audit_batches where seq = 3; update audit_batches set seq = seq - 1 where seq > 3',
      /batch 3 .* altered/,
    ],
    [
      'a time that is not that of the lines',
      `update audit_batches set last_at = '2020-01-01T00:00:00.000Z' where seq = 4`,
      /batch 4 is not of the times/,
    ],
    [
      'a number of lines that is not theirs',
      'update audit_batches set count = 7 where seq = 4',
      /batch 4 does not hold 7 lines/,
    ],
    [
      'a forged checkpoint',
      `insert into audit_checkpoints values ('main', 2, 'x', '2026-01-03', 'forged'); delete from audit_batches where seq <= 2`,
      /checkpoint at 2 was altered/,
    ],
  ]
  it.each(tamperings)('%s', async (_, statements, fault) => {
    file.exec(statements)
    const report = await verify()
    expect(report.ok).toBe(false)
    expect(report.faults.join('\n')).toMatch(fault)
  })

  it('a batch forged under another key', async () => {
    const { lines } = file.prepare('select lines from audit_batches where seq = 5').get() as { lines: string }
    const { mac } = file.prepare('select mac from audit_batches where seq = 4').get() as { mac: string }
    const forged = lines.replaceAll('"k1"', '"k2"')
    file
      .prepare('update audit_batches set lines = ?, mac = ? where seq = 5')
      .run(forged, batchMac(newKey(), mac, 'main', 5, forged))
    expect((await verify()).faults.join()).toMatch(/batch 5 .* altered/)
  })

  it('an end that was cut off, by heads that were exported before', async () => {
    const { heads } = await verify()
    file.exec('delete from audit_batches where seq >= 4')
    expect((await verify()).ok).toBe(true)
    expect((await verify(heads)).faults.join()).toMatch(/ends at 3, but a head at 5 was exported/)
    await write('2026-01-06', '2026-01-07')
    expect((await verify(heads)).faults.join()).toMatch(/batch 5 is not the one of the exported head/)
  })

  it('a whole chain that was removed, by heads that were exported before', async () => {
    const { heads } = await verify()
    file.exec('delete from audit_batches')
    expect((await verify(heads)).ok).toBe(false)
  })
})

describe('pruning', () => {
  it('leaves a signed checkpoint from which the rest verifies, and goes on from there', async () => {
    const { heads } = await verify()
    expect(await pruneAudit(open.activity, key, '2026-01-03T00:00:00.000Z')).toBe(2)
    expect(await verify(heads)).toMatchObject({ ok: true, batches: 3 })
    expect(await pruneAudit(open.activity, key, '2027-01-01T00:00:00.000Z')).toBe(3)
    await write('2027-01-02')
    expect(await verify(heads)).toMatchObject({ ok: true, batches: 1, heads: [{ seq: 6 }] })
  })

  it('deletes nothing that does not verify: a time set back is no way to have a batch deleted', async () => {
    file.exec(`update audit_batches set first_at = '2020-01-01', last_at = '2020-01-01' where seq <= 3`)
    expect(await pruneAudit(open.activity, key, '2025-01-01T00:00:00.000Z')).toBe(0)
    file.exec(`update audit_batches set lines = replace(lines, '2026-01-0', '2020-01-0') where seq <= 3`)
    expect(await pruneAudit(open.activity, key, '2025-01-01T00:00:00.000Z')).toBe(0)
    expect(rows()).toBe(5)
    expect((await verify()).ok).toBe(false)
  })

  it('keeps the later checkpoint when two processes prune at once', async () => {
    await pruneAudit(open.activity, key, '2026-01-03T00:00:00.000Z')
    const [slow] = await open.activity.checkpoints()
    await pruneAudit(open.activity, key, '2026-01-04T00:00:00.000Z')
    await open.activity.prune(slow!)
    expect((await open.activity.checkpoints())[0]?.seq).toBe(3)
    expect(await verify()).toMatchObject({ ok: true, batches: 2 })
  })
})

describe('the quick look at the end', () => {
  it('sees what was altered there, and does not read the rest', async () => {
    expect(await verifyAuditTail(open.activity, key, 2)).toEqual({ batches: 2, faults: [] })
    expect(await verifyAuditTail(open.activity, key, 99)).toEqual({ batches: 5, faults: [] })
    file.exec(`update audit_batches set lines = replace(lines, '201', '500') where seq = 1`)
    expect((await verifyAuditTail(open.activity, key, 2)).faults).toEqual([])
    expect((await verifyAuditTail(open.activity, key, 99)).faults).toHaveLength(1)
    file.exec(`update audit_batches set lines = replace(lines, '201', '500') where seq = 5`)
    expect((await verifyAuditTail(open.activity, key, 2)).faults).toHaveLength(1)
    await pruneAudit(open.activity, key, '2000-01-01')
  })
})
