import { describe, expect, it } from 'vitest'
import { dateInOslo, startOfDate } from './norwegian_date.ts'

const iso = (date: string) => {
  const start = startOfDate(date)
  return start === undefined ? undefined : new Date(start).toISOString()
}

describe('dates in Norway', () => {
  it.each([
    ['2026-11-21T22:59:59Z', '2026-11-23'],
    ['2026-11-21T23:00:00Z', '2026-11-24'],
    ['2026-06-30T21:59:59Z', '2026-07-02'],
    ['2026-06-30T22:00:00Z', '2026-07-03'],
    ['2026-12-30T12:00:00Z', '2027-01-01'],
    ['2028-02-27T12:00:00Z', '2028-02-29'],
  ])('two days after %s is %s', (now, date) => {
    expect(dateInOslo(Date.parse(now), 2)).toBe(date)
  })

  it.each([
    ['winter: UTC+1 both ways', '2026-11-23', '2026-11-22T23:00:00.000Z'],
    ['summer: Oslo is the earlier', '2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['the day on which summer time begins', '2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['the day after', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['the day on which it ends', '2026-10-25', '2026-10-24T22:00:00.000Z'],
  ])('%s: %s begins at %s', (_, date, start) => {
    expect(iso(date)).toBe(start)
  })

  it.each(['2026-02-30', '2026-13-01', '26-01-01', '2026-01-01T00:00', '', 'tomorrow'])('%j is no date', (date) => {
    expect(startOfDate(date)).toBeUndefined()
  })
})
