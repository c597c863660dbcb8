import { describe, expect, it } from 'vitest'
import type { Obtained } from '../exchange.ts'
import { backoffMs, beginning, isSpent, spentToken, tokenOf, usableUntil } from './lifetime.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const HOUR = 3_600_000
const at = (ms: number) => new Date(NOW + ms).toISOString()
const obtained = (more: Partial<Obtained> = {}): Obtained => ({
  values: { access_token: 'a', refresh_token: 'r' },
  expiresAt: NOW + HOUR,
  ...more,
})

describe('a token', () => {
  it.each([1, 1_000, 5_000])('that lives %d ms is not asked for in the background all the time', (life) => {
    expect(tokenOf(obtained({ expiresAt: NOW + life }), NOW, null, 0).renew_at).toBe(at(5_000))
  })

  it.each([
    [0, 0.7],
    [0.5, 0.775],
    [0.999, 0.84985],
  ])('with %d as the dice is renewed after %d of its life', (random, share) => {
    const { renew_at } = tokenOf(obtained(), NOW, null, random)
    expect(Date.parse(renew_at ?? '') - NOW).toBeCloseTo(HOUR * share, -3)
  })

  it.each([
    ['an end that nobody tells', { expiresAt: null }],
    ['an end that is over already', { expiresAt: NOW }],
    ['an end before it began: clocks that differ', { expiresAt: NOW - HOUR }],
  ])('with %s is used until it is refused', (_, more) => {
    expect(tokenOf(obtained(more), NOW, null, 0.5)).toMatchObject({ expires_at: null, renew_at: null, idle_s: null })
  })

  it('that cannot be had ahead of the end is not asked for ahead of it', () => {
    const token = tokenOf(obtained({ early: false }), NOW, null, 0.5)
    expect(token).toMatchObject({ expires_at: at(HOUR), renew_at: null })
  })

  it('that lives by being used ends so long after it was obtained, or at its end, whichever comes first', () => {
    expect(tokenOf(obtained({ expiresAt: null, idleSeconds: 60 }), NOW, null, 0)).toMatchObject({
      ...{ expires_at: at(60_000), renew_at: at(42_000), idle_s: 60 },
    })
    expect(tokenOf(obtained({ idleSeconds: 7200 }), NOW, null, 0).expires_at).toBe(at(HOUR))
  })

  it('keeps who it speaks for, and when a refusal last caused one', () => {
    const token = tokenOf(obtained({ identity: 'tenant-1' }), NOW, at(-5), 0)
    expect(token).toMatchObject({ identity: 'tenant-1', refused_at: at(-5), obtained_at: at(0) })
  })
})

describe('what is left of a token', () => {
  it('is what outlives it, who it was, and when it was refused; it signs nothing', () => {
    const spent = spentToken(tokenOf(obtained({ identity: 'i' }), NOW, at(-1), 0), ['refresh_token'], NOW)
    expect(spent).toMatchObject({ values: { refresh_token: 'r' }, identity: 'i', refused_at: at(-1), renew_at: at(0) })
    expect(isSpent(spent)).toBe(true)
    expect(isSpent(beginning({}, NOW))).toBe(true)
    expect(spentToken(null, ['refresh_token'], NOW).values).toEqual({})
  })

  it('is nothing that a living token is taken for', () => {
    expect(isSpent(tokenOf(obtained(), NOW, null, 0))).toBe(false)
    expect(isSpent(tokenOf(obtained({ expiresAt: null }), NOW, null, 0))).toBe(false)
    expect(isSpent(tokenOf(obtained({ expiresAt: NOW + 1 }), NOW, null, 0))).toBe(false)
  })
})

describe('how long it is relied on', () => {
  it.each([
    ['an hour, to its last half minute', HOUR, HOUR - 30_000],
    ['a minute, to its last twentieth', 60_000, 57_000],
    ['without end', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('%s', (_, life, until) => {
    expect(usableUntil(NOW, NOW + life) - NOW).toBe(until)
  })
})

it('each failure in a row doubles the pause, to five minutes, moved by a fifth at most', () => {
  expect([1, 2, 3, 8].map((n) => backoffMs(n, 0.5))).toEqual([2_000, 4_000, 8_000, 256_000])
  for (const n of [9, 10, 50, 10_000]) expect(backoffMs(n, 0.5)).toBe(300_000)
  expect([backoffMs(1, 0), backoffMs(1, 1)].map(Math.round)).toEqual([1_600, 2_400])
})
