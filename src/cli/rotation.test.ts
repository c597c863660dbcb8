import { describe, expect, it } from 'vitest'
import { type Credentials, follow, readingDelay, retryDelay } from './rotation.ts'

describe('when to read again', () => {
  it('a minute before the end, a tenth before a near one, and never in a hurry', () => {
    expect(readingDelay(1_800_000, 0)).toBe(1_740_000)
    expect(readingDelay(20_000, 0)).toBe(18_000)
    expect(readingDelay(10, 0)).toBe(1_000)
    expect(readingDelay(0, 5_000)).toBe(1_000)
    expect(readingDelay(Number.MAX_SAFE_INTEGER, 0)).toBe(3_600_000)
  })

  it('after failures later and later, and not before the server wants', () => {
    expect([1, 2, 3, 7, 50].map((failures) => retryDelay(failures, undefined))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ])
    expect(retryDelay(1, 90)).toBe(90_000)
  })
})

describe('following', () => {
  it('tells what is new, nothing twice, and every failure; ends where nothing ends any more', async () => {
    const answers: (Credentials | Error)[] = [
      { secrets: { token: 'one' }, endsAt: 1 },
      new Error('down'),
      { secrets: { token: 'two' }, endsAt: null },
    ]
    const told: string[] = []
    await follow(
      { secrets: { token: 'one' }, endsAt: 1 },
      {
        async read() {
          const answer = answers.shift() as Credentials | Error
          if (answer instanceof Error) throw answer
          return answer
        },
        changed: ({ secrets }) => void told.push(`changed ${secrets.token}`),
        failed: (error, delay) => void told.push(`failed ${(error as Error).message} ${delay}`),
        now: () => 0,
      },
      new AbortController().signal,
    )
    expect(told).toEqual(['failed down 1000', 'changed two'])
    expect(answers).toEqual([])
  })

  it('reads nothing after it was stopped', async () => {
    const stop = AbortSignal.abort()
    const never = () => expect.unreachable()
    await follow({ secrets: {}, endsAt: 1 }, { read: never, changed: never, failed: never, now: () => 0 }, stop)
  })
})
