import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ID_PATTERN, randomId, requestId, slug } from './ids.ts'

describe('ids', () => {
  it('random ids have the length asked for, the alphabet of ids, and do not repeat', () => {
    const ids = Array.from({ length: 5_000 }, () => randomId(12))
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{12}$/)
    expect(new Set(ids).size).toBe(ids.length)
    expect(randomId()).toMatch(/^[a-z0-9]{8}$/)
    expect(new Set(ids.join('')).size).toBe(36)
  })

  it.each([
    ['Caisse n° 2', 'caisse-n-2'],
    ['Été à Évry', 'ete-a-evry'],
    ['  --x--  ', 'x'],
    ['会計', ''],
    ['../../etc/passwd', 'etc-passwd'],
    [`${'a'.repeat(63)} b`, 'a'.repeat(63)],
    ['a'.repeat(99), 'a'.repeat(64)],
  ])('%j becomes %j', (name, id) => expect(slug(name)).toBe(id))

  it('a slug is empty or an id, and its own slug', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 90 }), (name) => {
        const id = slug(name)
        if (id !== '') expect(id).toMatch(ID_PATTERN)
        expect(slug(id)).toBe(id)
      }),
    )
  })

  it.each(['', '-a', '.a', 'A', 'a/b', 'a b', 'a\n', 'é', 'a'.repeat(65)])('%j is no id', (id) =>
    expect(ID_PATTERN.test(id)).toBe(false),
  )

  it('request ids are 20 hexadecimal digits and do not repeat', () => {
    const ids = Array.from({ length: 10_000 }, () => requestId())
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{20}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
