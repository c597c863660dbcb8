import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hashFault, readHash } from '../../src/inbound/hashes/index.ts'
import { Passwords } from '../../src/inbound/passwords.ts'

/** Hashes that other programs made; `made_by` says which. */
const MADE: readonly { family: string; made_by: string; password: string; hash: string }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'foreign_hashes.json'), 'utf8'),
)

const passwords = new Passwords()
afterAll(() => passwords.close())

describe('hashes of other programs', () => {
  it.each(MADE)('$family of $made_by: right is right, anything else is not', async ({ password, hash }) => {
    expect(await passwords.verify(hash, password)).toBe(true)
    expect(await passwords.verify(hash, `${password.slice(0, 20)}?`)).toBe(false)
    expect(await passwords.verify(hash, '')).toBe(false)
  })
  it.each(MADE)('$family of $made_by: is to be replaced, but for argon2id as strong as ours', ({ hash }) => {
    const isStrong = /\$argon2id\$v=19\$m=(?:\d{6,}),t=[2-9]/.test(hash)
    expect(passwords.needsRehash(hash)).toBe(!isStrong)
  })
  it('typed in another sequence of code points it is the same password', async () => {
    for (const { password, hash } of MADE.filter((one) => one.password.startsWith('cafe')).slice(0, 4))
      expect(await passwords.verify(hash, password)).toBe(true)
  })
})

/** Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", the tests at its end. */
const DREPPER = [
  ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['Hello world!', '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA'],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
] as const

/** RFC 6070 for PBKDF2 with SHA-1, RFC 7914 §12 for scrypt, as Django writes them. */
const RFC = [
  [
    'password',
    `pbkdf2_sha1$4096$salt$${Buffer.from('4b007901b765489abead49d926f721d065a429c1', 'hex').toString('base64')}`,
  ],
  [
    'pleaseletmein',
    `scrypt$16384$SodiumChloride$8$1$${Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887', 'hex').toString('base64')}`,
  ],
] as const

describe('published vectors', () => {
  it.each([...DREPPER, ...RFC])('%s: %s', async (password, hash) => {
    expect(await passwords.verify(hash, password)).toBe(true)
    expect(await passwords.verify(hash, `${password}!`)).toBe(false)
  })
})

describe('openssl passwd', () => {
  it.each(['-5', '-6'])('%s of this machine is verified', async (kind) => {
    const password = `Zürich ${Math.random()}`
    const hash = execFileSync('openssl', ['passwd', kind, '-stdin'], { input: password, encoding: 'utf8' }).trim()
    expect(await passwords.verify(hash, password)).toBe(true)
    expect(await passwords.verify(hash, password.toUpperCase())).toBe(false)
  })
})

const bytes = (length: number) => Buffer.alloc(length, 7).toString('base64')
const bare = (length: number) => bytes(length).replace(/=+$/, '')
const SALT = 'A'.repeat(22)

