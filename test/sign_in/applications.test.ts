import { createHash, createSecretKey } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/people_types.ts'
import { generateKey } from '../../src/inbound/key_format.ts'
import { ClientApplications } from '../../src/sign_in/applications.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import type { TowardsApp } from '../../src/sign_in/towards.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { client, email, organization, session } from '../store/people_rows.ts'
import { ENGINES, Places } from '../store/places.ts'
import { group } from '../store/program_rows.ts'
import { account } from '../store/rows.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** Applications with a front end of their own: what they may ask for, the codes that they get, and what a code is worth (D5, B-41). */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const START = Date.parse('2026-01-01T01:00:00.000Z')
const CALLBACK = 'https://app.example.org/callback?from=octroi'
const VERIFIER = 'a-verifier-of-forty-three-characters-or-more-0123'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const SECRET = `ocs_${'s'.repeat(43)}`
const hashSecret = (secret: string) => `hash of ${secret}`
const GRANTS = [{ connection: 'paheko', allow: ['GET /**'] }]

let now = START
let open: OpenStore
let warnings: object[]

/** Another one on the same store is what another process would be. */
function applications(on: OpenStore = open): ClientApplications {
  const key = createSecretKey(Buffer.alloc(32, 7))
  const sealer = {
    seal: (plain: Uint8Array, place: string) => JSON.stringify([place, Buffer.from(plain).toString('base64')]),
    open: (sealed: string, place: string) => {
      const [sealedAt, text] = JSON.parse(sealed) as [string, string]
      if (sealedAt !== place) throw new Error('moved')
      return Buffer.from(text, 'base64')
    },
  }
  return new ClientApplications({
    store: on.store,
    activity: on.activity,
    secrets: new PeopleSecrets(key, sealer),
    keys: { generate: generateKey, hash: (text) => createHash('sha256').update(text).digest('base64url') },
    environment: 'test',
    publicUrl: 'https://gate.example.org',
    hashSecret,
    now: () => now,
    log: { warn: (fields) => warnings.push(fields) },
  })
}

const APP = client('app', {
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: ['https://app.example.org/bye'],
  allow: { accounts: ['zoe'], groups: ['staff'], organizations: ['town'], authenticated: false },
  roles: [
    { group: 'boss', role: 'ADMIN' },
    { group: 'staff', role: 'EDITOR' },
  ],
  default_role: 'USER',
  token: { enabled: true, grants: GRANTS, ttl_s: 3_600 },
  token_in_query: false,
  mfa: false,
  methods: [],
  disabled_at: null,
})
const SESSION: Session = session('s1', 'zoe', { organization: 'town' })
const TOWARDS: TowardsApp = {
  kind: 'app',
  client: 'app',
  redirectUri: CALLBACK,
  state: 'the state',
  challenge: CHALLENGE,
}
const asked = {
  app: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}

async function begin(engine: (typeof ENGINES)[number]): Promise<void> {
  now = START
  warnings = []
  open = await places.openFresh(engine)
  const { store } = open
  for (const id of ['staff', 'boss']) await store.groups.insert(group(id))
  await store.accounts.insert(account('zoe', { kind: 'person', email: 'Zoé@example.org', groups: ['staff'] }))
  await store.accounts.insert(account('max', { kind: 'person' }))
  await store.organizations.insert(organization('town', { siret: '21750001600019', groups: ['boss'] }))
  await store.clients.insert(APP, hashSecret(SECRET))
  await store.clients.insert({ ...APP, id: 'other', name: 'Other' }, hashSecret(`ocs_${'o'.repeat(43)}`))
  await store.sessions.insert(SESSION, 'token-1')
}

async function newCode(): Promise<string> {
  const url = new URL(await applications().leadOn(SESSION, TOWARDS))
  return url.searchParams.get('code') as string
}

const exchange = (code: string, more: Readonly<Record<string, string>> = {}, id = 'app') =>
  applications().exchange({ ...APP, id }, { code, code_verifier: VERIFIER, ...more })

const keys = async () => (await open.store.keys.list({ limit: 100 })).filter(({ revoked_at }) => revoked_at === null)
const NO_CODE = { code: 'invalid_request', detail: expect.stringMatching(/^The code is not valid/) }

