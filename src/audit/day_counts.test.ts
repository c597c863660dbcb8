import { describe, expect, it } from 'vitest'
import type { AuditLine } from '../core/audit.ts'
import { DayCounts } from './day_counts.ts'

const LINE: AuditLine = {
  at: '2026-01-01T23:59:59.999Z',
  request: 'r1',
  action: 'proxy',
  phase: 'finished',
  account: 'a1',
  key: 'k1',
  connection: 'c1',
  method: 'GET',
  path: '/x',
  status: 200,
  code: null,
  bytes_in: 0,
  bytes_out: 0,
  ms: 1,
  correlation: null,
  address: null,
  target: null,
}

function counted(...lines: Partial<AuditLine>[]): DayCounts {
  const counts = new DayCounts()
  for (const more of lines) counts.count({ ...LINE, ...more })
  return counts
}

describe('the days of keys', () => {
  it('count what ended, by key and day in UTC, whatever the order', () => {
    const next = { at: '2026-01-02T00:00:00.000Z' }
    expect(counted({}, next, { key: 'k2' }, {}, next, next).rows()).toEqual([
      { key_id: 'k1', day: '2026-01-01', calls: 2, refused: 0 },
      { key_id: 'k2', day: '2026-01-01', calls: 1, refused: 0 },
      { key_id: 'k1', day: '2026-01-02', calls: 3, refused: 0 },
    ])
  })

  it('leave out what has only begun and what has no key', () => {
    const counts = counted({ phase: 'started' }, { key: null }, { key: null, code: 'unauthenticated' })
    expect(counts.rows()).toEqual([])
    expect(counts.empty).toBe(true)
  })

  it.each(['not_granted', 'rate_limited', 'unsafe_path', 'reconnect_required', 'busy'])('%s is a refusal', (code) => {
    expect(counted({ code }, {}).rows()).toMatchObject([{ calls: 2, refused: 1 }])
  })

  it.each(['upstream_timeout', 'upstream_unreachable', 'caller_gone', 'internal'])(
    '%s is not: the call went out, or may have',
    (code) => {
      expect(counted({ code }).rows()).toMatchObject([{ calls: 1, refused: 0 }])
    },
  )

  it('take in what another counted', () => {
    const counts = counted({}, { code: 'busy' })
    counts.add(counted({}, { code: 'busy' }, { at: '2025-12-31T00:00:00.000Z' }))
    counts.count(LINE)
    expect(counts.rows()).toEqual([
      { key_id: 'k1', day: '2026-01-01', calls: 5, refused: 2 },
      { key_id: 'k1', day: '2025-12-31', calls: 1, refused: 0 },
    ])
  })
})
