import { describe, expect, it } from 'vitest'
import type { FoundSession } from '../core/people_types.ts'
import { SessionAdmissions } from './session_admissions.ts'
import { SessionUses } from './session_uses.ts'

const START = Date.parse('2026-11-22T08:00:00Z')
const HOST = 'app.example.org'
const log = { error: () => undefined }

function found(more: { session?: object; account?: object; organization?: object } = {}): FoundSession {
  return {
    session: {
      ...{ id: 's1', account: 'ada', host: HOST, parent: 'p1', amr: ['pwd'], idle_s: 600 },
      created_at: new Date(START).toISOString(),
      expires_at: new Date(START + 3_600_000).toISOString(),
      ...more.session,
    },
    account: {
      ...{ id: 'ada', kind: 'person', name: 'Ada', email: 'ada@example.org', groups: ['staff'], disabled_at: null },
      ...more.account,
    },
    grants: [{ connection: 'c', allow: ['GET /**'] }],
    organization: more.organization ?? null,
  } as unknown as FoundSession
}

/** `known`: by token. `noted`: what other processes have written down. */
function scene(known: Readonly<Record<string, FoundSession>>) {
  const state = { now: START, loads: 0, asks: 0, noted: new Map<string, string>() }
  const activity = {
    noteSessionUses: async (uses: readonly { session: string; at: string }[]) => {
      for (const { session, at } of uses) state.noted.set(session, at)
    },
    sessionUses: async () => {
      state.asks++
      return state.noted
    },
  }
  const uses = new SessionUses({ activity, log })
  const admissions = new SessionAdmissions({
    hot: {
      findSession: async (hash) => {
        state.loads++
        return known[hash.slice(5)]
      },
    },
    hash: (token) => `hash ${token}`,
    uses,
    now: () => state.now,
  })
  return { state, uses, admissions }
}

describe('SessionAdmissions', () => {
  it('finds who it is, by no promise the second time', async () => {
    const { admissions, state } = scene({ t: found() })
    const first = await admissions.find(1, 't', HOST)
    expect(first).toMatchObject({
      key: null,
      endsAt: START + 3_600_000,
      principal: {
        ...{ kind: 'person', proof: 'session', subject: 'ada', key_id: null, account: 'ada', groups: ['staff'] },
        permissions: [],
        grants: [{ connection: 'c', allow: ['GET /**'] }],
        expires_at: '2026-11-22T09:00:00.000Z',
      },
    })
    expect(admissions.find(1, 't', HOST)).toBe(first)
    expect(state.loads).toBe(1)
  })

  it('D18: what was loaded is forgotten when the store changes', async () => {
    const known: Record<string, FoundSession> = { t: found() }
    const { admissions } = scene(known)
    await admissions.find(1, 't', HOST)
    delete known.t
    expect(await admissions.find(1, 't', HOST)).toBeDefined()
    expect(await admissions.find(2, 't', HOST)).toBeUndefined()
  })

  it('D18: what is loaded while the store changes is not kept', async () => {
    const known: Record<string, FoundSession> = { t: found() }
    const { admissions } = scene(known)
    const loading = admissions.find(1, 't', HOST)
    expect(await admissions.find(2, 'another', HOST)).toBeUndefined()
    expect(await loading).toBeDefined()
    delete known.t
    expect(await admissions.find(2, 't', HOST)).toBeUndefined()
  })

  it('who acts for an organization is of its groups besides', async () => {
    const organization = { id: 'o', siret: null, label: 'O', groups: ['town', 'staff'] }
    const { admissions } = scene({ t: found({ organization }) })
    const admission = await admissions.find(1, 't', HOST)
    expect([admission?.principal.groups, admission?.organization]).toEqual([['staff', 'town'], organization])
  })

  it.each<[string, FoundSession | undefined, number, string | null]>([
    ['unknown', undefined, 0, HOST],
    ['other_host', found(), 0, 'other.example.org'],
    ['other_host', found(), 0, null],
    ['other_host', found({ session: { host: null } }), 0, HOST],
    ['disabled', found({ account: { disabled_at: '2026-01-01T00:00:00Z' } }), 0, HOST],
    ['idle', found(), 600_000, HOST],
    ['expired', found({ session: { idle_s: 86_400 } }), 3_600_000, HOST],
  ])('%s', async (fault, session, later, host) => {
    const { admissions, state } = scene(session === undefined ? {} : { t: session })
    state.now = START + later
    expect(await admissions.look(1, 't', host)).toBe(fault)
    expect(await admissions.find(1, 't', host)).toBeUndefined()
    // Kept or not, it stays so.
    expect(await admissions.look(1, 't', host)).toBe(fault)
  })
})

describe('idle', () => {
  it('each use counts, in memory: nobody is asked as long as it is used', async () => {
    const { admissions, state } = scene({ t: found() })
    for (let i = 0; i < 5; i++) {
      expect(await admissions.find(1, 't', HOST)).toBeDefined()
      state.now += 599_999
    }
    expect(state.asks).toBe(0)
  })

  it('before it is called so, the store is asked: another process may know better', async () => {
    const { admissions, state } = scene({ t: found() })
    await admissions.find(1, 't', HOST)
    state.noted.set('s1', new Date(START + 500_000).toISOString())
    state.now = START + 700_000
    expect(await admissions.find(1, 't', HOST)).toBeDefined()
    expect(state.asks).toBe(1)
    state.now += 600_000
    expect(await admissions.look(1, 't', HOST)).toBe('idle')
  })

  it('a refusal is no use', async () => {
    const { admissions, state } = scene({ t: found() })
    await admissions.find(1, 't', HOST)
    for (const _ of [1, 2, 3]) {
      state.now += 400_000
      await admissions.find(1, 't', 'other.example.org')
    }
    expect(await admissions.look(1, 't', HOST)).toBe('idle')
  })

  it('the store does not answer: that is no end of the session, and no way in', async () => {
    const { admissions, state } = scene({ t: found() })
    const broken = new SessionAdmissions({
      hot: { findSession: async () => found() },
      hash: (token) => token,
      uses: new SessionUses({
        activity: { noteSessionUses: async () => undefined, sessionUses: () => Promise.reject(new Error('down')) },
        log,
      }),
      now: () => START + 700_000,
    })
    await expect(broken.find(1, 't', HOST)).rejects.toThrow('down')
    expect([await admissions.find(1, 't', HOST), state.asks]).toEqual([expect.anything(), 0])
  })
})