describe.each(ENGINES)('%s: codes', (engine) => {
  beforeEach(() => begin(engine), 60_000)

  it('B-41: the address of the application gets a code, its state and who we are, and nothing else', async () => {
    const url = new URL(await applications().leadOn(SESSION, TOWARDS))
    expect(url.href.startsWith(`${CALLBACK}&code=`)).toBe(true)
    expect([...url.searchParams.keys()]).toEqual(['from', 'code', 'iss', 'state'])
    expect(url.searchParams.get('iss')).toBe('https://gate.example.org')
    expect(url.searchParams.get('state')).toBe('the state')
    expect(await keys()).toEqual([])
  })

  it('S3-08: its back end gets who it is, the role of his groups and a key with what the application was granted', async () => {
    const { person, session: of, token } = await exchange(await newCode(), { redirect_uri: CALLBACK })
    expect(person).toMatchObject({ role: 'ADMIN', groups: ['boss', 'staff'], emailVerified: false })
    expect(person.organization?.siret).toBe('21750001600019')
    expect(of.id).toBe('s1')
    const [key] = await keys()
    expect(key).toMatchObject({ account: 'zoe', grants: GRANTS, permissions: [], groups: ['boss', 'staff'] })
    expect(key?.expires_at).toBe(token?.expires_at)
    expect(token?.expires_at).toBe(new Date(START + 3_600_000).toISOString())
    expect(token?.key).toMatch(/^oct_key_/)
  })

  it('the key ends with the session at the latest, and another exchange revokes the one before', async () => {
    now = Date.parse(SESSION.expires_at) - 60_000
    const first = await exchange(await newCode())
    expect(first.token?.expires_at).toBe(SESSION.expires_at)
    const before = (await keys()).map(({ id }) => id)
    await exchange(await newCode())
    const after = (await keys()).map(({ id }) => id)
    expect([before.length, after.length]).toEqual([1, 1])
    expect(after).not.toEqual(before)
  })

  it('an address is verified where somebody has shown that he reads it', async () => {
    await open.store.emails.put(email('zoe', 'zoe@example.org', { verified_at: '2026-01-01T00:00:00.000Z' }))
    expect((await exchange(await newCode())).person.emailVerified).toBe(true)
  })

  it('D5: a second use revokes what the first one gave', async () => {
    const code = await newCode()
    await exchange(code)
    expect(await keys()).toHaveLength(1)
    await expect(exchange(code)).rejects.toMatchObject(NO_CODE)
    expect(await keys()).toEqual([])
  })

  it('D5: of several at once, on two processes, one gets it or none, and then nothing is left', async () => {
    const other = await places.openAgain(open)
    const code = await newCode()
    const at = (on: OpenStore) => applications(on).exchange(APP, { code, code_verifier: VERIFIER })
    const done = await Promise.allSettled([open, other, open, other].map(at))
    expect(done.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2)
    expect(await keys()).toEqual([])
  })

  it.each([
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another address', { redirect_uri: 'https://app.example.org/callback' }],
  ])('D5: 400 with %s, and the code is spent', async (_, more) => {
    const code = await newCode()
    await expect(exchange(code, more)).rejects.toMatchObject(NO_CODE)
    await expect(exchange(code)).rejects.toMatchObject(NO_CODE)
    expect(await keys()).toEqual([])
  })

  it('400 for the code of another application, which spends it and revokes nothing of the other', async () => {
    const code = await newCode()
    await exchange(await newCode())
    await expect(exchange(code, {}, 'other')).rejects.toMatchObject(NO_CODE)
    await expect(exchange(code, {}, 'other')).rejects.toMatchObject(NO_CODE)
    expect(await keys()).toHaveLength(1)
  })

  it('400 after a minute, after the session, for a disabled account, and for somebody who may no longer', async () => {
    const { store } = open
    const late = await newCode()
    now += 60_001
    await expect(exchange(late)).rejects.toMatchObject(NO_CODE)
    const outside = await newCode()
    await store.accounts.update(account('zoe', { kind: 'person', disabled_at: '2026-01-01T00:30:00.000Z' }))
    await expect(exchange(outside)).rejects.toMatchObject(NO_CODE)
    await store.accounts.update(account('zoe', { kind: 'person' }))
    const ended = await newCode()
    await store.sessions.end('s1', new Date(now).toISOString())
    await expect(exchange(ended)).rejects.toMatchObject(NO_CODE)
    await expect(exchange('not a code')).rejects.toMatchObject(NO_CODE)
    expect(await keys()).toEqual([])
  })
})

