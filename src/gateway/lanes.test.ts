import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { isSafeMethod, Lane, Lanes } from './lanes.ts'

type Limits = Parameters<Lane['enter']>[1]

interface Call {
  readonly isWrite: boolean
  readonly number: number
  readonly start: () => void
}

/** What a lane must keep, whatever happens to it: told in lists, without a thought to speed. */
class Model {
  readonly lane = new Lane()
  readonly running: Call[] = []
  readonly waiting: Call[] = []
  readonly started: Call[] = []
  #next = 0
  readonly limits: Limits

  constructor(limits: Limits) {
    this.limits = limits
  }

  enter(isWrite: boolean): void {
    const call: Call = { isWrite, number: this.#next++, start: () => this.#begin(call) }
    const room = this.#hasRoom(isWrite) && !this.waiting.some((other) => other.isWrite === isWrite)
    try {
      if (this.lane.enter(isWrite, this.limits, call.start)) {
        expect(room).toBe(true)
        this.running.push(call)
      } else {
        expect(room).toBe(false)
        this.waiting.push(call)
      }
    } catch (error) {
      expect((error as OctroiError).code).toBe('busy')
      expect([room, this.waiting.length]).toEqual([false, this.limits.queue])
    }
  }

  leave(which: number): void {
    const [call] = this.running.splice(which % Math.max(1, this.running.length), 1)
    if (call !== undefined) this.lane.leave(call.isWrite, this.limits)
  }

  forget(which: number): void {
    const [call] = this.waiting.splice(which % Math.max(1, this.waiting.length), 1)
    if (call !== undefined) this.lane.forget(call.start)
  }

  check(): void {
    expect(this.running.length).toBeLessThanOrEqual(this.limits.concurrent)
    expect(this.#writing()).toBeLessThanOrEqual(this.limits.concurrent_writes)
    // Nobody waits while there is room for the first of his kind.
    for (const isWrite of [true, false]) {
      if (this.waiting.some((call) => call.isWrite === isWrite)) expect(this.#hasRoom(isWrite)).toBe(false)
    }
    expect(this.lane.idle).toBe(this.running.length === 0 && this.waiting.length === 0)
  }

  #begin(call: Call): void {
    const first = this.waiting.find((other) => other.isWrite === call.isWrite)
    expect(call.number).toBe(first?.number)
    this.waiting.splice(this.waiting.indexOf(call), 1)
    this.running.push(call)
    this.started.push(call)
  }

  #writing(): number {
    return this.running.filter(({ isWrite }) => isWrite).length
  }

  #hasRoom(isWrite: boolean): boolean {
    return this.running.length < this.limits.concurrent && (!isWrite || this.#writing() < this.limits.concurrent_writes)
  }
}

describe('a lane', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('enter' as const), write: fc.boolean() }),
    fc.record({ do: fc.constant('leave' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('forget' as const), which: fc.nat() }),
  )

  it('property: never more than the limits, first come first served within a kind, nobody lost or started twice', () => {
    const limits = fc.record({
      concurrent: fc.integer({ min: 1, max: 4 }),
      concurrent_writes: fc.integer({ min: 1, max: 4 }),
      queue: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 60 }), (some, steps) => {
        const model = new Model({ ...some, request_bytes: 1 })
        for (const action of steps) {
          if (action.do === 'enter') model.enter(action.write)
          else if (action.do === 'leave') model.leave(action.which)
          else model.forget(action.which)
          model.check()
        }
        for (let i = 0; i < 200 && model.running.length > 0; i++) model.leave(i)
        expect([model.running, model.waiting]).toEqual([[], []])
        expect(new Set(model.started).size).toBe(model.started.length)
        expect(model.lane.idle).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('a place given back while one starts and ends at once goes to the next', () => {
    const lane = new Lane()
    const limits = { concurrent: 1, concurrent_writes: 1, queue: 10, request_bytes: 1 }
    const order: number[] = []
    const start = (number: number) => () => {
      order.push(number)
      lane.leave(false, limits)
    }
    expect(lane.enter(false, limits, () => undefined)).toBe(true)
    for (let i = 0; i < 5; i++) lane.enter(false, limits, start(i))
    lane.leave(false, limits)
    expect([order, lane.idle]).toEqual([[0, 1, 2, 3, 4], true])
  })

  it('503 busy says when to come back', () => {
    const lane = new Lane()
    const limits = { concurrent: 1, concurrent_writes: 1, queue: 0, request_bytes: 1 }
    lane.enter(true, limits, () => undefined)
    expect(() => lane.enter(true, limits, () => undefined)).toThrow(OctroiError)
  })
})

describe('the lanes of all connections', () => {
  it('one lane per connection, kept while somebody is in it', () => {
    const lanes = new Lanes()
    const limits = { concurrent: 1, concurrent_writes: 1, queue: 0, request_bytes: 1 }
    const busy = lanes.get('busy')
    busy.enter(true, limits, () => undefined)
    for (let i = 0; i < 10_050; i++) lanes.get(`c${i}`)
    expect(lanes.get('busy')).toBe(busy)
  })
})

it.each(['GET', 'HEAD', 'OPTIONS'])('%s changes nothing', (method) => expect(isSafeMethod(method)).toBe(true))
it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get'])('%s may', (method) =>
  expect(isSafeMethod(method)).toBe(false),
)
