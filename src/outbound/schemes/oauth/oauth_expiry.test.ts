import { describe, expect, it } from 'vitest'
import { endOf } from './oauth_expiry.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const seconds = (count: number) => NOW + count * 1000

describe('the end of a token', () => {
  it.each([
    ['3600', 's', seconds(3600)],
    ['3600000', 'ms', seconds(3600)],
    ['60', 'min', seconds(3600)],
    ['1', 'h', seconds(3600)],
    ['3599.5', 's', NOW + 3_599_500],
    [' 600 ', 's', seconds(600)],
    ['8.64e4', 's', seconds(86_400)],
  ] as const)('expires_in %s %s', (amount, unit, end) => {
    expect(endOf({ in: amount, unit }, NOW)).toBe(end)
  })

  it.each([
    ['1795266000', 'epoch seconds'],
    ['1795266000000', 'epoch milliseconds'],
    ['2026-11-21T13:00:00Z', 'ISO'],
    ['2026-11-21T14:00:00+01:00', 'ISO with a zone'],
    ['2026-11-21T13:00:00.0000000Z', 'ISO with seven decimals'],
    ['2026-11-21T13:00:00', 'no zone: UTC'],
    ['2026-11-21 13:00', 'a space and no zone: UTC'],
    ['Sat, 21 Nov 2026 13:00:00 GMT', 'RFC 9110 date'],
  ])('expires_at %s (%s)', (at) => {
    expect(endOf({ at, unit: 's' }, NOW)).toBe(seconds(3600))
  })

  it('expires_at wins over expires_in', () => {
    expect(endOf({ at: '2026-11-21T13:00:00Z', in: '60', unit: 's' }, NOW)).toBe(seconds(3600))
  })

  const nonsense = [
    '0',
    '1.22e-7',
    '-1',
    '-3600',
    '',
    'soon',
    'NaN',
    'Infinity',
    '1e300',
    '99999999999999',
    '0x10',
    '1 hour',
  ]
  it.each(nonsense)('unknown with an expires_in of "%s"', (amount) => {
    expect(endOf({ in: amount, unit: 's' }, NOW)).toBeNull()
    expect(endOf({ in: amount, unit: 's', otherwise: 7200 }, NOW)).toBe(seconds(7200))
  })

  it.each([
    '2020-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '1',
    'tomorrow',
    '2026-13-45T00:00:00Z',
    '0001-01-01T00:00:00',
  ])('an expires_at of %s says nothing, and expires_in is read', (at) => {
    expect(endOf({ at, unit: 's' }, NOW)).toBeNull()
    expect(endOf({ at, in: '60', unit: 's' }, NOW)).toBe(seconds(60))
  })

  it('absent: what the connector says, else unknown', () => {
    expect(endOf({ unit: 's' }, NOW)).toBeNull()
    expect(endOf({ unit: 's', otherwise: 1800 }, NOW)).toBe(seconds(1800))
  })
})
