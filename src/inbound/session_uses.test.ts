import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionUse } from '../core/people_stores.ts'
import type { Session } from '../core/people_types.ts'
import { SessionUses } from './session_uses.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const session = (more: Partial<Session> = {}) => ({ id: 's', parent: null, idle_s: 7_200, ...more }) as Session

function scene() {
  const state = { written: [] as SessionUse[][], fails: false, errors: 0 }
  const activity = {
    noteSessionUses: async (uses: readonly SessionUse[]) => {
      if (state.fails) throw new Error('down')
      state.written.push([...uses])
    },
    sessionUses: async () => new Map<string, string>(),
  }
  const log = { error: () => void state.errors++ }
  return { state, uses: new SessionUses({ activity, log }) }
}

const at = (ms: number) => new Date(ms).toISOString()

describe('SessionUses', () => {
  it('writes a few seconds later, all that were used at once, each once', async () => {
    const { state, uses } = scene()
    for (const ms of [0, 1, 2]) for (const id of ['a', 'b']) uses.note(session({ id }), ms)
    expect(state.written).toEqual([])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(state.written).toEqual([
      [
        { session: 'a', at: at(0) },
        { session: 'b', at: at(0) },
      ],
    ])
  })

  it('at most once a minute for each session', async () => {
    const { state, uses } = scene()
    for (let ms = 0; ms < 180_000; ms += 1_000) {
      uses.note(session(), ms)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    await uses.close()
    expect(state.written.flat().map((use) => use.at)).toEqual([at(0), at(60_000), at(120_000)])
  })

  it('more often where less than ten minutes of rest end it', async () => {
    const { state, uses } = scene()
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      uses.note(session({ idle_s: 60 }), ms)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    await uses.close()
    expect(state.written.flat()).toHaveLength(10)
  })

  it('the session that it belongs to is used too', async () => {
    const { state, uses } = scene()
    uses.note(session({ id: 'child', parent: 'own' }), 0)
    await uses.close()
    expect(state.written.flat().map((use) => use.session)).toEqual(['child', 'own'])
  })

  it('a clock that was set back keeps nothing from being noted', async () => {
    const { state, uses } = scene()
    uses.note(session(), 10_000_000)
    uses.note(session(), 5_000)
    await uses.close()
    expect(state.written).toEqual([[{ session: 's', at: at(5_000) }]])
  })

  it('what the store does not take is given again, and one error is told', async () => {
    const { state, uses } = scene()
    state.fails = true
    uses.note(session(), 0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect([state.written, state.errors]).toEqual([[], 1])
    state.fails = false
    uses.note(session({ id: 'other' }), 1)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(state.written.flat().map((use) => use.session)).toEqual(['s', 'other'])
  })

  it('at the end what is left is written', async () => {
    const { state, uses } = scene()
    uses.note(session(), 0)
    await uses.close()
    expect(state.written).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
