import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

describe.each(['sqlite', 'postgres'])('at once, on %s', (engine) => {
  let scene: DeskScene
  beforeAll(async () => {
    const url = engine === 'sqlite' ? undefined : await (await sharedPostgres()).createDatabase()
    scene = await deskScene(url === undefined ? {} : { OCTROI_DATABASE_URL: url })
    await scene.method({ id: 'agency' })
    await scene.method({ id: 'asks', first_sign_in: 'ask' })
    await scene.account('owner', {}, PASSWORD)
    await scene.account('invited')
  })
  afterAll(async () => {
    await scene.stop()
    if (engine === 'postgres') await stopSharedPostgres()
  })

  const identityOf = (subject: string) => scene.open.store.identities.find(ISSUER, subject)

  it('eight tabs of one person who is new make one account, and eight sessions of it', async () => {
    const said = { subject: 'many', claims: { name: 'Many', email: 'many@example.org', emailVerified: true } }
    const tabs = await Promise.all(Array.from({ length: 8 }, () => scene.byProvider(scene.browser(), said)))
    expect(tabs.map(({ location }) => location)).toEqual(Array(8).fill('/account'))
    const account = (await identityOf('many'))?.account as string
    expect(await scene.sessionsOf(account)).toHaveLength(8)
    expect(await scene.open.store.identities.of(account)).toHaveLength(1)
    const made = await scene.open.store.events.list({ limit: 100 }, { type: 'account.created' })
    expect(made.filter(({ data }) => data.name === 'Many')).toHaveLength(1)
  })

  it('four people of one name and address get four accounts; the address is one’s alone', async () => {
    const claims = { name: 'Jean Martin', email: 'jean@example.org', emailVerified: true }
    const subjects = ['jean-1', 'jean-2', 'jean-3', 'jean-4']
    // One after the other set out, for the provider says one thing at a time; what they say differs in the subject alone.
    const answers: (string | undefined)[] = []
    for (const subject of subjects)
      answers.push((await scene.byProvider(scene.browser(), { subject, claims })).location)
    expect(answers).toEqual(Array(4).fill('/account'))
    const accounts = await Promise.all(subjects.map(async (subject) => (await identityOf(subject))?.account))
    expect(new Set(accounts).size).toBe(4)
    const stored = await Promise.all(accounts.map((id) => scene.open.store.accounts.get(id as string)))
    expect(stored.filter((account) => account?.email === 'jean@example.org')).toHaveLength(1)
  })

  it('a step that is answered five times at once is taken once', async () => {
    const browser = scene.browser()
    await browser.follow(
      await scene.byProvider(browser, { subject: 'step', claims: { name: 'Step' } }, '/sign-in/asks'),
    )
    const { action, hidden } = browser.form('/sign-in/step/')
    const post = () => browser.post(action, { ...hidden, choice: 'create' })
    const answers = await Promise.all([post(), post(), post(), post(), post()])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400, 400, 400, 400])
    expect(await scene.sessionsOf((await identityOf('step'))?.account as string)).toHaveLength(1)
  })

  it('an invitation that is accepted twice at once lets one in', async () => {
    const account = await scene.open.store.accounts.get('invited')
    const { url } = await scene.signIn.links.give('invitation', account as NonNullable<typeof account>, {
      deliver: 'link',
    })
    const browsers = [scene.browser(), scene.browser()]
    scene.provider.say({ subject: 'guest' })
    const backs = await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.get(url as string)
        const way = /href="([^"]*\/sign-in\/agency\?flow=[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&')
        const query = new URL((await browser.get(way as string)).location ?? '').searchParams
        return `${query.get('redirect_uri')}?state=${query.get('state')}&code=c`
      }),
    )
    const answers = await Promise.all(browsers.map((browser, i) => browser.get(backs[i] as string)))
    expect(answers.map(({ status }) => status).sort()).toEqual([302, 400])
    expect(await scene.sessionsOf('invited')).toHaveLength(1)
  })
})
