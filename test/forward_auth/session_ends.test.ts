import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'
import { codeOf, HOST } from './scene.ts'
import { type Entered, OTHER, pathOf, type SessionScene, startSessionScene } from './session_scene.ts'

/** T37: what ends a session ends it everywhere at once, the sessions of hosts below it too. */

describe.each(['sqlite', 'postgres'] as const)('T37 on %s', (engine) => {
  let scene: SessionScene
  beforeAll(async () => {
    const database = engine === 'sqlite' ? {} : { OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() }
    scene = await startSessionScene(database)
  })
  afterAll(async () => {
    await scene.stop()
    await stopSharedPostgres()
  })

  let entered: Entered
  let person: string
  let made = 0
  beforeEach(async () => {
    person = `person-${++made}`
    await scene.must('POST', '/accounts', { kind: 'person', id: person, name: 'Somebody', groups: ['staff'] })
    entered = await scene.enter(person)
    expect(codeOf(await scene.fetch(entered.jar))).toBe('200 passed')
    expect(await own()).toBeDefined()
  })

  async function own() {
    return scene.people.admissions.find(await scene.people.open.hot.version(), entered.own.token, null)
  }

  /** The gate is asked; on PostgreSQL it may take up to a second to hear of what another process has written (D18). */
  async function dies(): Promise<void> {
    const status = async () => (await scene.fetch(new Map(entered.jar))).status
    if (engine === 'sqlite') expect(await status()).toBe(401)
    else await vi.waitFor(async () => expect(await status()).toBe(401), { timeout: 5_000, interval: 50 })
    expect((await scene.open(new Map(entered.jar))).status).toBe(302)
  }

  it('revoked at our own address: dead at the host', async () => {
    expect(await scene.people.sessions.end(entered.own.session.id, 'revoked')).toBe(true)
    await dies()
    expect(await own()).toBeUndefined()
    expect(await scene.people.sessions.end(entered.own.session.id)).toBe(false)
    const { items } = (await scene.gate.api('GET', `/events?subject=account:${person}`)).body
    expect(items[0]).toMatchObject({ type: 'session.ended', data: { session: entered.own.session.id, why: 'revoked' } })
  })

  it('revoked at the host: dead there, and nowhere else', async () => {
    const [there] = await scene.people.open.store.sessions.list({ limit: 1 }, { account: person, host: HOST })
    await scene.people.sessions.end(there?.id ?? '', 'revoked')
    await dies()
    expect(await own()).toBeDefined()
  })

  it('all but one', async () => {
    const other = await scene.enter(person)
    expect(await scene.people.sessions.endAll(person, 'password_changed', other.own.session.id)).toBe(2)
    await dies()
    expect(codeOf(await scene.fetch(other.jar))).toBe('200 passed')
  })

  it('the account is disabled, and enabled again', async () => {
    await scene.must('POST', `/accounts/${person}/disable`)
    await dies()
    expect(await own()).toBeUndefined()
    const before = entered.jar
    await scene.must('POST', `/accounts/${person}/enable`)
    expect(codeOf(await scene.fetch(before))).toBe('401 unauthenticated')
  })

  it('the account is deleted', async () => {
    await scene.must('DELETE', `/accounts/${person}`)
    await dies()
    expect(await own()).toBeUndefined()
  })

  it('who leaves the group that a route allows is let through no more', async () => {
    await scene.must('PATCH', `/accounts/${person}`, { groups: [] })
    const seen = async () => expect(codeOf(await scene.fetch(entered.jar))).toBe('403 not_granted')
    await (engine === 'sqlite' ? seen() : vi.waitFor(seen, { timeout: 5_000, interval: 50 }))
  })

  it('a code that is on its way dies with the session', async () => {
    const jar = new Map(entered.jar)
    const link = (await scene.open(jar, { host: OTHER })).header('location') as string
    const code = await scene.people.leadOn(entered.own, link)
    await scene.must('POST', `/accounts/${person}/disable`)
    jar.delete('__Host-octroi_session')
    await scene.open(jar, { uri: pathOf(code), host: OTHER })
    expect(jar.has('__Host-octroi_session')).toBe(false)
  })

  it('T41: nobody is locked out of a live session by those who guess', async () => {
    await scene.must('POST', '/routes', {
      ...{ id: `guess-${made}`, host: 'guess.example.org', path: '/**', accept: { any: ['session', 'basic'] } },
      allow: { groups: ['staff'] },
    })
    const { jar } = await scene.enter(person, {}, { host: 'guess.example.org' })
    const guess = (at: number) => ['Authorization', `Basic ${Buffer.from(`${person}:guess ${at}`).toString('base64')}`]
    const statuses: number[] = []
    for (let i = 0; i < 30 && !statuses.includes(429); i++)
      statuses.push((await scene.ask({ host: 'guess.example.org', headers: guess(i) })).status)
    expect(statuses).toContain(429)
    expect(codeOf(await scene.fetch(jar, { host: 'guess.example.org' }))).toBe('200 passed')
  })
})

describe('time', () => {
  let scene: SessionScene
  beforeAll(async () => {
    scene = await startSessionScene({ OCTROI_SESSION_IDLE_S: '600', OCTROI_SESSION_MAX_S: '3600' })
  })
  afterAll(() => scene.stop())
  afterEach(() => void vi.useRealTimers())

  const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  const status = async ({ jar }: Entered) => (await scene.fetch(new Map(jar))).status

  it('unused for so long, it is over; used, it goes on', async () => {
    const entered = await scene.enter('ada')
    for (const _ of [1, 2, 3]) {
      later(599)
      expect(await status(entered)).toBe(200)
    }
    later(600)
    expect(await status(entered)).toBe(401)
    // It stays so, whatever is tried.
    expect(await status(entered)).toBe(401)
  })

  it('who is at a host is there: the session at our own address goes on too', async () => {
    const entered = await scene.enter('ada')
    for (const _ of [1, 2]) {
      later(500)
      expect(await status(entered)).toBe(200)
    }
    await scene.gate.restart()
    const found = await scene.people.admissions.find(await scene.people.open.hot.version(), entered.own.token, null)
    expect(found).toMatchObject({ account: { id: 'ada' } })
  })

  it('after a restart it is known when it was used last', async () => {
    const entered = await scene.enter('ada')
    later(500)
    expect(await status(entered)).toBe(200)
    await scene.gate.restart()
    later(500)
    expect(await status(entered)).toBe(200)
    await scene.gate.restart()
    later(600)
    expect(await status(entered)).toBe(401)
  })

  it('it ends at its last moment, and no later than the one that it comes from', async () => {
    const entered = await scene.enter('ada')
    later(500)
    await scene.fetch(entered.jar)
    const link = (await scene.open(new Map(entered.jar), { host: OTHER })).header('location') as string
    const jar = new Map(entered.jar)
    await scene.open(jar, { uri: pathOf(await scene.people.leadOn(entered.own, link)), host: OTHER })
    const [there] = await scene.people.open.store.sessions.list({ limit: 1 }, { account: 'ada', host: OTHER })
    expect(there).toMatchObject({ expires_at: entered.own.session.expires_at, parent: entered.own.session.id })
    for (let used = 500; used < 3_300; used += 400) {
      later(400)
      expect(await status(entered)).toBe(200)
    }
    later(300)
    expect(await status(entered)).toBe(401)
  })
})