describe('what an application may ask for', () => {
  beforeEach(() => begin('sqlite'), 60_000)

  it('its one address may be left out; the name, the methods and the factors are the operator’s', async () => {
    const { redirect_uri: _, ...rest } = asked
    expect(await applications().requested({ ...rest, mfa: '1', max_age: '300', organization_hint: '1' })).toEqual({
      towards: { kind: 'app', client: 'app', redirectUri: CALLBACK, state: 'x', challenge: CHALLENGE },
      name: APP.name,
      methods: [],
      mfa: true,
      maxAgeS: 300,
      organizationHint: '1',
    })
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
    await open.store.clients.insert({ ...APP, id: 'off', disabled_at: SESSION.created_at }, 'off')
    await expect(applications().requested({ ...asked, ...more })).rejects.toMatchObject({ reason: 'bad_request' })
  })

  it.each(['state', 'code_challenge', 'app'])('refused: no %s', async (name) => {
    const query = Object.fromEntries(Object.entries(asked).filter(([key]) => key !== name))
    await expect(applications().requested(query)).rejects.toMatchObject({ reason: 'bad_request' })
  })

  it('who may use it: by account, group, organization and its groups; nobody where it is switched off', async () => {
    const may = (groups: string[], of: string | null, id = 'max') =>
      applications().mayUse('app', {
        account: { id, groups },
        organization: of === null ? null : organization(of, of === 'club' ? { groups: ['staff'] } : {}),
      })
    expect(await Promise.all([may([], null), may([], null, 'zoe'), may(['staff'], null)])).toEqual([false, true, true])
    expect(await Promise.all([may([], 'town'), may([], 'club'), may(['boss'], 'hall')])).toEqual([true, true, false])
    await open.store.clients.update({ ...APP, disabled_at: SESSION.created_at })
    expect(await may(['staff'], 'town', 'zoe')).toBe(false)
  })
})

describe('B-41: the four values in the query, where the operator has switched them on', () => {
  beforeEach(() => begin('sqlite'), 60_000)

  it('S3-08: organization, address, role and token; the log warns each time, without them', async () => {
    await open.store.clients.update({ ...APP, token_in_query: true })
    const { towards } = await applications().requested({ app: 'app' })
    const url = new URL(await applications().leadOn(SESSION, towards))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      from: 'octroi',
      organization_siret: '21750001600019',
      email: 'Zoé@example.org',
      role: 'ADMIN',
      api_token: expect.stringMatching(/^oct_key_/),
    })
    expect(warnings).toEqual([{ client: 'app' }])
    expect(await keys()).toHaveLength(1)
  })

  it('never where it is off, even if it was on when the sign-in began', async () => {
    const leading = applications().leadOn(SESSION, { ...TOWARDS, challenge: null, state: null })
    await expect(leading).rejects.toMatchObject({ reason: 'bad_request' })
    expect(await keys()).toEqual([])
  })
})

describe('the back end of an application, and its signing out', () => {
  beforeEach(() => begin('sqlite'), 60_000)

  it('is known by id and secret; 401 in the same words for all else', async () => {
    expect((await applications().authenticate('app', SECRET)).id).toBe('app')
    const wrong = [
      ['app', `ocs_${'x'.repeat(43)}`],
      ['other', SECRET],
      ['none', SECRET],
      ['app', 'short'],
      ['', SECRET],
    ] as const
    const details = await Promise.all(
      wrong.map(([id, secret]) =>
        applications()
          .authenticate(id, secret)
          .catch(({ code, detail }) => [code, detail]),
      ),
    )
    expect(new Set(details.map(String)).size).toBe(1)
    expect(String(details[0])).toContain('unauthenticated')
    await open.store.clients.update({ ...APP, disabled_at: SESSION.created_at })
    await expect(applications().authenticate('app', SECRET)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('T15: leads back to registered addresses only', async () => {
    const out = (more: Readonly<Record<string, string>>) => applications().signingOut({ app: 'app', ...more })
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
