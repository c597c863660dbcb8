import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProviderEntryStore } from '../../src/core/openid_stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { providerEntry } from './openid_rows.ts'
import { ENGINES, OtherProcess, Places } from './places.ts'

/** Codes, tokens and grants of the OpenID provider, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T01:00:00.000Z'
const PAST = { expires_at: '2026-01-01T00:30:00.000Z' }

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let entries: ProviderEntryStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    entries = open.activity.providerEntries
  }, 60_000)

  const put = (ids: Readonly<Record<string, Parameters<typeof providerEntry>[1]>>) =>
    Promise.all(Object.entries(ids).map(([id, more]) => entries.put(providerEntry(id, more))))
  const left = async (...ids: string[]) => {
    const found = await Promise.all(ids.map((id) => entries.get('RefreshToken', id)))
    return ids.filter((_, i) => found[i] !== undefined)
  }
  const many = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`)

  it('come back as they were written, one of each id in a model, and move no version', async () => {
    const version = await open.hot.version()
    const full = providerEntry('e1', { grant: 'g', account: 'ada', client: 'shop', user_code: 'code' })
    const other = { ...full, model: 'AccessToken', sealed: 'other' }
    await entries.put(full)
    await entries.put(other)
    expect(await entries.get('RefreshToken', 'e1')).toEqual(full)
    expect(await entries.get('AccessToken', 'e1')).toEqual(other)
    expect(await entries.get('RefreshToken', 'e2')).toBeUndefined()
    await entries.delete('AccessToken', 'e1')
    expect(await entries.get('AccessToken', 'e1')).toBeUndefined()
    expect(await entries.get('RefreshToken', 'e1')).toEqual(full)
    expect(await open.hot.version()).toBe(version)
  })

  it('T19 stay consumed whoever writes them again', async () => {
    await entries.put(providerEntry('e1'))
    expect([
      await entries.consume('RefreshToken', 'e1', NOW),
      await entries.consume('RefreshToken', 'e1', NOW),
    ]).toEqual([true, false])
    const written = providerEntry('e1', { sealed: 'anew', client: 'shop', expires_at: '2026-03-01T00:00:00.000Z' })
    await entries.put({ ...written, created_at: NOW })
    expect(await entries.get('RefreshToken', 'e1')).toEqual({ ...written, consumed_at: NOW })
    expect(await entries.consume('RefreshToken', 'e1', '2026-01-01T02:00:00.000Z')).toBe(false)
    expect(await entries.consume('RefreshToken', 'none', NOW)).toBe(false)
    expect(await entries.consume('AuthorizationCode', 'e1', NOW)).toBe(false)
  })

  it('T19 are consumed by one of many at once, on two handles', async () => {
    const other = (await places.openAgain(open)).activity.providerEntries
    await put(Object.fromEntries(many(20).map((id) => [id, {}])))
    for (const id of many(20)) {
      const asking = [entries, other, entries, other].map((each) => each.consume('RefreshToken', id, NOW))
      expect((await Promise.all(asking)).filter(Boolean)).toHaveLength(1)
    }
  })

  it('T19 are consumed by one of two processes', async () => {
    await put(Object.fromEntries(many(60).map((id) => [id, {}])))
    const processes = [1, 2].map(() => new OtherProcess('consume-entries', places.locationOf(open), '60'))
    for (const each of processes) await each.said('held')
    const said = await Promise.all(processes.map((each) => each.release()))
    const consumed = said.flatMap((text) => text.match(/e\d+(?=\n)/g) ?? [])
    expect(said.every((text) => text.endsWith('done'))).toBe(true)
    expect(consumed.toSorted()).toEqual(many(60).toSorted())
  }, 60_000)

  it('T20 stay consumed when the process that did it is killed', async () => {
    await put(Object.fromEntries(many(400).map((id) => [id, {}])))
    const consuming = new OtherProcess('consume-entries', places.locationOf(open), '400')
    await consuming.said('held')
    const ended = consuming.release()
    await consuming.said('consumed e7\n')
    await consuming.kill()
    const told = (await ended).match(/e\d+$/gm) ?? []
    expect(told.length).toBeGreaterThan(7)
    const again = await places.openAgain(open)
    const found = await Promise.all(told.map((id) => again.activity.providerEntries.get('RefreshToken', id)))
    expect(found.filter((entry) => entry?.consumed_at !== NOW)).toEqual([])
  }, 60_000)

  it('are added where there is none, by one of many at once', async () => {
    const other = (await places.openAgain(open)).activity.providerEntries
    const adding = [entries, other, entries].map((each, i) => each.add(providerEntry('e1', { sealed: `by ${i}` })))
    const added = await Promise.all(adding)
    expect(added.filter(Boolean)).toHaveLength(1)
    expect((await entries.get('RefreshToken', 'e1'))?.sealed).toBe(`by ${added.indexOf(true)}`)
  })

  it('are found by the code that a person types: the one that ends last', async () => {
    await put({ e1: { user_code: 'BDWP', ...PAST }, e2: { user_code: 'BDWP' }, e3: { user_code: 'XXXX' } })
    expect((await entries.findByUserCode('RefreshToken', 'BDWP'))?.id).toBe('e2')
    expect(await entries.findByUserCode('DeviceCode', 'BDWP')).toBeUndefined()
    expect(await entries.findByUserCode('RefreshToken', 'none')).toBeUndefined()
  })

  it('go with their grant, of one model or all with the grant itself', async () => {
    await put({ e1: { grant: 'g1' }, e2: { grant: 'g2' }, e3: {} })
    await put(Object.fromEntries(many(250).map((id) => [`m${id}`, { grant: 'g1', model: 'AccessToken' }])))
    for (const id of ['g1', 'g2']) await entries.put(providerEntry(id, { model: 'Grant' }))
    await entries.deleteOfGrant('g1', 'RefreshToken')
    expect(await left('e1', 'e2', 'e3')).toEqual(['e2', 'e3'])
    expect(await entries.get('AccessToken', 'me249')).toBeDefined()
    await entries.deleteOfGrant('g1')
    const rest = await Promise.all(many(250).map((id) => entries.get('AccessToken', `m${id}`)))
    expect(rest.filter((entry) => entry !== undefined)).toEqual([])
    expect(await entries.get('Grant', 'g1')).toBeUndefined()
    expect(await entries.get('Grant', 'g2')).toBeDefined()
    expect(await left('e2', 'e3')).toEqual(['e2', 'e3'])
  }, 60_000)

  it('go with their account, at one application or all, and with their application', async () => {
    const at = (account: string, client: string) => ({ account, client })
    const all = { e1: at('ada', 'shop'), e2: at('ada', 'blog'), e3: at('ben', 'shop'), e4: at('ben', 'blog'), e5: {} }
    await put(all)
    await entries.deleteOfAccount('ada', 'shop')
    expect(await left(...Object.keys(all))).toEqual(['e2', 'e3', 'e4', 'e5'])
    await entries.deleteOfClient('shop')
    expect(await left(...Object.keys(all))).toEqual(['e2', 'e4', 'e5'])
    await entries.deleteOfAccount('ben')
    expect(await left(...Object.keys(all))).toEqual(['e2', 'e5'])
  })

  it('tell at which applications an account has live ones, each once, since the first', async () => {
    const ada = { account: 'ada', client: 'shop' }
    await put({
      e1: { ...ada, created_at: '2026-01-01T00:20:00.000Z' },
      e2: { ...ada, created_at: '2026-01-01T00:10:00.000Z' },
      e3: { ...ada, created_at: '2026-01-01T00:05:00.000Z', consumed_at: NOW },
      e4: { ...ada, client: 'blog', ...PAST },
      e5: { ...ada, client: null },
      e6: { ...ada, client: 'wiki', model: 'Grant' },
      e7: { ...ada, client: 'mail', account: 'ben' },
      e8: { ...ada, client: 'arch' },
    })
    expect(await entries.clientsOf('RefreshToken', 'ada', NOW)).toEqual([
      { client: 'arch', since: '2026-01-01T00:00:00.000Z' },
      { client: 'shop', since: '2026-01-01T00:10:00.000Z' },
    ])
  })

  it('are deleted once they have expired, all of them, in portions between which others have their turn', async () => {
    const ids = many(1_050)
    await put(Object.fromEntries(ids.map((id) => [id, PAST])))
    await entries.put(providerEntry('live', { expires_at: NOW }))
    let [turns, over] = [0, false]
    const count = () => {
      turns++
      if (!over) setImmediate(count)
    }
    count()
    await entries.deleteExpired(NOW)
    over = true
    expect(await left('live', ...ids)).toEqual(['live'])
    expect(turns).toBeGreaterThanOrEqual(10)
  }, 60_000)

  it('are deleted by several at once, of a grant, an account, an application and by age, and nobody fails', async () => {
    const other = (await places.openAgain(open)).activity.providerEntries
    // By age in another order than as they were written: who waits for one another must not do so in a ring.
    const more = (i: number) => ({
      ...{ grant: 'g', account: 'ada', client: 'shop' },
      expires_at: `2026-01-01T00:${999 - i}`,
    })
    await put(Object.fromEntries(many(600).map((id, i) => [id, more(i)])))
    await Promise.all([
      ...[entries, other].map((each) => each.deleteOfGrant('g')),
      ...[entries, other].map((each) => each.deleteOfAccount('ada')),
      ...[entries, other].map((each) => each.deleteOfClient('shop')),
      ...[entries, other].map((each) => each.deleteExpired(NOW)),
    ])
    expect(await left(...many(600))).toEqual([])
  }, 60_000)
})

it('postgres: what another process is deleting does not hold up those that delete by age', async () => {
  const open = await places.openFresh('postgres')
  const entries = open.activity.providerEntries
  for (const id of ['e1', 'e2']) await entries.put(providerEntry(id, PAST))
  const other = new pg.Client(places.locationOf(open).databaseUrl)
  await other.connect()
  await other.query('begin')
  await other.query("delete from provider_entries where id = 'e1'")
  await entries.deleteExpired(NOW)
  expect([await entries.get('RefreshToken', 'e1'), await entries.get('RefreshToken', 'e2')]).toMatchObject([
    { id: 'e1' },
    undefined,
  ])
  await other.query('rollback')
  await other.end()
  await entries.deleteExpired(NOW)
  expect(await entries.get('RefreshToken', 'e1')).toBeUndefined()
}, 60_000)

it('T20 sqlite: what was committed is on disk before its answer, in both files', async () => {
  const engines = await openSqlite((await places.fresh('sqlite')).dataDir)
  const modes = await Promise.all([
    sql<{ synchronous: number }>`pragma synchronous`.execute(engines.main),
    sql<{ synchronous: number }>`pragma synchronous`.execute(engines.activity),
  ])
  await engines.close()
  // 2 is FULL: the log is synced at each commit (https://sqlite.org/pragma.html#pragma_synchronous).
  expect(modes.map(({ rows }) => rows[0]?.synchronous)).toEqual([2, 2])
})
