import { describe, expect, it } from 'vitest'
import { Siret } from './siret.ts'

describe('a SIRET', () => {
  it.each([
    ['13002526500013', '13002526500013'],
    ['130 025 265 00013', '13002526500013'],
    ['732 829 320 00074', '73282932000074'],
    ['35600000000048', '35600000000048'],
    ['35600000049837', '35600000049837'],
    ['356 000 000 09075', '35600000009075'],
  ])('%s is taken as %s', (given, kept) => expect(Siret.parse(given)).toBe(kept))

  it.each([
    '',
    '13002526500014',
    '1300252650001',
    '130025265000130',
    '1300252650001x',
    '１３００２５２６５０００１３',
    '35600000009074',
    '-1300252650001',
  ])('%j is refused', (given) => expect(Siret.safeParse(given).success).toBe(false))
})
