import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readUserCode, shownUserCode } from './user_code.ts'

describe('user codes', () => {
  it.each(['WDJB-MJHT', 'wdjb-mjht', 'WDJBMJHT', ' wdjb mjht ', 'W-D-J-B–M—J‑HT', 'WDJB\u00a0MJHT'])(
    '%j is read',
    (typed) => {
      expect(readUserCode(typed)).toBe('WDJBMJHT')
    },
  )
  it.each([
    undefined,
    '',
    'WDJB-MJH',
    'WDJB-MJHTT',
    'WDJA-MJHT',
    'WDJB-MJH7',
    'WDJB.MJHT',
    'ŴDJBMJHT',
    `${' '.repeat(50)}WDJBMJHT`,
  ])('%j is none', (typed) => {
    expect(readUserCode(typed)).toBeUndefined()
  })
  it('is shown as it is read, and never longer than eight letters', () => {
    expect(shownUserCode('WDJBMJHT')).toBe('WDJB-MJHT')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (typed) => {
        const code = readUserCode(typed)
        expect(code === undefined || readUserCode(shownUserCode(code)) === code).toBe(true)
      }),
    )
  })
})
