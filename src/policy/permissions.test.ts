import { describe, expect, it } from 'vitest'
import type { Permission } from '../core/types.ts'
import { coversPermission, holdsAtConnection, holdsPermission, holdsSomewhere, PERMISSIONS } from './permissions.ts'

const HERE = { id: 'paheko', tags: { customer: '42', zone: 'eu' } }
const limited = (more: object): Permission => ({ permission: 'connections.read', ...more })

describe('permissions', () => {
  it.each(PERMISSIONS)('the administrator holds %s', (name) => {
    expect([holdsPermission(['*'], name), holdsAtConnection(['*'], name, HERE), holdsSomewhere(['*'], name)]).toEqual([
      true,
      true,
      true,
    ])
  })

  it.each<[Permission[], boolean, boolean, boolean]>([
    [['connections.read'], true, true, true],
    [['connections.write'], false, false, false],
    [['connections.*'], false, false, false],
    [[], false, false, false],
    [[limited({ connection: 'paheko' })], false, true, true],
    [[limited({ connection: 'other' })], false, false, true],
    [[limited({ tags: { customer: '42' } })], false, true, true],
    [[limited({ tags: { customer: '42', zone: 'us' } })], false, false, true],
    [[limited({ tags: {} })], false, true, true],
    [[limited({ connection: 'other', tags: { customer: '42' } })], false, false, true],
    [[limited({})], false, false, true],
    [[{ permission: '*', connection: 'paheko' }], false, false, false],
  ])('%j: everywhere %s, here %s, somewhere %s', (held, everywhere, here, somewhere) => {
    expect(holdsPermission(held, 'connections.read')).toBe(everywhere)
    expect(holdsAtConnection(held, 'connections.read', HERE)).toBe(here)
    expect(holdsSomewhere(held, 'connections.read')).toBe(somewhere)
  })

  it.each<[Permission, Permission, boolean]>([
    ['*', 'keys.read', true],
    ['*', '*', true],
    ['*', limited({ connection: 'x' }), true],
    ['keys.read', 'keys.read', true],
    ['keys.read', 'keys.write', false],
    ['keys.read', '*', false],
    ['connections.read', limited({ connection: 'x' }), true],
    [limited({ connection: 'x' }), 'connections.read', false],
    [limited({ connection: 'x' }), limited({ connection: 'x' }), true],
    [limited({ connection: 'x' }), limited({ connection: 'y' }), false],
    [limited({ connection: 'x' }), limited({ tags: {} }), false],
    [limited({ tags: { a: '1' } }), limited({ connection: 'x' }), false],
    [limited({ tags: { a: '1' } }), limited({ tags: { a: '1', b: '2' } }), true],
    [limited({ tags: { a: '1', b: '2' } }), limited({ tags: { a: '1' } }), false],
    [limited({ tags: {} }), limited({ tags: { a: '1' } }), true],
    [limited({}), limited({ tags: { a: '1' } }), false],
    [limited({ tags: { a: '1' } }), { permission: 'connections.write', tags: { a: '1' } }, false],
    [limited({ tags: { a: '1' } }), { permission: '*', tags: { a: '1' } }, false],
  ])('%j covers %j: %s', (held, wanted, expected) => expect(coversPermission([held], wanted)).toBe(expected))

  it('what covers reaches every connection that the covered reaches', () => {
    const all: Permission[] = [
      'connections.read',
      '*',
      ...[
        {},
        { connection: 'paheko' },
        { connection: 'other' },
        { tags: {} },
        { tags: { customer: '42' } },
        { tags: { customer: '42', zone: 'eu' } },
      ].map(limited),
    ]
    const places = [HERE, { id: 'other', tags: {} }, { id: 'third', tags: { customer: '42' } }]
    for (const held of all) {
      for (const wanted of all.filter((each) => coversPermission([held], each))) {
        for (const place of places) {
          if (holdsAtConnection([wanted], 'connections.read', place)) {
            expect(holdsAtConnection([held], 'connections.read', place), JSON.stringify([held, wanted, place])).toBe(
              true,
            )
          }
        }
      }
    }
  })
})
