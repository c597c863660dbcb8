import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { callOften, openPassage, recordedCalls } from './soak.ts'

describe('many calls', () => {
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

  it('are each answered, each recorded once, and leave nothing open', async () => {
    const { key } = await openPassage(gate, upstream.url)
    expect([...(await callOften(gate, key, '/proxy/up/status/200', 3_000, 32))]).toEqual([[200, 3_000]])
    expect(await recordedCalls(gate, 'up')).toBe(3_000)
    expect(upstream.stats()).toMatchObject({ inFlight: 0, aborted: 0, total: 3_000 })
  })
})
