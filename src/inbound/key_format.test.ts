import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containsKey, generateKey, isWellFormed, looksLikeOurs } from './key_format.ts'

/** Made with another implementation of CRC-32 (IEEE 802.3, as in zlib) and base62 with `0-9A-Za-z`, left-padded with `0`. */
const VECTORS = [
  'oct_key_abcdefgh_0000000000000000000000000000000010B5C0',
  'oct_key_00000000_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ1MuKLJ',
  'oct_session_a1b2c3d4_0123456789ABCDEFGHIJKLMNOPQRSTUV2dShEs',
  'oct_key_z9y8x7w6_UVWXYZabcdefghijklmnopqrstuvwxyz2l5kkn',
]

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('the checksum', () => {
  it.each(VECTORS)('%s', (key) => {
    expect(isWellFormed(key)).toBe(true)
    expect(containsKey(`Authorization: Bearer ${key}, and more`)).toBe(true)
  })

  it('a change of any one character is seen', () => {
    const { key } = generateKey()
    for (let i = 0; i < key.length; i++) {
      const other = key[i] === 'a' ? 'b' : 'a'
      expect([i, isWellFormed(key.slice(0, i) + other + key.slice(i + 1))]).toEqual([i, false])
    }
  })

  it.each([
    '',
    'oct_',
    'oct_key_abcdefgh_',
    'OCT_KEY_abcdefgh_x',
    ` ${VECTORS[0]}`,
    `${VECTORS[0]} `,
    `${VECTORS[0]}0`,
    `${VECTORS[0]}\n`,
  ])('%j is none', (text) => {
    expect(isWellFormed(text)).toBe(false)
  })
})

describe('a new key', () => {
  it('has its form and is another each time; all characters occur', () => {
    const made = Array.from({ length: 500 }, () => generateKey())
    for (const { id, key } of made) {
      expect(key).toMatch(/^oct_key_[a-z0-9]{8}_[0-9A-Za-z]{38}$/)
      expect([key.slice(8, 16), isWellFormed(key), looksLikeOurs(key)]).toEqual([id, true, true])
    }
    expect(new Set(made.map(({ key }) => key)).size).toBe(500)
    const used = new Set(made.flatMap(({ key }) => [...key.slice(17, 49)]))
    expect([...BASE62].filter((character) => !used.has(character))).toEqual([])
  })

  it('keeps the id that it is given', () => {
    expect(generateKey('abcd1234').key).toMatch(/^oct_key_abcd1234_/)
  })
})

describe('finding one in a text', () => {
  it('property: wherever it stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const { key } = generateKey()
        // Right behind a letter or digit the run is longer than a key, and another key may begin in it.
        expect(containsKey(`${before}|${key}|${after}`)).toBe(true)
      }),
    )
  })

  it('property: any text is read in peace', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('o', 'c', 't', '_', 'a', '0', 'k') }),
        (text) => void containsKey(text),
      ),
    )
  })
})
