import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { Callers } from './caller.ts'
import { readHead } from './request_head.ts'

const from = (remoteAddress: string, encrypted = false) => ({ remoteAddress, encrypted }) as unknown as Socket
const proxies = new Callers(['10.0.0.0/8', '::1', '203.0.113.7'])
const nobody = new Callers([])

function identify(callers: Callers, peer: string, ...raw: string[]) {
  try {
    return callers.identify(from(peer), readHead(raw)).address
  } catch (error) {
    if (error instanceof OctroiError) return error.code
    throw error
  }
}
const forwarded = (value: string) => ['X-Forwarded-For', value]

describe('T1: a peer that nobody trusts', () => {
  it.each(['1.2.3.4', '127.0.0.1', '::ffff:10.0.0.1', 'a', 'x'.repeat(10_000)])(
    'T1: what it writes (%s) is not read',
    (value) => {
      expect(identify(nobody, '127.0.0.1', ...forwarded(value))).toBe('127.0.0.1')
      expect(identify(proxies, '192.168.0.9', ...forwarded(value))).toBe('192.168.0.9')
    },
  )
  it('T1: it cannot say that it came over https', () => {
    expect(identify(proxies, '198.51.100.1', 'X-Forwarded-Proto', 'https')).toBe('insecure_transport')
  })
})

describe('T6: the right-most address that is no trusted proxy', () => {
  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['127.0.0.1, 198.51.100.1', '198.51.100.1'],
    ['198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['6.6.6.6, 198.51.100.1, 10.0.0.2, 10.0.0.3', '198.51.100.1'],
    ['10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
    ['6.6.6.6, ::ffff:10.0.0.2', '6.6.6.6'],
    ['198.51.100.1:5678', '198.51.100.1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    [' 198.51.100.1 ', '198.51.100.1'],
    ['a, 198.51.100.1', '198.51.100.1'],
  ])('T6: %s → %s', (value, expected) => {
    expect(identify(proxies, '10.0.0.1', 'X-Forwarded-Proto', 'https', ...forwarded(value))).toBe(expected)
  })

  it.each([
    'a',
    '',
    ',',
    '198.51.100.1, a',
    '198.51.100.1,',
    'unknown',
    '_hidden',
    '198.51.100.256',
    '198.51.100.1/8',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    'fe80::1%eth0',
    '[::1',
    'for=198.51.100.1',
    'x'.repeat(10_000),
    Array(1_000).fill('198.51.100.1').join(', '),
    `${Array(60).fill('10.0.0.2').join(', ')}`,
  ])('T6: 400 with %s', (value) => {
    expect(identify(proxies, '10.0.0.1', 'X-Forwarded-Proto', 'https', ...forwarded(value))).toBe('invalid_request')
  })

  it('T6, property: what a client writes in front of what the proxy writes never counts', () => {
    const junk = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('127.0.0.1', 'a', '', '10.0.0.1'))
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 40 }), (written) => {
        const value = [...written, '198.51.100.77'].join(', ')
        expect(identify(proxies, '10.0.0.1', 'X-Forwarded-Proto', 'https', ...forwarded(value))).toBe('198.51.100.77')
      }),
    )
  })
})

describe('transport', () => {
  it.each([
    ['127.0.0.1', [], '127.0.0.1'],
    ['::ffff:127.0.0.1', [], '127.0.0.1'],
    ['192.168.1.1', [], '192.168.1.1'],
    ['fd00::1', [], 'fd00::1'],
    ['198.51.100.1', [], 'insecure_transport'],
    ['2001:db8::1', [], 'insecure_transport'],
    ['203.0.113.7', [], 'insecure_transport'],
    ['203.0.113.7', ['X-Forwarded-Proto', 'http'], 'insecure_transport'],
    ['203.0.113.7', ['X-Forwarded-Proto', 'https,http'], 'insecure_transport'],
    ['203.0.113.7', ['X-Forwarded-Proto', 'HTTPS'], '203.0.113.7'],
    ['10.0.0.1', ['X-Forwarded-Proto', 'http', 'X-Forwarded-For', '198.51.100.1'], 'insecure_transport'],
    ['10.0.0.1', ['X-Forwarded-Proto', 'http', 'X-Forwarded-For', '192.168.1.1'], '192.168.1.1'],
  ] as [string, string[], string][])('%s %j → %s', (peer, raw, expected) => {
    expect(identify(proxies, peer, ...raw)).toBe(expected)
  })

  it('says https for what came over TLS or is said to', () => {
    expect(proxies.identify(from('10.0.0.1'), readHead(['X-Forwarded-Proto', 'https'])).proto).toBe('https')
    expect(nobody.identify(from('198.51.100.1', true), readHead([])).proto).toBe('https')
    expect(nobody.identify(from('127.0.0.1'), readHead(['X-Forwarded-Proto', 'https'])).proto).toBe('http')
  })
})
