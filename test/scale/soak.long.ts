import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { callOften, openPassage } from './soak.ts'

const ROUND = 100_000

describe('a million calls', () => {
  let gate: TestGate
  let upstream: Upstream

  beforeAll(async () => {
    gate = await startTestGate()
    upstream = await startUpstream({ keepBodies: false })
  })

  afterAll(async () => {
    await gate.stop()
    await upstream.stop()
  })

  it('do not make the heap grow', { timeout: 3_600_000 }, async () => {
    const { key } = await openPassage(gate, upstream.url)
    const heap: number[] = []
    for (let round = 0; round < 10; round++) {
      expect([...(await callOften(gate, key, '/proxy/up/status/200', ROUND, 64))]).toEqual([[200, ROUND]])
      // Test and stand-in share the process and keep what they record; only they may grow.
      upstream.requests.length = 0
      heap.push(await settledHeap())
    }
    expect(heap.at(-1) as number).toBeLessThan((heap[2] as number) * 1.3)
  })
})

/** The smallest of several readings: what a collection leaves. */
async function settledHeap(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Allocation makes the collector run; there is no other way to ask for it without a flag.
    void Array.from({ length: 200_000 }, () => ({}))
    least = Math.min(least, process.memoryUsage().heapUsed)
  }
  return least
}
