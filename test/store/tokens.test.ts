import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TokenStore } from '../../src/core/token_stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { connection, dataKey, fill, sealed } from './rows.ts'

/** Who may write a token, and when it is due: the lease, the fencing token, the version of the secrets (D20). */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const at = (minutes: number) => new Date(Date.parse('2026-06-01T12:00:00Z') + minutes * 60_000).toISOString()

describe.each(ENGINES)('tokens on %s', (engine) => {
  let open: OpenStore
  let tokens: TokenStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    tokens = open.store.tokens
    await fill(open)
  }, 60_000)

  const add = async (id: string, more: object = {}) => {
    await open.store.vault.insertDataKey(dataKey(`dk-${id}`, 'kek1'))
    await open.store.connections.insert(connection(id, more), sealed(1), `dk-${id}`)
  }
  const leased = async (id = 'c1', now = at(0), until = at(1)) => (await tokens.lease(id, now, until)) as number

  it('come into being by put, and come back with their connection in the same read', async () => {
    expect(await tokens.get('c1')).toBeUndefined()
    expect(await tokens.put('c1', 'sealed token', at(5))).toBe(1)
    const row = { sealed: 'sealed token', version: 1, due_at: at(5), failures: 0, fence: 0, lease_until: null }
    expect(await tokens.get('c1')).toEqual(row)
    const read = [await open.store.connections.get('c1'), await open.hot.findConnection('c1')]
    for (const stored of read) expect(stored?.token).toEqual({ sealed: 'sealed token', version: 1 })
    expect(await tokens.put('c1', null, null)).toBe(2)
    expect((await open.hot.findConnection('c1'))?.token).toEqual({ sealed: null, version: 2 })
  })

  it('are refused for a connection that is not there', async () => {
    await expect(tokens.put('nobody', null, null)).rejects.toMatchObject({ code: 'conflict' })
    expect(await tokens.lease('nobody', at(0), at(1))).toBeUndefined()
  })

  it('have one lease at a time, until it is released, saved, failed or over; each fencing token is larger', async () => {
    await tokens.put('c1', null, null)
    const fences = [await leased()]
    expect(await tokens.lease('c1', at(0.5), at(2))).toBeUndefined()
    await tokens.release('c1', fences[0] as number)
    fences.push(await leased())
    await tokens.save('c1', fences[1] as number, 1, 'a', null)
    fences.push(await leased())
    await tokens.fail('c1', fences[2] as number, null)
    fences.push(await leased())
    expect(await tokens.lease('c1', at(0.99), at(3))).toBeUndefined()
    // The lease is over at its very end.
    fences.push((await tokens.lease('c1', at(1), at(3))) as number)
    expect(fences).toEqual([...fences].sort((a, b) => a - b))
    expect(new Set(fences).size).toBe(5)
  })

  it('go to one of many that ask at once, from several processes', async () => {
    await tokens.put('c1', null, null)
    const other = await places.openAgain(open)
    const stores = [tokens, other.store.tokens]
    const asked = Array.from({ length: 12 }, (_, i) => stores[i % 2]?.lease('c1', at(0), at(1)))
    expect((await Promise.all(asked)).filter((fence) => fence !== undefined)).toHaveLength(1)
  })

  it('D20: a save with an old fencing token changes nothing', async () => {
    await tokens.put('c1', 'first', at(1))
    const late = await leased()
    const now = await leased('c1', at(2), at(3))
    expect(await tokens.save('c1', late, 1, 'late', null)).toBeUndefined()
    expect(await tokens.fail('c1', late, null)).toBe(false)
    await tokens.release('c1', late)
    expect(await tokens.get('c1')).toMatchObject({ sealed: 'first', failures: 0, fence: now, lease_until: at(3) })
    expect(await tokens.save('c1', now, 1, 'second', at(9))).toBe(2)
    expect(await tokens.get('c1')).toMatchObject({ sealed: 'second', version: 2, due_at: at(9), lease_until: null })
  })

  it('D20: a save made with other secrets changes nothing, lease or not', async () => {
    await tokens.put('c1', 'first', null)
    const fence = await leased()
    await open.store.connections.updateSecrets('c1', sealed(2), 1)
    expect(await tokens.save('c1', fence, 1, 'of the old secrets', null)).toBeUndefined()
    expect((await tokens.get('c1'))?.sealed).toBe('first')
    expect(await tokens.save('c1', fence, 2, 'of the new ones', null)).toBe(2)
  })

  it('D20: a change of secrets that commits while a late save waits for it wins', async () => {
    await tokens.put('c1', 'first', null)
    const fence = await leased()
    const other = (await places.openAgain(open)).store
    let late: Promise<number | undefined> | undefined
    await open.store.transaction(async (store) => {
      await store.connections.updateSecrets('c1', sealed(2), 1)
      // It can only be decided once this transaction is over.
      late = other.tokens.save('c1', fence, 1, 'late', null)
      await store.tokens.put('c1', 'of the new secrets', null)
    })
    expect(await late).toBeUndefined()
    expect((await tokens.get('c1'))?.sealed).toBe('of the new secrets')
  })

  it('a save may be repeated when nobody knows whether it was done', async () => {
    await tokens.put('c1', null, null)
    const fence = await leased()
    expect(await tokens.save('c1', fence, 1, 'once', null)).toBe(2)
    expect(await tokens.save('c1', fence, 1, 'once', null)).toBe(3)
    expect((await tokens.get('c1'))?.sealed).toBe('once')
  })

  it('put by hand ends the lease of whoever is renewing', async () => {
    await tokens.put('c1', 'first', null)
    const fence = await leased()
    expect(await tokens.put('c1', 'by hand', null)).toBe(2)
    expect(await tokens.save('c1', fence, 1, 'late', null)).toBeUndefined()
    expect(await tokens.get('c1')).toMatchObject({ sealed: 'by hand', lease_until: null, failures: 0 })
  })

  it('count the failures in a row, and forget them with a token', async () => {
    await tokens.put('c1', 'first', null)
    for (const n of [1, 2]) {
      expect(await tokens.fail('c1', await leased(), at(n))).toBe(true)
      const row = { sealed: 'first', version: 1, failures: n, due_at: at(n), lease_until: null }
      expect(await tokens.get('c1')).toMatchObject(row)
    }
    await tokens.save('c1', await leased(), 1, 'second', null)
    expect((await tokens.get('c1'))?.failures).toBe(0)
  })

  it('are due in order of time, in service, with nobody at them, a few at a time', async () => {
    await tokens.put('c1', 'x', at(-1))
    const others = { c2: -3, c3: -2, c4: 1, c5: -9, c6: -9, c7: -9, c8: -4, c9: null } as const
    const states = { c5: 'pending', c6: 'reconnect_required', c7: 'suspended', c3: 'degraded' } as const
    for (const [id, minutes] of Object.entries(others)) {
      const state = (states as Record<string, string>)[id] ?? 'ready'
      await add(id, { state, connector: id === 'c2' ? 'odoo' : 'paheko' })
      await tokens.put(id, 'x', minutes === null ? null : at(minutes))
    }
    await tokens.lease('c8', at(0), at(1))
    const ids = async (now: string, limit = 10, except?: string[]) =>
      (await tokens.due(now, limit, except)).map(({ id }) => id)
    expect(await ids(at(0))).toEqual(['c2', 'c3', 'c1'])
    expect(await ids(at(0), 2)).toEqual(['c2', 'c3'])
    expect(await ids(at(0), 10, ['odoo', 'brevo'])).toEqual(['c3', 'c1'])
    expect(await ids(at(1))).toEqual(['c8', 'c2', 'c3', 'c1', 'c4'])
    expect((await tokens.due(at(0), 1))[0]).toEqual({ id: 'c2', connector: 'odoo', due_at: at(-3) })
  })

  it('are put off only while they are due as they were seen', async () => {
    await tokens.put('c1', 'x', at(1))
    await tokens.postpone('c1', at(0), at(5))
    expect((await tokens.get('c1'))?.due_at).toBe(at(1))
    await tokens.postpone('c1', at(1), at(5))
    expect((await tokens.get('c1'))?.due_at).toBe(at(5))
    await tokens.postpone('c1', at(5), null)
    expect((await tokens.get('c1'))?.due_at).toBeNull()
  })

  it('go with their connection', async () => {
    await tokens.put('c1', 'x', at(-1))
    const fence = await leased()
    await open.store.connections.delete('c1')
    expect(await tokens.get('c1')).toBeUndefined()
    expect(await tokens.save('c1', fence, 1, 'late', null)).toBeUndefined()
    expect(await tokens.get('c1')).toBeUndefined()
  })

  if (engine === 'sqlite') return
  it('move the version with a token, and with nothing else that is done to them', async () => {
    const { databaseUrl } = places.locationOf(open)
    const client = new pg.Client(databaseUrl)
    await client.connect()
    const version = async () => Number((await client.query('select version from store_version')).rows[0].version)
    await tokens.put('c1', 'x', at(-1))
    const before = await version()
    await tokens.release('c1', await leased())
    await tokens.fail('c1', await leased(), at(-1))
    await tokens.postpone('c1', at(-1), at(0))
    const fence = await leased()
    const quiet = await version()
    await tokens.save('c1', fence, 1, 'y', null)
    const saved = await version()
    await tokens.put('c1', 'z', null)
    const put = await version()
    await client.end()
    expect(quiet).toBe(before)
    expect(saved).toBeGreaterThan(before)
    expect(put).toBeGreaterThan(saved)
  })
})
