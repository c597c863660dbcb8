import { describe, expect, it } from 'vitest'
import { ForwardAuthTraces, type SeenCheck } from './forward_auth_traces.ts'

const seen = { at: '2026-01-01T00:00:00Z', status: 200 } as SeenCheck

function scene() {
  const clock = { now: 1_000_000 }
  return { clock, traces: new ForwardAuthTraces(() => clock.now) }
}

describe('a trace', () => {
  it('holds what came with its id, and nothing else', () => {
    const { traces } = scene()
    const { id } = traces.open()
    traces.note(id, () => seen)
    traces.note('another', () => {
      throw new Error('nobody waits for this one')
    })
    expect(traces.read(id)?.seen).toEqual([seen])
    expect(traces.read('another')).toBeUndefined()
    expect(traces.read(traces.open().id)?.seen).toEqual([])
  })
  it('ends after a minute, and then nobody waits', () => {
    const { clock, traces } = scene()
    const { id, expires_at } = traces.open()
    expect(Date.parse(expires_at)).toBe(clock.now + 60_000)
    clock.now += 59_999
    expect(traces.read(id)).toBeDefined()
    clock.now += 1
    expect([traces.read(id), traces.waiting]).toEqual([undefined, false])
  })
  it('is bounded: the oldest of too many goes, and too many checks are not kept', () => {
    const { traces } = scene()
    const first = traces.open()
    const last = Array.from({ length: 100 }, () => traces.open()).at(-1)
    expect(traces.read(first.id)).toBeUndefined()
    for (let i = 0; i < 50; i++) traces.note(last?.id as string, () => seen)
    expect(traces.read(last?.id as string)?.seen).toHaveLength(10)
  })
})
