import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArgon2 } from './hashes/argon2.ts'
import { Passwords } from './passwords.ts'
import { phcOf } from './phc.ts'

/** RFC 9106 has vectors with a secret and associated data only; this one is of the reference program: `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1`. */
const KNOWN = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

describe('passwords', () => {
  it('a right one is right, any other is not', async () => {
    const passwords = new Passwords()
    const phc = await passwords.hash('correct horse battery')
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await passwords.verify(phc, 'correct horse battery')).toBe(true)
    expect(await passwords.verify(phc, 'correct horse batterY')).toBe(false)
    expect(await passwords.verify(phc, '')).toBe(false)
  })

  it('the same password has another hash each time', async () => {
    const passwords = new Passwords()
    expect(await passwords.hash('x'.repeat(512))).not.toBe(await passwords.hash('x'.repeat(512)))
  })

  it('a hash of the reference program is verified', async () => {
    expect(await new Passwords().verify(KNOWN, 'password')).toBe(true)
    expect(await new Passwords().verify(KNOWN, 'passwore')).toBe(false)
  })

  it('typed with or without combining signs it is the same password', async () => {
    const passwords = new Passwords()
    expect(await passwords.verify(await passwords.hash('caf\u00e9 cr\u00e8me 12'), 'cafe\u0301 cre\u0300me 12')).toBe(
      true,
    )
  })

  it('nobody has no password, whatever it is', async () => {
    const passwords = new Passwords()
    for (const password of ['', 'x', 'correct horse battery'])
      expect(await passwords.verify(null, password)).toBe(false)
  })

  it('500, not 401, for a stored hash that cannot be read', async () => {
    await expect(new Passwords().verify('$2b$12$abc', 'x')).rejects.toThrow('A stored password hash begins like bcrypt')
  })

  it('one that takes much memory and time is computed apart: ours do not wait for it', async () => {
    const passwords = new Passwords()
    const heavy = phcOf({ memory: 262_144, passes: 8, parallelism: 1, salt: Buffer.alloc(16), tag: Buffer.alloc(32) })
    const light = phcOf({ memory: 8, passes: 1, parallelism: 1, salt: Buffer.alloc(16), tag: Buffer.alloc(32) })
    const ended: string[] = []
    const asked = [heavy, light].map((phc) => passwords.verify(phc, 'x').then(() => ended.push(phc)))
    await Promise.all(asked)
    expect(ended).toEqual([light, heavy])
  })

  it('a password of more than 2,048 characters is wrong without being hashed', async () => {
    const passwords = new Passwords()
    expect(await passwords.verify(await passwords.hash('x'.repeat(2_049)), 'x'.repeat(2_049))).toBe(false)
  })

  it('503 busy beyond one at work and 64 that wait; then there is room again', async () => {
    const passwords = new Passwords()
    const cheap = phcOf({ memory: 8, passes: 1, parallelism: 1, salt: Buffer.alloc(16), tag: Buffer.alloc(32) })
    const asked = Array.from({ length: 100 }, () => passwords.verify(cheap, 'x'))
    expect(passwords.isFull).toBe(true)
    const settled = await Promise.allSettled(asked)
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused.length).toBe(35)
    expect(refused.every(({ code, retryAfter }) => code === 'busy' && retryAfter === 1)).toBe(true)
    expect(passwords.isFull).toBe(false)
    expect(await passwords.verify(cheap, 'x')).toBe(false)
  })
})

describe('PHC strings', () => {
  it('what is written is read', () => {
    const bytes = (min: number, max: number) =>
      fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(
        fc.record({
          memory: fc.integer({ min: 64, max: 262_144 }),
          passes: fc.integer({ min: 1, max: 16 }),
          parallelism: fc.integer({ min: 1, max: 8 }),
          salt: bytes(9, 64),
          tag: bytes(17, 64),
        }),
        (hash) => {
          expect(readArgon2(phcOf(hash))).toEqual({ type: 'argon2id', ...hash })
        },
      ),
    )
  })
})
