import { describe, expect, it } from 'vitest'
import type { Held } from '../connections/held.ts'
import { ExchangeError } from '../exchange.ts'
import { TokenBudget } from './token_budget.ts'

let now = 0
const held = (client_id: string, limit: object | undefined = { limit: 10, window_s: 3600 }) =>
  ({
    connector: { id: 'c', token_requests: limit },
    secrets: { client_id },
    connection: { id: 'x', app: null },
  }) as unknown as Held

function taken(budget: TokenBudget, of: Held, inBackground: boolean): number {
  for (let count = 0; ; count++) {
    try {
      if (count === 100) return count
      budget.take(of, inBackground)
    } catch (error) {
      expect(error).toBeInstanceOf(ExchangeError)
      return count
    }
  }
}

describe('what a service allows of token requests', () => {
  it('is taken to the last by those who wait; the background leaves them a fifth', () => {
    const budget = new TokenBudget(() => now)
    expect(taken(budget, held('a'), true)).toBe(8)
    expect(taken(budget, held('a'), false)).toBe(2)
  })

  it('is counted for each client by itself, and not at all where the connector says nothing', () => {
    const budget = new TokenBudget(() => now)
    expect(taken(budget, held('a'), false)).toBe(10)
    expect(taken(budget, held('b'), false)).toBe(10)
    expect(taken(budget, { ...held('d'), connector: { id: 'c' } } as unknown as Held, false)).toBe(100)
  })

  it('of a shared application a quarter for each connection, and none for whoever only names its client', () => {
    const budget = new TokenBudget(() => now)
    const of = (id: string, app: string | null) => ({ ...held('a'), connection: { id, app } }) as unknown as Held
    expect(taken(budget, of('one', 'c'), false)).toBe(2)
    expect(taken(budget, of('stranger', null), false)).toBe(10)
    expect(['two', 'three', 'four', 'five', 'six'].map((id) => taken(budget, of(id, 'c'), false))).toEqual([
      2, 2, 2, 2, 0,
    ])
  })

  it('comes back as the window moves on, and says when', () => {
    now = 1_000_000
    const budget = new TokenBudget(() => now)
    expect(taken(budget, held('a'), false)).toBe(10)
    now += 3_000_000
    expect(() => budget.take(held('a'), false)).toThrow(expect.objectContaining({ kind: 'limited', retryAfter: 601 }))
    now += 600_001
    expect(taken(budget, held('a'), false)).toBe(10)
  })
})
