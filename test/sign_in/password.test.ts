import { pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { FoundAccount } from '../../src/core/program_types.ts'
import { Passwords } from '../../src/inbound/passwords.ts'
import { phcOf } from '../../src/inbound/phc.ts'
import { canonicalEmail } from '../../src/policy/email.ts'
import { Throttle } from '../../src/policy/throttle.ts'
import { PasswordMethod } from '../../src/sign_in/methods/password.ts'
import { passwordMethodRow, person } from './people.ts'

const RIGHT = 'correct horse battery'
const hasher = new Passwords()
const hash = await hasher.hash(RIGHT)
/** As Django writes it, with few iterations. */
const FOREIGN = `pbkdf2_sha256$1000$salt$${pbkdf2Sync(RIGHT, 'salt', 1000, 32, 'sha256').toString('base64')}`

interface Known extends Partial<FoundAccount['account']> {
  readonly password_hash?: string | null
  /** Addresses that were shown to be read. */
  readonly verified?: readonly string[]
}

/** The method over accounts in memory; what it paused for and replaced is kept. */
function methodOver(known: readonly Known[], { isFull = false, takesMs = (_: string | null): number => 0 } = {}) {
  const found = known.map(({ password_hash = hash, verified = [], ...fields }) => ({
    found: { account: person(fields), password_hash, grants: [] },
    verified: verified.map((address) => canonicalEmail(address)),
  }))
  const hashes = new Map(found.map(({ found }) => [found.account.id, found.password_hash]))
  const pauses: number[] = []
  const verified: (string | null)[] = []
  let now = Date.parse('2026-11-22T10:00:00Z')
  const throttle = new Throttle({ now: () => now, pause: async () => undefined })
  const method = new PasswordMethod(passwordMethodRow(), {
    store: {
      accounts: {
        async replacePassword(id, from, to) {
          if (hashes.get(id) !== from) return false
          hashes.set(id, to)
          return true
        },
      },
      emails: {
        findVerified: async (canonical) => found.find((one) => one.verified.includes(canonical))?.found.account,
        holders: async (canonical) =>
          found.map((one) => one.found.account).filter(({ email }) => canonicalEmail(email ?? '') === canonical),
      },
    },
    hot: {
      findAccount: async (id) => {
        const account = found.find((one) => one.found.account.id === id)?.found
        return account && { ...account, password_hash: hashes.get(id) ?? null }
      },
    },
    passwords: {
      isFull,
      hash: (password) => hasher.hash(password),
      needsRehash: (phc) => hasher.needsRehash(phc),
      verify(phc, password) {
        verified.push(phc)
        now += takesMs(phc)
        return hasher.verify(phc, password)
      },
    },
    throttle,
    now: () => now,
    log: { warn: () => undefined },
    pause: async (ms) => void pauses.push(ms),
  })
  const check = (login: string, password = RIGHT, address = '192.0.2.1') => method.check({ login, password, address })
  return { check, throttle, pauses, verified, hashes, pass: (ms: number) => (now += ms) }
}

describe('the sign-in method password', () => {
  it('proves the account, by its id or its address', async () => {
    const { check } = methodOver([{ id: 'ada', email: 'Ada@Example.org' }])
    const proof = { kind: 'account', account: 'ada', amr: ['pwd'], acr: null, authTime: '2026-11-22T10:00:00.000Z' }
    for (const login of ['ada', ' ADA ', 'ada@example.org', ' ADA@EXAMPLE.ORG '])
      expect(await check(login)).toEqual(proof)
    expect(await check('ada', 'correct horse batterY')).toBeUndefined()
  })
  it('an address that one has verified is his, whoever else it was given to', async () => {
    const both = [
      { id: 'ada', email: 'a@example.org', password_hash: null },
      { id: 'bob', verified: ['a@example.org'] },
    ]
    expect(await methodOver(both).check('a@example.org')).toMatchObject({ account: 'bob' })
  })
  it('an address that two have and none has verified is nobody’s', async () => {
    const both = [
      { id: 'ada', email: 'a@example.org' },
      { id: 'bob', email: 'A@example.org' },
    ]
    expect(await methodOver(both).check('a@example.org')).toBeUndefined()
    expect(await methodOver(both).check('bob')).toMatchObject({ account: 'bob' })
  })
  it('T30 what only looks like an address finds nobody', async () => {
    const { check } = methodOver([{ id: 'ada', email: 'ada@example.org' }])
    for (const login of [
      'ada＠example.org',
      'a\u200bda@example.org',
      'ada@example.org@evil.org',
      'ada@example.org\r\nBcc: x',
      'ada@',
    ])
      expect(await check(login)).toBeUndefined()
  })
  it('T40 unknown, wrong, disabled, without a password, a service: the same work, the same answer, at the same beat', async () => {
    const { check, pauses, verified } = methodOver([
      { id: 'ada' },
      { id: 'gone', disabled_at: '2026-01-01T00:00:00Z' },
      { id: 'bare', password_hash: null },
      { id: 'till', kind: 'service' },
    ])
    expect(await check('ada', 'wrong')).toBeUndefined()
    for (const login of ['nobody', 'gone', 'bare', 'till', 'x@example.org', ''])
      expect(await check(login)).toBeUndefined()
    expect(verified).toEqual([hash, null, null, null, null, null, null])
    expect(pauses).toEqual(new Array(7).fill(500))
  })
  it('T40 a hash that takes longer makes every other answer as late, for an hour', async () => {
    const slow = FOREIGN
    const accounts = [{ id: 'ada' }, { id: 'imported', password_hash: slow }]
    const { check, pauses, pass } = methodOver(accounts, { takesMs: (phc) => (phc === slow ? 1_230 : 40) })
    for (const login of ['ada', 'imported', 'ada', 'nobody', 'imported']) await check(login, 'wrong')
    // With what the check itself took: 500, 1,500, 1,500, 1,500, 1,500.
    expect(pauses).toEqual([460, 270, 1_460, 1_460, 270])
    pass(3_600_001)
    await check('ada', 'wrong')
    expect(pauses.at(-1)).toBe(460)
  })
  it('T41 one bucket for an account: id, address, case, spaces, what is not seen, and Basic', async () => {
    const { check, throttle } = methodOver([{ id: 'ada', email: 'ada@example.org' }])
    const spellings = ['ada', 'ADA', ' ada', 'ada ', 'Ada@example.org', 'ada@EXAMPLE.org', 'ａda', 'a\u00adda']
    for (const login of spellings) expect(await check(login, 'wrong')).toBeUndefined()
    throttle.attempt('ada', '192.0.2.1')
    throttle.attempt('Ada', '192.0.2.1')
    for (const login of ['ada', 'ada@example.org', 'ADA '])
      await expect(check(login, RIGHT)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 900 })
    // From where nobody guessed it works.
    expect(await check('ada', RIGHT, '198.51.100.7')).toMatchObject({ account: 'ada' })
  })
  it('a right one gives its place back: signing in often is no guessing', async () => {
    const { check } = methodOver([{ id: 'ada' }])
    for (let i = 0; i < 12; i++) expect(await check('ada')).toMatchObject({ account: 'ada' })
  })
  it('429 for names that nobody has, like for those that somebody has', async () => {
    const { check } = methodOver([])
    for (let i = 0; i < 10; i++) expect(await check('nobody@example.org', 'x')).toBeUndefined()
    await expect(check(' NOBODY@example.org', 'x')).rejects.toMatchObject({ code: 'rate_limited' })
  })
  it('503 busy when the queue is full, and it does not count as a guess', async () => {
    const { check, throttle } = methodOver([{ id: 'ada' }], { isFull: true })
    for (let i = 0; i < 20; i++) await expect(check('ada')).rejects.toMatchObject({ code: 'busy', retryAfter: 1 })
    expect(() => throttle.attempt('ada', '192.0.2.1')).not.toThrow()
  })
})

