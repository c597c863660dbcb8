import { describe, expect, it } from 'vitest'
import { unfitness } from './imported_secret.ts'

const OPEN = { allow_weak: false, cidrs: [], expires_at: null }
const FENCED = { allow_weak: true, cidrs: ['127.0.0.0/8'], expires_at: '2999-01-01T00:00:00.000Z' }
const paths = (secret: string, fences: Parameters<typeof unfitness>[1] = OPEN) =>
  unfitness(secret, fences).map(({ path }) => path)

describe('keys that were made elsewhere', () => {
  it.each([
    '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
    'sk_live_51H8abcdEFGHijklMNOP',
    '$ecret-of-the-till-number-2',
    '2$b$12$not-in-the-first-place-0',
    'xxxxxxxxxxxxxxxxxxxxxxxxx',
  ])('%s is one', (secret) => {
    expect(paths(secret)).toEqual([])
  })

  it.each([
    '$pbkdf2-sha512$6000$saltsaltsaltsalt$checksumchecksum',
    '$pbkdf2-sha256$29000$saltsalt$checksum',
    '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    '$argon2i$v=19$m=4096,t=3,p=1$c2FsdA$aGFzaA',
    '$2b$12$saltsaltsaltsaltsaltsachecksumchecksumchecksum',
    '$2y$10$saltsaltsaltsaltsaltsachecksumchecksumchecksum',
    '$scrypt$ln=16,r=8,p=1$c2FsdA$aGFzaA',
    '$6$rounds=5000$saltsalt$checksum',
    '$1$saltsalt$checksumchecksum',
    '$y$j9T$saltsalt$checksum',
  ])('%s is the hash of one', (secret) => {
    expect(unfitness(secret, OPEN)).toContainEqual({ path: 'secret', message: expect.stringContaining('is the hash') })
  })

  it.each(['********************************', '........................'])('%s is masked', (secret) => {
    expect(paths(secret)).toEqual(['secret'])
  })

  it('one of our shape was not made elsewhere', () => {
    expect(paths(`oct_key_aaaaaaaa_${'x'.repeat(38)}`)).toEqual(['secret'])
  })

  it('a weak one is fenced in: said, from somewhere, until some day', () => {
    expect(paths('x'.repeat(19))).toEqual(['allow_weak', 'cidrs', 'expires_at'])
    expect(paths('x'.repeat(19), { ...FENCED, cidrs: [] })).toEqual(['cidrs'])
    expect(paths('x'.repeat(19), { ...FENCED, expires_at: null })).toEqual(['expires_at'])
    expect(paths('x'.repeat(19), FENCED)).toEqual([])
  })
})
