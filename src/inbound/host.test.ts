import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { canonicalHost } from './host.ts'

describe('T11: one form of a host', () => {
  it.each([
    ['a.B.example.com', 'a.b.example.com'],
    ['example.com.', 'example.com'],
    ['example.com.:443', 'example.com:443'],
    ['[2001:DB8::1]:8700', '[2001:db8::1]:8700'],
    ['a', 'a'],
    ['my_service:80', 'my_service:80'],
  ])('T11: %s → %s', (given, canonical) => {
    expect(canonicalHost(given)).toBe(canonical)
    expect(canonicalHost(canonical)).toBe(canonical)
  })

  it('T11, property: any text is a host in its one form, or refused', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'aZ09.-_:[]@/?#%\\ \t') }))
    fc.assert(
      fc.property(text, (given) => {
        let canonical: string
        try {
          canonical = canonicalHost(given)
        } catch (error) {
          expect(error).toBeInstanceOf(OctroiError)
          return
        }
        expect(canonical).toMatch(/^[a-z0-9_.:[\]-]+$/)
        expect(canonicalHost(canonical)).toBe(canonical)
      }),
      { numRuns: 2_000 },
    )
  })
})
