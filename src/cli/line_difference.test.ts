import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineDifference, withContext } from './line_difference.ts'

describe('the difference of two texts', () => {
  it('marks what went and what came', () => {
    expect(lineDifference('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c'])
    expect(lineDifference('', 'a')).toEqual(['-', '+a'])
  })

  it('leaves out what is far from any change', () => {
    expect(withContext(lineDifference('1\n2\n3\n4\n5\n6', '1\n2\n3\n4\n5\nx'), 1)).toEqual([' ...', ' 5', '-6', '+x'])
  })

  it('both texts can be read off it', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDifference(before, after)
        const side = (sign: string) => lines.filter((line) => line[0] !== sign).map((line) => line.slice(1))
        expect(side('+').join('\n')).toBe(before)
        expect(side('-').join('\n')).toBe(after)
      }),
    )
  })
})
