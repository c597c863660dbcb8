import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nest } from './mapped_claims.ts'

it.each([
  [{}, 'team', { team: 1 }],
  [{}, 'profile.name', { profile: { name: 1 } }],
  [{ profile: { age: 2 } }, 'profile.name', { profile: { age: 2, name: 1 } }],
  [{ profile: 'a text' }, 'profile.name', { profile: { name: 1 } }],
  [{ profile: ['a list'] }, 'profile.name', { profile: { name: 1 } }],
  [{ name: 'before' }, 'name', { name: 1 }],
])('%j with %s', (claims, path, wanted) => {
  nest(claims, path.split('.'), 1)
  expect(claims).toEqual(wanted)
})

it('leaves the prototype of everything alone, whatever the claim is called', () => {
  const names = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'a')
  fc.assert(
    fc.property(fc.array(names, { minLength: 1, maxLength: 4 }), (path) => {
      const claims: Record<string, unknown> = {}
      nest(claims, path, 'polluted')
      expect(Object.getPrototypeOf(claims)).toBe(Object.prototype)
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
      expect(Object.prototype.toString.call({})).toBe('[object Object]')
      expect(JSON.stringify(claims)).toContain('polluted')
    }),
  )
})
