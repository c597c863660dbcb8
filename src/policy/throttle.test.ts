import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { canonicalIdentity, Throttle } from './throttle.ts'

const wrong = new OctroiError('unauthenticated', 'The credential is not valid.')

/** A throttle on a clock that stands, and pauses that end when the test says so. */
function scene() {
  const clock = { now: 1_000_000 }
  const pauses: (() => void)[] = []
  const throttle = new Throttle({
    now: () => clock.now,
    pause: (ms) => {
      expect(ms).toBe(1_000)
      return new Promise<void>((resolve) => pauses.push(resolve))
    },
  })
  const attempt = (identity: string, address = '192.0.2.1') => {
    try {
      return throttle.attempt(identity, address)
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate_limited' })
      return (error as OctroiError).retryAfter as number
    }
  }
  const many = (count: number, identity: (i: number) => string, address: (i: number) => string) => {
    for (let i = 0; i < count; i++) expect(attempt(identity(i), address(i))).not.toBeTypeOf('number')
  }
  return { clock, pauses, throttle, attempt, many }
}

describe('wrong credentials of any kind', () => {
  it('401 at once for the first 600 in a minute, then 429 late, then 401 again', async () => {
    const { clock, pauses, throttle } = scene()
    for (let i = 0; i < 600; i++) expect(throttle.refused('192.0.2.1', wrong)).toBe(wrong)
    const late = throttle.refused('192.0.2.1', wrong)
    expect(late).toBeInstanceOf(Promise)
    expect(pauses.length).toBe(1)
    pauses[0]?.()
    expect(await late).toMatchObject({ code: 'rate_limited', retryAfter: 60 })
    clock.now += 60_000
    expect(throttle.refused('192.0.2.1', wrong)).toBe(wrong)
  })

  it('one /64 is one bucket, another block has its own', () => {
    const { throttle } = scene()
    for (let i = 0; i < 600; i++) throttle.refused(`2001:db8::${i.toString(16)}`, wrong)
    expect(throttle.refused('2001:DB8:0:0:ffff::1', wrong)).toBeInstanceOf(Promise)
    expect(throttle.refused('2001:db8:0:1::1', wrong)).toBe(wrong)
  })

  it('at most 512 answers are held back; who comes then is answered at once', async () => {
    const { pauses, throttle } = scene()
    for (let i = 0; i < 600; i++) throttle.refused('192.0.2.1', wrong)
    const held = Array.from({ length: 512 }, () => throttle.refused('192.0.2.1', wrong))
    expect(held.every((one) => one instanceof Promise)).toBe(true)
    expect(throttle.refused('192.0.2.1', wrong)).toMatchObject({ code: 'rate_limited' })
    for (const end of pauses) end()
    await Promise.all(held)
    expect(throttle.refused('192.0.2.1', wrong)).toBeInstanceOf(Promise)
  })
})

describe('passwords', () => {
  it('10 of one identity from one block in 15 minutes', () => {
    const { clock, attempt, many } = scene()
    many(
      10,
      () => 'till',
      () => '192.0.2.1',
    )
    expect(attempt('till')).toBe(900)
    expect(attempt('other')).not.toBeTypeOf('number')
    expect(attempt('till', '192.0.2.2')).not.toBeTypeOf('number')
    clock.now += 899_000
    expect(attempt('till')).toBe(1)
    clock.now += 1_000
    expect(attempt('till')).not.toBeTypeOf('number')
  })

  it('100 of one identity from everywhere, but not where it was right before', () => {
    const { attempt, many } = scene()
    const home = attempt('till', '198.51.100.7')
    if (typeof home === 'number') throw new Error('refused')
    home.succeeded()
    many(
      100,
      () => 'till',
      (i) => `192.0.2.${i}`,
    )
    expect(attempt('till', '192.0.2.200')).toBe(900)
    expect(attempt('till', '198.51.100.7')).not.toBeTypeOf('number')
  })

  it('100 of any identities from one block', () => {
    const { attempt, many } = scene()
    many(
      100,
      (i) => `account-${i}`,
      () => '192.0.2.1',
    )
    expect(attempt('account-200')).toBe(900)
    expect(attempt('account-200', '192.0.2.2')).not.toBeTypeOf('number')
  })

  it('right ones and those that nobody looked at do not count', () => {
    const { attempt, many } = scene()
    for (let i = 0; i < 200; i++) {
      const one = attempt('till')
      if (typeof one === 'number') throw new Error('refused')
      if (i % 2 === 0) one.succeeded()
      else one.withdrawn()
    }
    many(
      10,
      () => 'till',
      () => '192.0.2.1',
    )
    expect(attempt('till')).toBe(900)
  })

  it('parallel ones cannot pass together: each counts before it is looked at', () => {
    const { attempt } = scene()
    const passed = Array.from({ length: 50 }, () => attempt('till')).filter((one) => typeof one !== 'number')
    expect(passed.length).toBe(10)
  })

  it('a success of one identity gives another nothing back', () => {
    const { attempt, many } = scene()
    many(
      10,
      () => 'till',
      () => '192.0.2.1',
    )
    const other = attempt('other')
    if (typeof other === 'number') throw new Error('refused')
    other.succeeded()
    expect(attempt('till')).toBe(900)
  })

  it.each([
    ['TILL', ' till ', 'ｔｉｌｌ', 'ti\u200bll', 'Till\t', 't\u00adill', 'ⓣⓘⓛⓛ'],
    ['strasse', 'STRASSE', 'straße', 'STRAẞE'],
    ['kunde', 'KUNDE', '\u212aunde'],
    ['ΣΟΦΟΣ', 'σοφος', 'σοφοσ', 'Σοφος'],
    ['é', 'e\u0301', 'É'],
  ])('T41: %j: one bucket for every spelling', (...spellings) => {
    expect(new Set(spellings.map(canonicalIdentity)).size).toBe(1)
    const { attempt } = scene()
    const passed = Array.from({ length: 30 }, (_, i) => attempt(spellings[i % spellings.length] as string))
    expect(passed.filter((one) => typeof one !== 'number').length).toBe(10)
  })

  it('ids of accounts are their own canonical form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/), (id) => {
        expect(canonicalIdentity(id)).toBe(id)
      }),
    )
  })

  it('the canonical form is canonical, and the same in capitals', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const once = canonicalIdentity(text)
        expect(canonicalIdentity(once)).toBe(once)
        expect(canonicalIdentity(text.toUpperCase())).toBe(once)
      }),
      { numRuns: 5_000 },
    )
  })

  it('the name of a bucket is short, whatever was sent', () => {
    const { attempt } = scene()
    const long = 'x'.repeat(8_000)
    const passed = Array.from({ length: 30 }, () => attempt(long)).filter((one) => typeof one !== 'number')
    expect(passed.length).toBe(10)
    expect(attempt(`${long}y`)).not.toBeTypeOf('number')
  })
})
