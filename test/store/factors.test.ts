import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityStore, Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { passkey, ticket, totp } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { account, fill } from './rows.ts'

/** What is used once: codes, tickets, counters; also by two processes at one moment. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T00:10:00.000Z'
const LATER = '2026-02-01T00:00:00.000Z'
const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let other: OpenStore
  let store: Store
  let activity: ActivityStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    activity = open.activity
    await fill(open)
    await store.accounts.insert(account('a2'))
    other = await places.openAgain(open)
  }, 60_000)

  /** The same asked many times at once, half of them by another handle: what each was told. */
  const atOnce = <T>(ask: (of: OpenStore) => Promise<T>) =>
    Promise.all(Array.from({ length: 8 }, (_, i) => ask(i % 2 ? other : open)))

  describe('TOTP', () => {
    it('is confirmed by a first code, once, and listed', async () => {
      await store.factors.insertTotp(totp('t1', 'a1'))
      expect(await store.factors.totps('a1')).toEqual([totp('t1', 'a1')])
      expect(await store.factors.useTotp('t1', 100)).toBe(false)
      expect(await store.factors.confirmTotp('t1', 100, NOW)).toBe(true)
      expect(await store.factors.confirmTotp('t1', 101, NOW)).toBe(false)
      expect(await store.factors.totps('a1')).toEqual([totp('t1', 'a1', { confirmed_at: NOW, last_step: 100 })])
      expect([await store.factors.deleteTotp('t1'), await store.factors.deleteTotp('t1')]).toEqual([true, false])
      await expect(store.factors.insertTotp(totp('t2', 'none'))).rejects.toEqual(conflict('no account none'))
    })

    it('T42 takes no step at or before the last one, nor one step twice at once', async () => {
      await store.factors.insertTotp(totp('t1', 'a1', { confirmed_at: NOW, last_step: 100 }))
      expect([await store.factors.useTotp('t1', 100), await store.factors.useTotp('t1', 99)]).toEqual([false, false])
      const told = await atOnce((of) => of.store.factors.useTotp('t1', 101))
      expect(told.filter(Boolean)).toHaveLength(1)
      expect((await store.factors.totps('a1'))[0]?.last_step).toBe(101)
    })
  })

  describe('passkeys', () => {
    it('come back as they were written, also with the highest counter, and get another name', async () => {
      const high = passkey('p1', 'a1', { counter: 4_294_967_294, backed_up: true, transports: [] })
      await store.factors.insertPasskey(high)
      expect(await store.factors.passkey('p1')).toEqual(high)
      expect(await store.factors.usePasskey('p1', 4_294_967_295, false, NOW)).toBe(true)
      expect(await store.factors.renamePasskey('p1', 'Ordinateur')).toBe(true)
      expect(await store.factors.renamePasskey('none', 'x')).toBe(false)
      const used = { ...high, counter: 4_294_967_295, backed_up: false, last_used_at: NOW, name: 'Ordinateur' }
      expect(await store.factors.passkeys('a1')).toEqual([used])
      expect([await store.factors.deletePasskey('p1'), await store.factors.deletePasskey('p1')]).toEqual([true, false])
    })

    it('are one account’s', async () => {
      await store.factors.insertPasskey(passkey('p1', 'a1'))
      await expect(store.factors.insertPasskey(passkey('p1', 'a2'))).rejects.toEqual(conflict('known already'))
      await expect(store.factors.insertPasskey(passkey('p2', 'none'))).rejects.toEqual(conflict('no account none'))
    })

    it('refuse a counter that does not move on, unless they count nothing at all', async () => {
      await store.factors.insertPasskey(passkey('p0', 'a1'))
      await store.factors.insertPasskey(passkey('p5', 'a1', { counter: 5 }))
      const use = (id: string, counter: number) => store.factors.usePasskey(id, counter, false, NOW)
      expect([await use('p0', 0), await use('p0', 0)]).toEqual([true, true])
      expect([await use('p5', 5), await use('p5', 4), await use('p5', 0), await use('p5', 6)]).toEqual([
        ...[false, false, false, true],
      ])
      expect([await use('p0', 1), await use('p0', 0)]).toEqual([true, false])
      const told = await atOnce((of) => of.store.factors.usePasskey('p5', 7, false, NOW))
      expect(told.filter(Boolean)).toHaveLength(1)
    })
  })

  describe('recovery codes', () => {
    it('are used once, by the account that has them, and replaced as a whole', async () => {
      await store.factors.setRecoveryCodes('a1', ['r1', 'r2', 'r3', 'r3'], NOW)
      expect(await store.factors.recoveryCodes('a1')).toBe(3)
      expect(await store.factors.useRecoveryCode('a2', 'r1', NOW)).toBe(false)
      const told = await atOnce((of) => of.store.factors.useRecoveryCode('a1', 'r1', NOW))
      expect(told.filter(Boolean)).toHaveLength(1)
      expect(await store.factors.recoveryCodes('a1')).toBe(2)
      await store.factors.setRecoveryCodes('a1', ['r9'], NOW)
      expect(await store.factors.recoveryCodes('a1')).toBe(1)
      expect(await store.factors.useRecoveryCode('a1', 'r2', NOW)).toBe(false)
      await store.factors.setRecoveryCodes('a1', [], NOW)
      expect(await store.factors.recoveryCodes('a1')).toBe(0)
      await expect(store.factors.setRecoveryCodes('none', ['r1'], NOW)).rejects.toEqual(conflict('no account none'))
    })
  })

  describe('tickets', () => {
    it('are seen and taken by id and purpose, until they expire', async () => {
      const one = ticket('t1', { account: 'a1', session: 's1' })
      await activity.tickets.put(one)
      expect(await activity.tickets.peek('t1', 'step', NOW)).toEqual(one)
      expect(await activity.tickets.peek('t1', 'host_code', NOW)).toBeUndefined()
      expect(await activity.tickets.take('t1', 'host_code', NOW)).toBeUndefined()
      expect(await activity.tickets.take('t1', 'step', one.expires_at)).toBeUndefined()
      expect(await activity.tickets.take('t1', 'step', NOW)).toEqual(one)
      expect(await activity.tickets.peek('t1', 'step', NOW)).toBeUndefined()
    })

    it('are taken by one of many who ask at once', async () => {
      await activity.tickets.put(ticket('t1'))
      const told = await atOnce((of) => of.activity.tickets.take('t1', 'step', NOW))
      expect(told.filter((each) => each !== undefined)).toEqual([ticket('t1')])
    })

    it('of one id stand side by side for two purposes; for one, the later takes the place', async () => {
      await activity.tickets.put(ticket('t1', { purpose: 'app_code' }))
      await activity.tickets.put(ticket('t1', { purpose: 'used_app_code' }))
      await activity.tickets.put(ticket('t1', { purpose: 'used_app_code', sealed: 'later', account: 'a1' }))
      expect((await activity.tickets.take('t1', 'app_code', NOW))?.sealed).toBe('sealed t1')
      expect(await activity.tickets.take('t1', 'used_app_code', NOW)).toMatchObject({ sealed: 'later', account: 'a1' })
    })

    it('go with their account, their session, or the time', async () => {
      await activity.tickets.put(ticket('t1', { account: 'a1', purpose: 'invitation' }))
      await activity.tickets.put(ticket('t2', { account: 'a1' }))
      await activity.tickets.put(ticket('t3', { session: 's1' }))
      await activity.tickets.put(ticket('t4', { expires_at: LATER }))
      const left = async () => {
        const found = await Promise.all(
          ['t2', 't3', 't4'].map((id) => activity.tickets.peek(id, 'step', '2026-01-01T00:00:00.000Z')),
        )
        return found.flatMap((each) => each?.id ?? [])
      }
      await activity.tickets.deleteOfAccount('a1', 'invitation')
      expect(await activity.tickets.peek('t1', 'invitation', NOW)).toBeUndefined()
      expect(await left()).toEqual(['t2', 't3', 't4'])
      await activity.tickets.deleteOfAccount('a1')
      await activity.tickets.deleteOfSession('s1')
      expect(await left()).toEqual(['t4'])
      await activity.tickets.put(ticket('t2'))
      await activity.tickets.deleteExpired('2026-01-15T00:00:00.000Z')
      expect(await left()).toEqual(['t4'])
    })
  })

  describe('uses of sessions', () => {
    it('are the latest, whoever wrote last, and are forgotten', async () => {
      await activity.noteSessionUses([
        { session: 's1', at: '2026-01-02' },
        { session: 's1', at: '2026-01-04' },
        { session: 's1', at: '2026-01-03' },
        { session: 's2', at: '2026-01-05' },
      ])
      await other.activity.noteSessionUses([
        { session: 's1', at: '2026-01-01' },
        { session: 's2', at: '2026-01-06' },
      ])
      await activity.noteSessionUses([])
      const both = new Map(Object.entries({ s1: '2026-01-04', s2: '2026-01-06' }))
      expect(await activity.sessionUses(['s1', 's2', 's3'])).toEqual(both)
      expect(await activity.sessionUses([])).toEqual(new Map())
      await activity.deleteSessionUses('2026-01-06')
      expect(await activity.sessionUses(['s1', 's2'])).toEqual(new Map([['s2', '2026-01-06']]))
    })
  })
})