describe('what is not taken says why, and never what it was', () => {
  it.each([
    ['nothing', '', /no kind that is taken/],
    ['a password', 'correct horse battery', /no kind that is taken/],
    ['MD5 of crypt(3)', '$1$abcdefgh$G//4keteveJp0qb8z2DxG/', /no kind that is taken/],
    ['MD5 of Django', 'md5$salt$b305cadbb3bce54f3aa59c64fec00dea', /no kind that is taken/],
    ['argon2d', `$argon2d$v=19$m=19456,t=2,p=1$${SALT}$${bare(32)}`, /argon2d/],
    ['argon2 of version 1.0', `$argon2id$v=16$m=19456,t=2,p=1$${SALT}$${bare(32)}`, /another version/],
    ['argon2 that takes too much memory', `$argon2id$v=19$m=262145,t=2,p=1$${SALT}$${bare(32)}`, /memory 262145/],
    ['argon2 with too many passes', `$argon2id$v=19$m=19456,t=17,p=1$${SALT}$${bare(32)}`, /passes 17/],
    ['argon2 with too many lanes', `$argon2id$v=19$m=19456,t=2,p=9$${SALT}$${bare(32)}`, /parallelism 9/],
    ['argon2 with too little memory', `$argon2id$v=19$m=15,t=2,p=2$${SALT}$${bare(32)}`, /8 KiB/],
    ['argon2 without passes', `$argon2id$v=19$m=19456,t=0,p=1$${SALT}$${bare(32)}`, /not written as one/],
    ['bcrypt of cost 15', `$2b$15$${'a'.repeat(53)}`, /cost 15; 14 is the most/],
    ['bcrypt of cost 00', `$2b$00$${'a'.repeat(53)}`, /no valid cost/],
    ['broken bcrypt', `$2x$10$${'a'.repeat(53)}`, /broken/],
    ['half a bcrypt', '$2b$10$abc', /not written as one/],
    ['PBKDF2 with too many iterations', `pbkdf2_sha256$2500001$salt$${bytes(32)}`, /iterations 2500001/],
    ['PBKDF2 with a cut hash', `pbkdf2_sha256$20000$salt$${bytes(20)}`, /length/],
    ['PBKDF2 of another digest', `pbkdf2_md5$20000$salt$${bytes(16)}`, /not written as one/],
    ['PBKDF2 of passlib, too many', `$pbkdf2-sha512$9999999$${SALT}$${bare(64)}`, /iterations 9999999/],
    ['scrypt with too much memory', `$scrypt$ln=20,r=8,p=1$${SALT}$${bare(32)}`, /memory \(KiB\)/],
    ['scrypt with too much work', `$scrypt$ln=14,r=8,p=64$${SALT}$${bare(32)}`, /work/],
    ['scrypt of Django, no power of two', `scrypt$16383$salt$8$1$${bytes(64)}`, /power of two/],
    ['sha-crypt with too many rounds', `$6$rounds=1000001$salt$${'a'.repeat(86)}`, /rounds 1000001/],
    ['sha-crypt with too few', `$5$rounds=999$salt$${'a'.repeat(43)}`, /fewer than 1000/],
    ['sha512-crypt of half the length', `$6$salt$${'a'.repeat(43)}`, /length/],
  ])('%s', async (_, hash, why) => {
    expect(hashFault(hash)).toMatch(why)
    if (hash.length > 12) expect(hashFault(hash)).not.toContain(hash.slice(-12))
    // Stored all the same (an older release, a restored backup), it is our trouble: no "wrong", and nothing breaks.
    await expect(passwords.verify(hash, 'x')).rejects.toThrow('A stored password hash')
  })
  it('what is taken has no fault', () => {
    expect(MADE.map(({ hash }) => hashFault(hash))).toEqual(MADE.map(() => undefined))
  })
  it('memory is known before it is taken', () => {
    expect(readHash(`$scrypt$ln=16,r=8,p=1$${SALT}$${bare(32)}`).memory).toBeGreaterThanOrEqual(65_536)
  })
})

describe('the thread for hashes that are computed in JavaScript', () => {
  const slow = '$5$rounds=1000$s$'
  const right = MADE.find(({ hash }) => hash.startsWith(slow)) as (typeof MADE)[number]

  it('503 busy beyond 1 at work and 16 that wait; then there is room again', async () => {
    const own = new Passwords()
    const asked = Array.from({ length: 30 }, () => own.verify(right.hash, right.password))
    const settled = await Promise.allSettled(asked)
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(new Array(13).fill('busy'))
    expect(settled.filter((one) => one.status === 'fulfilled' && one.value)).toHaveLength(17)
    expect(await own.verify(right.hash, right.password)).toBe(true)
    await own.close()
  })
  it('who is waiting when it is closed is told, and it begins anew', async () => {
    const own = new Passwords()
    const asked = [own.verify(right.hash, 'x'), own.verify(right.hash, 'x')]
    const settled = Promise.allSettled(asked)
    await own.close()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await own.verify(right.hash, right.password)).toBe(true)
    await own.close()
  })
})
