import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressBlock } from './address_block.ts'

describe('blocks of addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:C000:0201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['', ''],
    ['unix', 'unix'],
  ])('%j is in %j', (address, block) => expect(addressBlock(address)).toBe(block))

  it('the last 64 bits do not matter, the first do', () => {
    const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
    const four = fc.tuple(group, group, group, group).map((parts) => parts.join(':'))
    fc.assert(
      fc.property(four, four, four, (net, one, other) => {
        expect(addressBlock(`${net}:${one}`)).toBe(`${net}::/64`)
        expect(addressBlock(`${net}:${one}`)).toBe(addressBlock(`${net}:${other}`.toUpperCase()))
      }),
    )
  })
})
