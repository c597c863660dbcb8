import { describe, expect, it } from 'vitest'
import { AddressSet, isPrivateAddress, parseCidr, plainAddress } from './address.ts'

describe('sets of addresses', () => {
  it.each([
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.1.2.3'], '10.1.2.3', true],
    [['10.1.2.3'], '10.1.2.4', false],
    [['10.1.2.3/8'], '10.9.9.9', true],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['2001:db8::/32'], '2001:DB8:0::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    [['10.0.0.0/8'], '::FFFF:10.0.0.1', true],
    [['10.0.0.0/8'], '::ffff:a00:1', true],
    [['10.0.0.0/8'], '0:0:0:0:0:ffff:10.0.0.1', true],
    [['::ffff:10.0.0.0/104'], '10.0.0.1', true],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['192.0.2.1', '198.51.100.0/24'], '198.51.100.7', true],
    [[], '10.0.0.1', false],
    [['10.0.0.0/8'], '', false],
    [['10.0.0.0/8'], 'localhost', false],
    [['10.0.0.0/8'], '10.0.0.1:80', false],
    [['10.0.0.0/8'], '10.1', false],
    [['10.0.0.0/8'], '012.0.0.1', false],
    [['10.0.0.0/8'], '167772161', false],
    [['10.0.0.0/8'], ' 10.0.0.1', false],
  ])('%j has %j: %s', (cidrs, address, expected) => expect(new AddressSet(cidrs).has(address)).toBe(expected))

  it.each([
    '',
    'x',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.0.0.0/0x8',
    '::/129',
    'fe80::1%eth0',
    '010.0.0.1',
    '10.0.0.1 ',
  ])('refuses %j', (cidr) => expect(() => new AddressSet(['192.0.2.1', cidr])).toThrow(`"${cidr}"`))

  it('reads an address without a prefix as that one address', () => {
    expect(parseCidr('10.0.0.1')).toEqual({ address: '10.0.0.1', prefix: 32, family: 'ipv4' })
    expect(parseCidr('::1')).toEqual({ address: '::1', prefix: 128, family: 'ipv6' })
    expect(new AddressSet(['10.0.0.0/8', '::1']).size).toBe(2)
  })

  it('writes IPv4 in IPv6 as IPv4', () => {
    expect(['::ffff:10.0.0.1', '10.0.0.1', '::1', 'x'].map(plainAddress)).toEqual(['10.0.0.1', '10.0.0.1', '::1', 'x'])
  })
})

describe('private addresses', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
  ])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true))
  it.each([
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.128.0.1',
    '2001:db8::1',
    '::2',
    'fe80::1',
    '169.254.169.254',
    'example.org',
    '',
  ])('%s is not', (address) => expect(isPrivateAddress(address)).toBe(false))
})
