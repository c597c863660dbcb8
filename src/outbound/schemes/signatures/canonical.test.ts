import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutgoingRequest } from '../../scheme.ts'
import { encode, formPairs, headerValue, hostOf, pairsOf, reencode, sortedPairs } from './canonical.ts'

const request = (rest: Partial<OutgoingRequest>): OutgoingRequest => ({
  ...{ method: 'GET', origin: 'https://a.example', path: '/', query: '', headers: [], body: null, params: {}, now: 0 },
  ...rest,
})

describe('encode', () => {
  it('leaves the unreserved characters, and writes the rest as UTF-8 in capitals (RFC 3986 §2.1)', () => {
    expect(encode("aZ09-._~!*'() +/é☃")).toBe('aZ09-._~%21%2A%27%28%29%20%2B%2F%C3%A9%E2%98%83')
  })

  it('is undone by decodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(encode(text))).toBe(text)
      }),
    )
  })
})

describe('reencode', () => {
  it.each([
    ['%7e%41', false, '~A'],
    ['a+b', true, 'a%20b'],
    ['a+b', false, 'a%2Bb'],
    ['%2b', true, '%2B'],
    ['100%', true, '100%25'],
    ['%', true, '%25'],
    ['%zz%4', true, '%25zz%254'],
    ['%FF', true, '%FF'],
    ['é', true, '%C3%A9'],
  ])('%s, + as a space: %s', (text, plusIsSpace, expected) => {
    expect(reencode(text, plusIsSpace)).toBe(expected)
  })

  it('what is encoded already stays as it is, and a second time changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, plusIsSpace) => {
        const once = reencode(text, plusIsSpace)
        expect(reencode(once, plusIsSpace)).toBe(once)
        expect(reencode(encode(text), plusIsSpace)).toBe(encode(text))
      }),
    )
  })
})

describe('pairs', () => {
  it('keeps duplicates, empty names and empty values, and sorts by name, then by value', () => {
    expect(sortedPairs(pairsOf('b=2&a=2&a=1&a&=x&&c=1=2'))).toBe('=x&a=&a=1&a=2&b=2&c=1%3D2')
    expect(sortedPairs(pairsOf(''))).toBe('')
  })

  it('sorts by byte: capitals before small letters, a shorter name first', () => {
    expect(sortedPairs(pairsOf('a=1&B=1&ab=1&a%20=1'))).toBe('B=1&a=1&a%20=1&ab=1')
  })

  it('the order in which they are written does not matter', () => {
    const pair = fc.tuple(fc.string(), fc.string()).map(([a, b]) => `${encode(a)}=${encode(b)}`)
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        expect(sortedPairs(pairsOf([...pairs].reverse().join('&')))).toBe(sortedPairs(pairsOf(pairs.join('&'))))
      }),
    )
  })

  it('of a form, and of nothing else', () => {
    const body = Buffer.from('a=é&b=%20')
    const form = ['CONTENT-TYPE', 'Application/x-www-form-urlencoded ; charset=utf-8']
    expect(formPairs(request({ headers: form, body }))).toEqual([
      ['a', '%C3%A9'],
      ['b', '%20'],
    ])
    expect(formPairs(request({ headers: form }))).toEqual([])
    expect(formPairs(request({ headers: ['Content-Type', 'application/json'], body }))).toEqual([])
    expect(formPairs(request({ body }))).toEqual([])
  })
})

describe('headers and hosts', () => {
  it('all values of a header, trimmed, in their order', () => {
    expect(headerValue(['X-A', ' 1 ', 'b', '2', 'x-a', '3'], 'x-a')).toBe('1, 3')
    expect(headerValue(['X-A', ''], 'x-a')).toBe('')
    expect(headerValue([], 'x-a')).toBeUndefined()
  })

  it.each([
    ['https://A.example:443', 'a.example'],
    ['http://a.example:80', 'a.example'],
    ['https://a.example:8443', 'a.example:8443'],
    ['https://[2001:DB8::1]', '[2001:db8::1]'],
  ])('the host of %s', (origin, expected) => {
    expect(hostOf(request({ origin }))).toBe(expected)
  })
})
