import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { newRecoveryCode, newRecoveryCodes, readRecoveryCode } from '../../src/sign_in/factors/recovery_codes.ts'
import { ENGINES, Places } from '../store/places.ts'
import { type FactorPlace, factorPlace } from './factor_place.ts'

const places = new Places()
afterAll(() => places.cleanUp())

describe('a recovery code', () => {
  it('has 60 bits in three groups of characters that nobody mistakes', () => {
    for (let i = 0; i < 200; i++)
      expect(newRecoveryCode()).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}$/)
  })
  it('has one reading: capitals, spaces, other dashes, o for 0, i and l for 1', () => {
    for (const typed of ['7k3m-q0xv-9d21', '7K3M Q0XV 9D21', '7k3mqoxv9d2l', ' 7k3m–qOxv—9d2I ', '７k3m-q0xv-9d21'])
      expect(readRecoveryCode(typed)).toBe('7k3mq0xv9d21')
    for (const typed of ['', '7k3m-q0xv-9d2', '7k3m-q0xv-9d2u', '7k3m-q0xv-9d211', 'ü'.repeat(12)])
      expect(readRecoveryCode(typed)).toBeUndefined()
  })
})

describe.each(ENGINES)('recovery codes (%s)', (engine) => {
  let place: FactorPlace
  let codes: readonly string[]

  beforeEach(async () => {
    place = await factorPlace(places, engine)
    codes = await give('ada')
  })

  async function give(account: string): Promise<readonly string[]> {
    const made = newRecoveryCodes(place.secrets)
    await place.open.store.factors.setRecoveryCodes(account, made.hashes, place.now.toISOString())
    return made.codes
  }
  const use = (recoveryCode: string | undefined, account = 'ada', address = '192.0.2.1') =>
    place.factors.check(account, { recoveryCode, keep: '', address })

  it('T42 each is good once, and its owner hears of it', async () => {
    expect(codes).toHaveLength(10)
    expect(await use(codes[0]?.toUpperCase())).toEqual(['kba'])
    expect(await use(codes[0])).toBeUndefined()
    expect(await use(codes[1])).toEqual(['kba'])
    expect(place.recoveries).toEqual([
      ['ada', 9],
      ['ada', 8],
    ])
    const events = await place.open.store.events.list({ limit: 10 }, { type: 'account.recovery_code_used' })
    // Of the same millisecond: in either order.
    expect(events.map(({ subject, data }) => `${subject} ${data.left}`).sort()).toEqual([
      'account:ada 8',
      'account:ada 9',
    ])
  })
  it('T42 twenty at once: one passes', async () => {
    const tries = Array.from({ length: 20 }, (_, i) => use(codes[0], 'ada', `192.0.2.${i}`))
    const results = await Promise.allSettled(tries)
    expect(results.filter((result) => result.status === 'fulfilled' && result.value !== undefined)).toHaveLength(1)
  })
  it('new ones end those before, and are nobody else’s', async () => {
    const next = await give('ada')
    expect(await use(codes[0])).toBeUndefined()
    expect(await use(next[0], 'ben')).toBeUndefined()
    expect(await use(next[0])).toEqual(['kba'])
  })
  it('429 after five wrong ones', async () => {
    for (let i = 0; i < 5; i++) expect(await use('0000-0000-0000')).toBeUndefined()
    await expect(use(codes[0])).rejects.toMatchObject({ code: 'rate_limited' })
  })
  it('what is stored tells nothing of them', async () => {
    const made = newRecoveryCodes(place.secrets)
    const kept = made.hashes.join(' ')
    for (const code of made.codes) {
      expect(kept).not.toContain(code)
      expect(kept).not.toContain(readRecoveryCode(code))
    }
  })
})
