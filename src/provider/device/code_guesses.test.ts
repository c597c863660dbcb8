import { describe, expect, it } from 'vitest'
import { CodeGuesses } from './code_guesses.ts'

describe('what guessing a user code costs (T22)', () => {
  const wrong = (guesses: CodeGuesses, account: string, address: string, times: number) => {
    for (let i = 0; i < times; i++) guesses.attempt(account, address)
  }
  const refused = expect.objectContaining({ code: 'rate_limited', retryAfter: 900 })

  it('ten of one account, from wherever', () => {
    const guesses = new CodeGuesses(() => 0)
    for (let i = 0; i < 10; i++) guesses.attempt('marie', `192.0.2.${i}`)
    expect(() => guesses.attempt('marie', '198.51.100.1')).toThrow(refused)
    guesses.attempt('paul', '198.51.100.1')
  })
  it('fifty of one block of addresses, of whichever account', () => {
    const guesses = new CodeGuesses(() => 0)
    for (let i = 0; i < 10; i++) wrong(guesses, `a${i}`, `2001:db8::${i}`, 5)
    expect(() => guesses.attempt('b', '2001:db8::ffff')).toThrow(refused)
    guesses.attempt('b', '2001:db8:0:1::1')
  })
  it('a right one costs nothing, and a quarter of an hour gives all back', () => {
    let now = 0
    const guesses = new CodeGuesses(() => now)
    for (let i = 0; i < 30; i++) guesses.attempt('marie', '192.0.2.1')()
    wrong(guesses, 'marie', '192.0.2.1', 10)
    expect(() => guesses.attempt('marie', '192.0.2.1')).toThrow(refused)
    now = 900_000
    guesses.attempt('marie', '192.0.2.1')
  })
})
