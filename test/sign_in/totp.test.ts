import { type TOTP, URI } from 'otpauth'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOfStep, newTotpSecret, readTotpCode, stepAt, stepOfCode, totpUri } from '../../src/sign_in/factors/totp.ts'
import { ENGINES, Places } from '../store/places.ts'
import { type FactorPlace, factorPlace } from './factor_place.ts'

const places = new Places()
afterAll(() => places.cleanUp())

/** "12345678901234567890", RFC 6238 appendix B. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('codes', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('RFC 6238 appendix B: at %i s it is %s', (seconds, code) => {
    expect(codeOfStep(RFC_SECRET, stepAt(seconds * 1000))).toBe(code)
    expect(stepOfCode(RFC_SECRET, code, seconds * 1000, -1)).toBe(stepAt(seconds * 1000))
  })
  it('a secret has 160 bits, and no two are the same', () => {
    expect(newTotpSecret()).toMatch(/^[A-Z2-7]{32}$/)
    expect(new Set(Array.from({ length: 50 }, newTotpSecret)).size).toBe(50)
  })
  it('one step before and one after are taken, two are not', () => {
    const now = 1_800_000_000_000
    const present = stepAt(now)
    const taken = [-2, -1, 0, 1, 2].map((by) => stepOfCode(RFC_SECRET, codeOfStep(RFC_SECRET, present + by), now, -1))
    expect(taken).toEqual([undefined, present - 1, present, present + 1, undefined])
  })
  it('T42 spaces, dashes and digits of other keyboards have one reading; all else is no code', () => {
    for (const typed of [
      '123456',
      '123 456',
      '123456 ',
      '\t123456',
      '１２３４５６',
      '１２３ 456',
      '123-456',
      '123\u00a0456',
    ])
      expect(readTotpCode(typed)).toBe('123456')
    for (const typed of [
      '',
      '12345',
      '1234567',
      '12345a',
      '+12345',
      '1e5000',
      '123,456',
      '٠١٢٣٤٥',
      '123456'.repeat(20),
    ])
      expect(readTotpCode(typed)).toBeUndefined()
  })
  it('the address names installation and account, and a colon in a name divides nothing', () => {
    const uri = totpUri(RFC_SECRET, 'Mairie: Gate', 'ada')
    expect(uri).toContain('otpauth://totp/Mairie%20%20Gate:ada?')
    const read = URI.parse(uri) as TOTP
    expect([read.issuer, read.label, read.algorithm, read.digits, read.period]).toEqual([
      'Mairie  Gate',
      'ada',
      'SHA1',
      6,
      30,
    ])
    expect(read.secret.base32).toBe(RFC_SECRET)
  })
})

describe.each(ENGINES)('an authenticator app (%s)', (engine) => {
  let place: FactorPlace
  let secret: string

  beforeEach(async () => {
    place = await factorPlace(places, engine)
    secret = newTotpSecret()
    const step = stepAt(place.now.getTime()) - 10
    await place.open.store.factors.insertTotp(place.factors.newTotp({ account: 'ada', name: 'Phone', secret, step }))
  })

  const codeNow = (by = 0) => codeOfStep(secret, stepAt(place.now.getTime()) + by)
  const check = (code: string, account = 'ada', address = '192.0.2.1') =>
    place.factors.check(account, { code, keep: '', address })

  it('T42 a code is good once, however it is spelt', async () => {
    const code = codeNow()
    expect(await check(` ${code.slice(0, 3)} ${code.slice(3)}`)).toEqual(['otp'])
    expect(await check(code)).toBeUndefined()
    expect(await check(`${code} `)).toBeUndefined()
    expect(await check(toFullWidth(code))).toBeUndefined()
  })
  it('T42 the code of the step before is refused after a later one', async () => {
    expect(await check(codeNow())).toEqual(['otp'])
    expect(await check(codeNow(-1))).toBeUndefined()
    expect(await check(codeNow(1))).toEqual(['otp'])
  })
  it('T42 twenty at once: one passes', async () => {
    const code = codeNow()
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => check(code, 'ada', `192.0.2.${i}`)))
    expect(results.filter((result) => result.status === 'fulfilled' && result.value !== undefined)).toHaveLength(1)
  })
  it('429 after five wrong ones, for the right one too; another address and another account go on', async () => {
    for (let i = 0; i < 5; i++) expect(await check(wrong(codeNow()))).toBeUndefined()
    await expect(check(codeNow())).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 300 })
    expect(await check(wrong(codeNow()), 'ben')).toBeUndefined()
    expect(await check(codeNow(), 'ada', '198.51.100.7')).toEqual(['otp'])
    place.now = new Date(place.now.getTime() + 300_000)
    expect(await check(codeNow())).toEqual(['otp'])
  })
  it('429 from everywhere after twenty, but not where a code was right before', async () => {
    expect(await check(codeNow(), 'ada', '203.0.113.5')).toEqual(['otp'])
    for (let i = 0; i < 20; i++) expect(await check(wrong(codeNow()), 'ada', `192.0.2.${i}`)).toBeUndefined()
    await expect(check(codeNow(1), 'ada', '198.51.100.7')).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await check(codeNow(1), 'ada', '203.0.113.5')).toEqual(['otp'])
  })
  it('is not good for another account, and an empty or a double answer is none', async () => {
    expect(await check(codeNow(), 'ben')).toBeUndefined()
    expect(
      await place.factors.check('ada', { code: '', recoveryCode: ' ', keep: '', address: '192.0.2.1' }),
    ).toBeUndefined()
    const both = { code: codeNow(), recoveryCode: '7k3m-q0xv-9d2f', keep: '', address: '192.0.2.1' }
    expect(await place.factors.check('ada', both)).toBeUndefined()
    expect(await check(codeNow())).toEqual(['otp'])
  })
  it('500, and not "wrong", when its secret does not open', async () => {
    const row = place.factors.newTotp({ account: 'ben', name: 'Phone', secret, step: 0 })
    await place.open.store.factors.insertTotp({ ...row, id: 'moved' })
    await expect(check(codeNow(), 'ben')).rejects.toMatchObject({ code: 'internal' })
  })
  it('an enrolment takes its own first code, stores nothing before, and spends that code', async () => {
    const begun = await place.factors.beginEnrolment('ben')
    const input = { keep: begun.keep, identity: 'ben', address: '192.0.2.1' }
    const code = codeOfStep(begun.secret, stepAt(place.now.getTime()))
    expect(await place.factors.confirmEnrolment({ ...input, code: wrong(code) })).toBeUndefined()
    const enrolled = await place.factors.confirmEnrolment({ ...input, code })
    expect(await place.factors.state('ben')).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 })
    await place.open.store.transaction((store) => place.factors.storeEnrolment(store, 'ben', enrolled?.keep ?? ''))
    expect(await place.factors.state('ben')).toEqual({ totp: true, passkeys: 0, recoveryCodes: 10 })
    expect(await check(code, 'ben')).toBeUndefined()
    const [stored] = await place.open.store.factors.totps('ben')
    expect(JSON.stringify(stored)).not.toContain(begun.secret)
    const recovery = { recoveryCode: enrolled?.codes[3], keep: '', address: '192.0.2.1' }
    expect(await place.factors.check('ben', recovery)).toEqual(['kba'])
  })
  it('429 at an enrolment as well', async () => {
    const { keep } = await place.factors.beginEnrolment('ben')
    const input = { keep, code: '000000', identity: 'ben', address: '192.0.2.1' }
    for (let i = 0; i < 5; i++) await place.factors.confirmEnrolment(input)
    await expect(place.factors.confirmEnrolment(input)).rejects.toMatchObject({ code: 'rate_limited' })
  })
})

function wrong(code: string): string {
  return String((Number(code) + 500_000) % 1_000_000).padStart(6, '0')
}

function toFullWidth(code: string): string {
  return code.replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))
}
