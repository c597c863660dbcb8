import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatFault, formatTime, parseTime, zoneFault } from './zoned_time.ts'

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString())

describe('times of services', () => {
  it.each([
    ['1795303805', 'epoch_s', undefined, '2026-11-21T23:30:05.000Z'],
    ['1795303805.25', 'epoch_s', undefined, '2026-11-21T23:30:05.250Z'],
    ['1795303805250', 'epoch_ms', undefined, '2026-11-21T23:30:05.250Z'],
    ['2026-11-21T23:30:05Z', 'iso', undefined, '2026-11-21T23:30:05.000Z'],
    ['2026-11-21T23:30:05.1234567+0100', 'iso', undefined, '2026-11-21T22:30:05.123Z'],
    ['2026-11-21 23:30', 'iso', 'Europe/Oslo', '2026-11-21T22:30:00.000Z'],
    ['2026-06-21T23:30:05', 'iso', 'Europe/Oslo', '2026-06-21T21:30:05.000Z'],
    ['2026-06-21', 'date', '+01:00', '2026-06-20T23:00:00.000Z'],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 'http', undefined, '1994-11-06T08:49:37.000Z'],
    ['21/11/2026 23:30:05', 'dd/MM/yyyy HH:mm:ss', 'UTC', '2026-11-21T23:30:05.000Z'],
    ['20261121T2330Z', 'yyyyMMddTHHmmZ', 'Europe/Oslo', '2026-11-21T23:30:00.000Z'],
    // The hour that comes twice: the first; the hour that is skipped: the earlier of the two that could be meant.
    ['2026-10-25T02:30:00', 'iso', 'Europe/Oslo', '2026-10-25T00:30:00.000Z'],
    ['2026-03-29T02:30:00', 'iso', 'Europe/Oslo', '2026-03-29T00:30:00.000Z'],
  ])('reads %s as %s', (text, format, zone, expected) => {
    expect(iso(parseTime(text, format, zone))).toBe(expected)
  })

  it.each([
    ['soon', 'epoch_s'],
    ['-1', 'epoch_s'],
    ['1e9', 'epoch_s'],
    ['2026-02-31T00:00:00Z', 'iso'],
    ['2026-11-21T24:00:00Z', 'iso'],
    ['2026-11-21T23:30:05', 'iso'],
    ['tomorrow GMT', 'http'],
    ['2026-1-1', 'date'],
    ['11:30', 'HH:mm'],
  ])('does not guess what %s (%s) means', (text, format) => {
    expect(parseTime(text, format)).toBeUndefined()
  })

  it('knows formats and zones when the file is loaded', () => {
    expect(formatFault('yyyy-MM-ddTHH:mm:ss.SSSZ')).toBeUndefined()
    for (const format of ['', 'seconds', 'YYYY-MM-DD', '---', 'yyyy-mmm'])
      expect(formatFault(format)).toMatch(/is not a format/)
    expect([zoneFault('Europe/Oslo'), zoneFault('+01:00')]).toEqual([undefined, undefined])
    expect(zoneFault('CEST/Foo')).toMatch(/is not a time zone/)
  })

  it.each(['UTC', 'Europe/Oslo', 'America/New_York', 'Asia/Kathmandu'])('reads what it writes in %s', (zone) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const read = parseTime(formatTime(seconds * 1000, 'yyyy-MM-dd HH:mm:ss', zone), 'yyyy-MM-dd HH:mm:ss', zone)
        // But for the hour that comes twice.
        expect([seconds * 1000, (seconds - 3600) * 1000]).toContain(read)
      }),
    )
  })
})
