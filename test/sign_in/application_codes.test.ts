import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OpenStore } from '../../src/store/open.ts'
import { email } from '../store/people_rows.ts'
import { ENGINES, Places } from '../store/places.ts'
import { account } from '../store/rows.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { APP, CALLBACK, GRANTS, openScene, type Scene, SESSION, START, TOWARDS, VERIFIER } from './application_scene.ts'

/** The codes of applications, and what a code is worth (D5, B-41). */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

let scene: Scene

async function newCode(): Promise<string> {
  const url = new URL(await scene.applications().leadOn(SESSION, TOWARDS))
  return url.searchParams.get('code') as string
}

const exchange = (code: string, more: Readonly<Record<string, string>> = {}, id = 'app') =>
  scene.applications().exchange({ ...APP, id }, { code, code_verifier: VERIFIER, ...more })

const NO_CODE = { code: 'invalid_request', detail: expect.stringMatching(/^The code is not valid/) }

describe.each(ENGINES)('%s: codes', (engine) => {
  beforeEach(async () => {
    scene = await openScene(places, engine)
  }, 60_000)

  it('B-41: the address of the application gets a code, its state and who we are, and nothing else', async () => {
    const url = new URL(await scene.applications().leadOn(SESSION, TOWARDS))
    expect(url.href.startsWith(`${CALLBACK}&code=`)).toBe(true)
    expect([...url.searchParams.keys()]).toEqual(['from', 'code', 'iss', 'state'])
    expect(url.searchParams.get('iss')).toBe('https://gate.example.org')
    expect(url.searchParams.get('state')).toBe('the state')
    expect(await scene.keys()).toEqual([])
  })

  it('S3-08: its back end gets who it is, the role of his groups and a key with what the application was granted', async () => {
    const { person, session: of, token } = await exchange(await newCode(), { redirect_uri: CALLBACK })
    expect(person).toMatchObject({ role: 'ADMIN', groups: ['boss', 'staff'], emailVerified: false })
    expect(person.organization?.siret).toBe('21750001600019')
    expect(of.id).toBe('s1')
    const [key] = await scene.keys()
    expect(key).toMatchObject({ account: 'zoe', grants: GRANTS, permissions: [], groups: ['boss', 'staff'] })
    expect(key?.expires_at).toBe(token?.expires_at)
    expect(token?.expires_at).toBe(new Date(START + 3_600_000).toISOString())
    expect(token?.key).toMatch(/^oct_key_/)
  })

  it('the key ends with the session at the latest, and another exchange revokes the one before', async () => {
    scene.now = Date.parse(SESSION.expires_at) - 60_000
    const first = await exchange(await newCode())
    expect(first.token?.expires_at).toBe(SESSION.expires_at)
    const before = (await scene.keys()).map(({ id }) => id)
    await exchange(await newCode())
    const after = (await scene.keys()).map(({ id }) => id)
    expect([before.length, after.length]).toEqual([1, 1])
    expect(after).not.toEqual(before)
  })

  it('an address is verified where somebody has shown that he reads it', async () => {
    await scene.open.store.emails.put(email('zoe', 'zoe@example.org', { verified_at: '2026-01-01T00:00:00.000Z' }))
    expect((await exchange(await newCode())).person.emailVerified).toBe(true)
  })

  it('an address that only the provider named is told as such', async () => {
    await scene.open.store.accounts.update(account('zoe', { kind: 'person' }))
    await scene.open.store.emails.put(email('zoe', 'zoe@example.org'))
    const { person } = await exchange(await newCode())
    expect([person.email, person.emailVerified]).toEqual(['zoe@example.org', false])
  })

  it('D5: a second use revokes what the first one gave', async () => {
    const code = await newCode()
    await exchange(code)
    expect(await scene.keys()).toHaveLength(1)
    await expect(exchange(code)).rejects.toMatchObject(NO_CODE)
    expect(await scene.keys()).toEqual([])
  })

  it('D5: of several at once, on two processes, one gets it or none, and then nothing is left', async () => {
    const other = await places.openAgain(scene.open)
    const code = await newCode()
    const at = (on: OpenStore) => scene.applications(on).exchange(APP, { code, code_verifier: VERIFIER })
    const done = await Promise.allSettled([scene.open, other, scene.open, other].map(at))
    expect(done.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2)
    expect(await scene.keys()).toEqual([])
  })

  it.each([
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another address', { redirect_uri: 'https://app.example.org/callback' }],
  ])('D5: 400 with %s, and the code is spent', async (_, more) => {
    const code = await newCode()
    await expect(exchange(code, more)).rejects.toMatchObject(NO_CODE)
    await expect(exchange(code)).rejects.toMatchObject(NO_CODE)
    expect(await scene.keys()).toEqual([])
  })

  it('400 for the code of another application, which spends it and revokes nothing of the other', async () => {
    const code = await newCode()
    await exchange(await newCode())
    await expect(exchange(code, {}, 'other')).rejects.toMatchObject(NO_CODE)
    await expect(exchange(code, {}, 'other')).rejects.toMatchObject(NO_CODE)
    expect(await scene.keys()).toHaveLength(1)
  })

  it('400 after a minute, after the session, for a disabled account, and for somebody who may no longer', async () => {
    const { store } = scene.open
    const late = await newCode()
    scene.now += 60_001
    await expect(exchange(late)).rejects.toMatchObject(NO_CODE)
    const outside = await newCode()
    await store.accounts.update(account('zoe', { kind: 'person', disabled_at: '2026-01-01T00:30:00.000Z' }))
    await expect(exchange(outside)).rejects.toMatchObject(NO_CODE)
    await store.accounts.update(account('zoe', { kind: 'person' }))
    const ended = await newCode()
    await store.sessions.end('s1', new Date(scene.now).toISOString())
    await expect(exchange(ended)).rejects.toMatchObject(NO_CODE)
    await expect(exchange('not a code')).rejects.toMatchObject(NO_CODE)
    expect(await scene.keys()).toEqual([])
  })
})
