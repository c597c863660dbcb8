import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { organization } from '../store/people_rows.ts'
import { Places } from '../store/places.ts'
import { APP, CALLBACK, CHALLENGE, openScene, type Scene, SECRET, SESSION, TOWARDS } from './application_scene.ts'

/** Applications with a front end of their own: what they may ask for, and where they lead (T15, T16, B-41). */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)

let scene: Scene

const asked = {
  app: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}

describe('what an application may ask for', () => {
  beforeEach(async () => {
    scene = await openScene(places, 'sqlite')
  }, 60_000)

  it('its one address may be left out; the name, the methods and the factors are the operator’s', async () => {
    const { redirect_uri: _, ...rest } = asked
    expect(await scene.applications().requested({ ...rest, mfa: '1', max_age: '300', organization_hint: '1' })).toEqual(
      {
        towards: { kind: 'app', client: 'app', redirectUri: CALLBACK, state: 'x', challenge: CHALLENGE },
        name: APP.name,
        methods: [],
        mfa: true,
        maxAgeS: 300,
        organizationHint: '1',
      },
    )
  })

  it.each([
    ['T16: another case', { redirect_uri: CALLBACK.toUpperCase() }],
    ['T16: a slash more', { redirect_uri: CALLBACK.replace('?', '/?') }],
    ['T16: another query', { redirect_uri: `${CALLBACK}&x=1` }],
    ['T16: a port', { redirect_uri: CALLBACK.replace('.org', '.org:443') }],
    ['T16: encoded', { redirect_uri: CALLBACK.replace('callback', 'call%62ack') }],
    ['T16: below it', { redirect_uri: `${CALLBACK}/more` }],
    ['T16: somewhere else', { redirect_uri: 'https://evil.example' }],
    ['no such application', { app: 'none' }],
    ['a switched off application', { app: 'off' }],
    ['an empty state', { state: '' }],
    ['a long state', { state: 's'.repeat(513) }],
    ['plain', { code_challenge_method: 'plain' }],
    ['no method of the challenge', { code_challenge_method: '' }],
    ['a short challenge', { code_challenge: 'c'.repeat(42) }],
    ['max_age that is no number', { max_age: '-1' }],
  ])('refused: %s', async (_, more) => {
    await scene.open.store.clients.insert({ ...APP, id: 'off', disabled_at: SESSION.created_at }, 'off')
    await expect(scene.applications().requested({ ...asked, ...more })).rejects.toMatchObject({ reason: 'bad_request' })
  })

  it.each(['state', 'code_challenge', 'app'])('refused: no %s', async (name) => {
    const query = Object.fromEntries(Object.entries(asked).filter(([key]) => key !== name))
    await expect(scene.applications().requested(query)).rejects.toMatchObject({ reason: 'bad_request' })
  })

  it('who may use it: by account, group, organization and its groups; nobody where it is switched off', async () => {
    const may = (groups: string[], of: string | null, id = 'max') =>
      scene.applications().mayUse('app', {
        account: { id, groups },
        organization: of === null ? null : organization(of, of === 'club' ? { groups: ['staff'] } : {}),
      })
    expect(await Promise.all([may([], null), may([], null, 'zoe'), may(['staff'], null)])).toEqual([false, true, true])
    expect(await Promise.all([may([], 'town'), may([], 'club'), may(['boss'], 'hall')])).toEqual([true, true, false])
    await scene.open.store.clients.update({ ...APP, disabled_at: SESSION.created_at })
    expect(await may(['staff'], 'town', 'zoe')).toBe(false)
  })
})

describe('B-41: the four values in the query, where the operator has switched them on', () => {
  beforeEach(async () => {
    scene = await openScene(places, 'sqlite')
  }, 60_000)

  it('S3-08: organization, address, role and token; the log warns each time, without them', async () => {
    await scene.open.store.clients.update({ ...APP, token_in_query: true })
    const { towards } = await scene.applications().requested({ app: 'app' })
    const url = new URL(await scene.applications().leadOn(SESSION, towards))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      from: 'octroi',
      organization_siret: '21750001600019',
      email: 'Zoé@example.org',
      role: 'ADMIN',
      api_token: expect.stringMatching(/^oct_key_/),
    })
    expect(scene.warnings).toEqual([{ client: 'app' }])
    expect(await scene.keys()).toHaveLength(1)
  })

  it('never where it is off, even if it was on when the sign-in began', async () => {
    const leading = scene.applications().leadOn(SESSION, { ...TOWARDS, challenge: null, state: null })
    await expect(leading).rejects.toMatchObject({ reason: 'bad_request' })
    expect(await scene.keys()).toEqual([])
  })
})

describe('the back end of an application, and its signing out', () => {
  beforeEach(async () => {
    scene = await openScene(places, 'sqlite')
  }, 60_000)

  it('is known by id and secret; 401 in the same words for all else', async () => {
    expect((await scene.applications().authenticate('app', SECRET)).id).toBe('app')
    const wrong = [
      ['app', `ocs_${'x'.repeat(43)}`],
      ['other', SECRET],
      ['none', SECRET],
      ['app', 'short'],
      ['', SECRET],
    ] as const
    const details = await Promise.all(
      wrong.map(([id, secret]) =>
        scene
          .applications()
          .authenticate(id, secret)
          .catch(({ code, detail }) => [code, detail]),
      ),
    )
    expect(new Set(details.map(String)).size).toBe(1)
    expect(String(details[0])).toContain('unauthenticated')
    await scene.open.store.clients.update({ ...APP, disabled_at: SESSION.created_at })
    await expect(scene.applications().authenticate('app', SECRET)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('T15: leads back to registered addresses only', async () => {
    const out = (more: Readonly<Record<string, string>>) => scene.applications().signingOut({ app: 'app', ...more })
    expect(
      await out({ post_logout_redirect_uri: 'https://app.example.org/bye', state: 'a b', session_id: 's1' }),
    ).toEqual({
      name: APP.name,
      returnTo: 'https://app.example.org/bye?state=a+b',
      session: 's1',
    })
    expect(await out({})).toMatchObject({ returnTo: null, session: null })
    for (const address of ['https://app.example.org/bye/', 'https://evil.example', CALLBACK, '//evil.example'])
      await expect(out({ post_logout_redirect_uri: address })).rejects.toMatchObject({ reason: 'bad_request' })
  })
})
