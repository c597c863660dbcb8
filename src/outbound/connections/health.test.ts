import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '../../core/stores.ts'
import type { ConnectionState } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import { ConnectionHealth } from './health.ts'
import type { Target } from './targets.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** One connection `c` in memory, and what happened to it. */
function world(state: ConnectionState = 'ready') {
  const row = { state, version: 1, current: 'old', next: 'new' as string | null }
  const events: string[] = []
  const store = {
    tokens: { get: async () => undefined },
    connections: {
      get: async () => ({
        connection: { id: 'c', state: row.state },
        sealed: { current: row.current, next: row.next, version: row.version },
      }),
      async setState(_id: string, to: ConnectionState) {
        if (row.state === to) return false
        row.state = to
        return true
      },
      async updateSecrets(_id: string, sealed: { current: string; next: string; version: number }, from: number) {
        if (row.version !== from) return false
        Object.assign(row, sealed)
        return true
      },
    },
    events: { insert: async ({ type }: { type: string }) => void events.push(type) },
    transaction: async (work: (store: unknown) => unknown) => work(store),
  }
  const vault = {
    openSecrets: async (_key: unknown, _connection: unknown, sealed: unknown) => sealed,
    sealSecrets: async (_key: unknown, _connection: unknown, sets: object, version: number) => ({ ...sets, version }),
  }
  const health = new ConnectionHealth(
    store as unknown as Store,
    vault as unknown as Vault,
    { get: () => undefined } as unknown as Catalogue,
  )
  // Its connector declares no test: what calls say is all there is.
  const target = () =>
    ({ connection: { id: 'c', state: row.state, settings: {} }, connector: { compiled: {} } }) as unknown as Target
  return { row, events, health, target }
}

describe('D19: how often a connection is looked into', () => {
  it('D19: once a minute, however many calls are refused', async () => {
    const { row, events, health, target } = world()
    for (let i = 0; i < 50; i++) await health.refused(target())
    expect([row.state, events]).toEqual(['degraded', ['connection.degraded']])
    row.state = 'ready'
    vi.advanceTimersByTime(59_000)
    await health.refused(target())
    expect(row.state).toBe('ready')
    vi.advanceTimersByTime(2_000)
    await health.refused(target())
    expect(row.state).toBe('degraded')
  })
})

describe('what a look makes of a state', () => {
  it.each([
    ['ready', 'degraded', 'degraded'],
    ['degraded', 'ready', 'ready'],
    ['pending', 'ready', 'ready'],
    ['reconnect_required', 'ready', 'ready'],
    ['reconnect_required', 'degraded', 'reconnect_required'],
    ['pending', 'degraded', 'pending'],
    ['suspended', 'ready', 'suspended'],
    ['suspended', 'degraded', 'suspended'],
  ] as const)('%s, seen as %s, is %s', async (from, seen, becomes) => {
    const { row, events, health } = world(from)
    await health.mark('c', seen, null)
    expect([row.state, events.length]).toEqual([becomes, from === becomes ? 0 : 1])
  })

  it('the same state again is no event', async () => {
    const { events, health } = world('degraded')
    await health.mark('c', 'degraded', 'again')
    expect(events).toEqual([])
  })
})

describe('changing over', () => {
  it('C-05: of many calls that saw it the first changes over, none changes back', async () => {
    const { row, events, health } = world()
    const results = []
    for (let i = 0; i < 6; i++) results.push(await health.switchOver('c', 'refused', 1))
    expect(results).toEqual([true, false, false, false, false, false])
    expect([row.current, row.next, events]).toEqual(['new', 'old', ['connection.switched']])
  })

  it('asked for, it goes there and back', async () => {
    const { row, health } = world()
    await health.switchOver('c', 'asked')
    await health.switchOver('c', 'asked')
    expect([row.current, row.next]).toEqual(['old', 'new'])
  })

  it('not without a next set', async () => {
    const { row, health } = world()
    row.next = null
    expect(await health.switchOver('c', 'asked')).toBe(false)
  })
})
