import { afterAll, describe, expect, it } from 'vitest'
import { openid, providerEntry, sessionClient } from '../../test/store/openid_rows.ts'
import { client, session, ticket } from '../../test/store/people_rows.ts'
import { Places } from '../../test/store/places.ts'
import { fill } from '../../test/store/rows.ts'
import { tidyPeople, tidyProvider } from './rounds.ts'

const places = new Places()
afterAll(() => places.cleanUp())

describe('the hourly round', () => {
  it('forgets sessions and tickets that have expired, and uses that are a month old, and nothing else', async () => {
    const open = await places.openFresh('sqlite')
    const { store, activity } = open
    await fill(open)
    const now = new Date('2026-03-01T00:00:00.000Z')
    const later = { expires_at: '2026-03-01T00:00:00.001Z' }
    await store.sessions.insert(session('old', 'a1'), 'token-1')
    await store.sessions.insert(session('new', 'a1', later), 'token-2')
    await activity.tickets.put(ticket('old'))
    await activity.tickets.put(ticket('new', later))
    await activity.noteSessionUses([
      { session: 'old', at: '2026-01-29T23:59:59.999Z' },
      { session: 'new', at: '2026-01-30T00:00:00.000Z' },
    ])
    await tidyPeople(open, now)
    expect((await store.sessions.list({ limit: 9 })).map(({ id }) => id)).toEqual(['new'])
    const before = '2026-01-01T00:00:00.000Z'
    expect(await activity.tickets.peek('old', 'step', before)).toBeUndefined()
    expect(await activity.tickets.peek('new', 'step', before)).toBeDefined()
    expect([...(await activity.sessionUses(['old', 'new'])).keys()]).toEqual(['new'])
  })

  it('forgets what the OpenID provider keeps once it has expired, and notices that nobody tried for a week', async () => {
    const open = await places.openFresh('sqlite')
    const { store, activity } = open
    await fill(open)
    await store.clients.insert(client('shop', { openid: openid() }), 'client-hash')
    for (const [id, at] of [
      ['s1', '2026-02-21T23:59:59.999Z'],
      ['s2', '2026-02-22T00:00:00.000Z'],
    ] as const) {
      await store.sessions.insert(session(id, 'a1'), `token of ${id}`)
      await store.sessionClients.put(sessionClient(id, 'shop'))
      await store.sessions.end(id, at)
    }
    await activity.providerEntries.put(providerEntry('old', { expires_at: '2026-02-28T23:59:59.999Z' }))
    await activity.providerEntries.put(providerEntry('new', { expires_at: '2026-03-01T00:00:00.000Z' }))
    await tidyProvider(open, new Date('2026-03-01T00:00:00.000Z'))
    const found = await Promise.all(['old', 'new'].map((id) => activity.providerEntries.get('RefreshToken', id)))
    expect(found.map((entry) => entry?.id)).toEqual([undefined, 'new'])
    const left = await store.logoutNotices.claim('2026-03-01', '2026-03-02', 9)
    expect(left.map(({ sid }) => sid)).toEqual(['sid of s2 at shop'])
  })
})