describe('a hash that another program made', () => {
  it('is replaced by ours at the first right password, and not at a wrong one', async () => {
    const { check, hashes } = methodOver([{ id: 'ada', password_hash: FOREIGN }])
    expect(await check('ada', 'wrong')).toBeUndefined()
    expect(hashes.get('ada')).toBe(FOREIGN)
    expect(await check('ada')).toMatchObject({ account: 'ada' })
    expect(hashes.get('ada')).toMatch(/^\$argon2id\$v=19\$m=19456/)
    expect(await check('ada')).toMatchObject({ account: 'ada' })
  })
  it('ours stays as it is', async () => {
    const { check, hashes } = methodOver([{ id: 'ada' }])
    await check('ada')
    expect(hashes.get('ada')).toBe(hash)
  })
  it('500, not “wrong”, for one that cannot be read; and no guess was made', async () => {
    const { check, throttle } = methodOver([{ id: 'ada', password_hash: '$9$what' }])
    for (let i = 0; i < 12; i++) await expect(check('ada')).rejects.toThrow('A stored password hash')
    expect(() => throttle.attempt('ada', '192.0.2.1')).not.toThrow()
  })
  it('argon2id that costs less than ours is replaced too', async () => {
    const cheap = phcOf({ memory: 8, passes: 1, parallelism: 1, salt: Buffer.alloc(16), tag: Buffer.alloc(32) })
    expect(hasher.needsRehash(cheap)).toBe(true)
  })
})
