import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  const { groups } = scene.open.store
  for (const id of ['volunteers', 'treasurers', 'board'])
    await groups.insert({ id, name: id, description: '', grants: [], created_at: '', updated_at: '' })
  await scene.method({ id: 'agency', groups: ['volunteers'] })
  await scene.method({ id: 'asks', first_sign_in: 'ask' })
  await scene.method({ id: 'refuses', first_sign_in: 'refuse' })
  await scene.account('owner', { name: 'Olga Owner', email: 'olga@example.org' }, PASSWORD)
})
afterAll(() => scene.stop())

const store = () => scene.open.store
const events = async (account: string) =>
  (await store().events.list({ limit: 20 }, { subject: `account:${account}` })).map(({ type }) => type)

describe('the first sign-in', () => {
  it('makes an account where the method makes them: name, groups, verified address, events', async () => {
    const claims = { name: 'Ada Lovelace', email: 'ada@example.org', emailVerified: true }
    const done = await scene.byProvider(scene.browser(), { subject: 'ada', claims })
    expect([done.status, done.location]).toEqual([302, '/account'])
    const identity = await store().identities.find(ISSUER, 'ada')
    expect(identity).toMatchObject({ account: 'ada-lovelace', method: 'agency', label: 'ada@example.org' })
    expect(await store().accounts.get('ada-lovelace')).toMatchObject({
      kind: 'person',
      name: 'Ada Lovelace',
      email: 'ada@example.org',
      groups: ['volunteers'],
      has_password: false,
    })
    expect(await store().emails.findVerified('ada@example.org')).toMatchObject({ id: 'ada-lovelace' })
    expect((await events('ada-lovelace')).sort()).toEqual(['account.created', 'account.linked', 'session.started'])
    expect(scene.lines.at(-1)).toMatchObject({ action: 'sign-in', account: 'ada-lovelace', status: 200, code: null })
  })

  it('the second one finds it, and makes nothing', async () => {
    await scene.byProvider(scene.browser(), { subject: 'ada', claims: { name: 'Somebody Else' } })
    expect(await store().identities.of('ada-lovelace')).toHaveLength(1)
    expect(await store().accounts.get('ada-lovelace')).toMatchObject({ name: 'Ada Lovelace' })
    expect(await scene.sessionsOf('ada-lovelace')).toHaveLength(2)
  })

  it('an address that the issuer has not checked is nobody’s name for applications', async () => {
    await scene.byProvider(scene.browser(), { subject: 'eve', claims: { name: 'Eve', email: 'president@example.org' } })
    expect(await store().accounts.get('eve')).toMatchObject({ email: null })
    expect(await store().emails.of('eve')).toMatchObject([{ canonical: 'president@example.org', verified_at: null }])
  })

  it('403 where the method makes none: nothing is created, and the trail says why', async () => {
    const answer = await scene.byProvider(scene.browser(), { subject: 'nobody' }, '/sign-in/refuses')
    expect(answer.status).toBe(403)
    expect(await store().identities.find(ISSUER, 'nobody')).toBeUndefined()
    expect(scene.lines.at(-1)).toMatchObject({
      account: null,
      status: 403,
      code: 'unknown',
      target: 'sign-in-method:refuses',
    })
  })

  it('one whom an administrator has written down comes in by a method that makes none', async () => {
    await scene.account('known')
    await store().identities.insert({
      id: 'i1',
      account: 'known',
      issuer: ISSUER,
      subject: 'known',
      method: 'refuses',
      label: '',
      created_at: '2026-11-22T00:00:00.000Z',
      last_used_at: null,
    })
    const claims = { email: 'Known@example.org', emailVerified: true }
    const answer = await scene.byProvider(scene.browser(), { subject: 'known', claims }, '/sign-in/refuses')
    expect(answer.location).toBe('/account')
    expect(await store().accounts.get('known')).toMatchObject({ email: 'Known@example.org' })
    expect(await store().emails.findVerified('known@example.org')).toMatchObject({ id: 'known' })
  })

  it('two tabs at once make one account', async () => {
    const said = { subject: 'twice', claims: { name: 'Twice' } }
    const [a, b] = [scene.browser(), scene.browser()]
    const done = await Promise.all([scene.byProvider(a, said), scene.byProvider(b, said)])
    expect(done.map(({ location }) => location)).toEqual(['/account', '/account'])
    const account = (await store().identities.find(ISSUER, 'twice'))?.account as string
    expect(await scene.sessionsOf(account)).toHaveLength(2)
  })

  it('control characters and length of what an issuer says are bounded', async () => {
    const name = `Bob\u0000\u001b[31m${'x'.repeat(400)}`
    await scene.byProvider(scene.browser(), { subject: 'bob', claims: { name } })
    const account = (await store().identities.find(ISSUER, 'bob'))?.account as string
    const stored = (await store().accounts.get(account))?.name as string
    expect(stored).toHaveLength(200)
    expect(stored).toMatch(/^Bob\[31mxxx/)
  })
})

describe('T28 B-40 an address merges nothing', () => {
  it.each([true, false])('verified by the issuer (%s): another account has it, and keeps it', async (emailVerified) => {
    const subject = `robber-${emailVerified}`
    const claims = { name: `Robber ${emailVerified}`, email: 'OLGA@example.org', emailVerified }
    await scene.byProvider(scene.browser(), { subject, claims })
    const account = (await store().identities.find(ISSUER, subject))?.account as string
    expect(account).not.toBe('owner')
    expect(await store().accounts.get(account)).toMatchObject({ email: null })
    expect((await store().emails.of(account)).every(({ verified_at }) => verified_at === null)).toBe(true)
    const [created] = (await store().events.list({ limit: 20 }, { subject: `account:${account}` })).filter(
      ({ type }) => type === 'account.created',
    )
    expect(created?.data).toMatchObject({ address_taken: true })
  })

  it('T30 one subject of two issuers is two people', async () => {
    await scene.byProvider(scene.browser(), { subject: 'same', issuer: 'https://a.example', claims: { name: 'Same' } })
    await scene.byProvider(scene.browser(), { subject: 'same', issuer: 'https://b.example', claims: { name: 'Same' } })
    const [a, b] = await Promise.all(
      ['https://a.example', 'https://b.example'].map((issuer) => store().identities.find(issuer, 'same')),
    )
    expect(a?.account).toBe('same')
    expect(b?.account).not.toBe(a?.account)
  })
})

describe('groups from claims', () => {
  it('what the mapping covers is as the issuer says, the rest stays; at the next sign-in, and with an event', async () => {
    const said = (named: string[]) => ({
      subject: 'grouped',
      claims: { name: 'Grouped', groups: { named, range: ['treasurers', 'board'] } },
    })
    await scene.byProvider(scene.browser(), said(['treasurers', 'not-there']))
    expect(await store().accounts.get('grouped')).toMatchObject({ groups: ['treasurers', 'volunteers'] })
    await scene.byProvider(scene.browser(), said(['board']))
    expect(await store().accounts.get('grouped')).toMatchObject({ groups: ['board', 'volunteers'] })
    expect(await events('grouped')).toContain('account.updated')
    await scene.byProvider(scene.browser(), { subject: 'grouped', claims: { groups: null } })
    expect(await store().accounts.get('grouped')).toMatchObject({ groups: ['board', 'volunteers'] })
  })
})

describe('asked at the first sign-in', () => {
  const said = (subject: string) => ({ subject, claims: { name: 'Asked', email: 'olga@example.org' } })

  it('a new account, once he says so', async () => {
    const browser = scene.browser()
    const step = await scene.byProvider(browser, said('asked-1'), '/sign-in/asks')
    expect(step.location).toMatch(/^\/sign-in\/step\//)
    expect(await store().identities.find(ISSUER, 'asked-1')).toBeUndefined()
    await browser.follow(step)
    const done = await browser.submit('/sign-in/step/', { choice: 'create' })
    expect(done.location).toBe('/account')
    expect(await store().identities.find(ISSUER, 'asked-1')).toMatchObject({ account: 'asked' })
  })

  it('T29 his own account, once he has proved it: the identity is linked, and nothing else is made', async () => {
    const browser = scene.browser()
    await browser.follow(await scene.byProvider(browser, said('asked-2'), '/sign-in/asks'))
    const way = /href="([^"]*\/sign-in\/password\?flow=[^"]*)"/.exec(browser.last?.text ?? '')?.[1] as string
    await browser.get(way.replaceAll('&amp;', '&'))
    const done = await browser.submit('/sign-in/password', { login: 'owner', password: PASSWORD })
    expect(done.location).toBe('/account')
    expect(await store().identities.find(ISSUER, 'asked-2')).toMatchObject({ account: 'owner' })
    expect(await events('owner')).toContain('account.linked')
  })

  it('T29 a wrong password links nothing, and the question stays', async () => {
    const browser = scene.browser()
    const question = await scene.byProvider(browser, said('asked-3'), '/sign-in/asks')
    await browser.follow(question)
    const way = /href="([^"]*\/sign-in\/password\?flow=[^"]*)"/.exec(browser.last?.text ?? '')?.[1] as string
    await browser.get(way.replaceAll('&amp;', '&'))
    expect((await browser.submit('/sign-in/password', { login: 'owner', password: 'wrong one' })).status).toBe(422)
    expect(await store().identities.find(ISSUER, 'asked-3')).toBeUndefined()
    expect((await browser.get(question.location as string)).status).toBe(200)
  })
})

it('a disabled account: 403, no session, in the trail with the account', async () => {
  await scene.byProvider(scene.browser(), { subject: 'gone', claims: { name: 'Gone' } })
  const account = await store().accounts.get('gone')
  await store().accounts.update({ ...(account as NonNullable<typeof account>), disabled_at: new Date().toISOString() })
  const answer = await scene.byProvider(scene.browser(), { subject: 'gone' })
  expect(answer.status).toBe(403)
  expect(answer.headers.getSetCookie().join()).not.toContain('octroi_session')
  expect(scene.lines.at(-1)).toMatchObject({ status: 403, code: 'disabled' })
})
