import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveKey, keyFrom, newKey, open, parseSealed, SealBroken, seal } from './seal.ts'

const key = newKey()
const plain = Buffer.from('{"password":"secret"}')
const sealed = seal(key, 'k1', plain, 'connections|c1|secrets|1')

describe('sealed values', () => {
  it('open in their own place', () => {
    expect(open(key, sealed, 'connections|c1|secrets|1')).toEqual(plain)
    expect(parseSealed(sealed)).toMatchObject({ keyId: 'k1', nonce: expect.any(Buffer) })
  })

  it('any bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, context) => {
        expect(open(key, seal(key, 'k', bytes, context), context)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it.each(['connections|c2|secrets|1', 'connections|c1|next_secrets|1', 'connections|c1|secrets|2', ''])(
    'do not open at %j',
    (place) => {
      expect(() => open(key, sealed, place)).toThrow(SealBroken)
    },
  )

  it('do not open with another key', () => {
    expect(() => open(newKey(), sealed, 'connections|c1|secrets|1')).toThrow(SealBroken)
  })

  it('do not open with any character changed, left out or added', () => {
    for (let i = 0; i < sealed.length; i++) {
      const character = sealed[i] as string
      for (const other of ['A', 'B', '_', '-', '.', '=', '+', '/', ' ', '']) {
        if (other === character) continue
        const altered = sealed.slice(0, i) + other + sealed.slice(i + 1)
        expect(() => open(key, altered, 'connections|c1|secrets|1'), altered).toThrow(SealBroken)
      }
    }
    for (const altered of [
      '',
      'v1',
      'v1.k1..',
      `${sealed}.x`,
      `${sealed}A`,
      sealed.replace('v1', 'v2'),
      sealed.slice(0, -1),
    ]) {
      expect(() => open(key, altered, 'connections|c1|secrets|1'), altered).toThrow(SealBroken)
    }
  })

  it('are never the same twice', () => {
    const many = Array.from({ length: 1_000 }, () => parseSealed(seal(key, 'k1', plain, 'x')).nonce.toString('hex'))
    expect(new Set(many).size).toBe(1_000)
  })

  it('derived keys differ by purpose and by key, and are the same every time', () => {
    const fixed = keyFrom(Buffer.alloc(32, 1))
    const hex = (purpose: string, from = fixed) => deriveKey(from, purpose).export().toString('hex')
    expect(hex('a')).toBe(hex('a'))
    expect(
      new Set([hex('a'), hex('b'), hex('a', keyFrom(Buffer.alloc(32, 2))), fixed.export().toString('hex')]).size,
    ).toBe(4)
  })
})
