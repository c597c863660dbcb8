import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addConsent, addPasskey, addSession, addTotp } from '../api/people.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
const files = folder()
const SECRET = 'canary-client-secret-1'
const SIRET = '13002526500013'

beforeAll(async () => {
  gate = await startTestGate({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
  for (const id of ['staff', 'editors']) await gate.api('POST', '/groups', { id, name: id })
  for (const id of ['ada', 'ben']) await gate.api('POST', '/accounts', { id, kind: 'person', name: id })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env } })
  expect(ran.stdout + ran.stderr).not.toContain(SECRET)
  return ran
}
const json = async (args: readonly string[], env = {}) => (await run([...args, '--json'], env)).json

describe('octroi sign-in-method', () => {
  const secret = ['--secret-env', 'client_secret=CORP_SECRET']
  const env = { CORP_SECRET: SECRET }
  const add = ['sign-in-method', 'add', 'oidc', '--id', 'corp', '--name', 'Corporate', '--preset', 'keycloak']
  const settings = ['issuer=https://id.example.org/realms/corp', 'client_id=123', 'scopes=openid', 'scopes=email']
  const mapped = ['claims.groups=/groups', 'group_map.team.editors=editors', 'trust_email=true']

  it('add says which addresses to register at the provider, and reads values as the kind has them', async () => {
    const set = [...settings, ...mapped].flatMap((text) => ['--set', text])
    const made = await run([...add, ...set, '--first-sign-in', 'create', '--group', 'staff', ...secret], env)
    expect(made.code, made.stderr).toBe(0)
    expect(made.stdout).toMatch(/redirect_uri +https:\/\/octroi\.example\.org\/sign-in\/corp\/callback/)
    expect(made.stderr).toMatch(/redirect URI: +https:\/\/octroi\.example\.org\/sign-in\/corp\/callback/)
    expect(made.stderr).toContain('https://octroi.example.org/session/signed-out')
    expect(await json(['sign-in-method', 'show', 'corp'])).toMatchObject({
      settings: {
        preset: 'keycloak',
        client_id: '123',
        scopes: ['openid', 'email'],
        claims: { groups: '/groups' },
        group_map: { 'team.editors': 'editors' },
        trust_email: true,
      },
      secret_names: ['client_secret'],
      first_sign_in: 'create',
      groups: ['staff'],
    })
  })
  it('ls shows them in the order in which people see them', async () => {
    await run(['sign-in-method', 'set', 'corp', '--position', '5'])
    const ids = (await json(['sign-in-method', 'ls'])).map(({ id }: { id: string }) => id)
    expect(ids).toEqual(['password', 'corp', 'passkey'])
    expect((await run(['sign-in-method', 'ls'])).stdout).toMatch(/^ID +KIND +NAME +STATE[\s\S]*corp +oidc +Corporate/)
  })
  it('set changes what is given and a part of a setting; another issuer needs the secret', async () => {
    await run(['sign-in-method', 'set', 'corp', '--set', 'claims.email=/mail', '--set', 'trust_email=none'])
    const { settings } = await json(['sign-in-method', 'show', 'corp'])
    expect(settings.claims).toEqual({ groups: '/groups', email: '/mail' })
    expect(settings).not.toHaveProperty('trust_email')
    const moved = ['sign-in-method', 'set', 'corp', '--set', 'issuer=https://id2.example.org/realms/corp']
    expect(await run([...moved, '--json'])).toMatchObject({ code: 1, problem: { code: 'secrets_required' } })
    expect(await run([...moved, ...secret], env)).toMatchObject({ code: 0 })
    expect(await run(['sign-in-method', 'set', 'corp'])).toMatchObject({ code: 64 })
  })
  it('test ends with 1 and says what is wrong', async () => {
    expect(await run(['sign-in-method', 'test', 'corp'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/\w/),
    })
    expect(await run(['sign-in-method', 'test', 'password'])).toMatchObject({ code: 0 })
  })
  it('rm, with a note when nobody can sign in any more', async () => {
    expect(await run(['sign-in-method', 'rm', 'corp'])).toMatchObject({ code: 64 })
    expect(await run(['sign-in-method', 'rm', 'corp', '--yes'])).toMatchObject({
      code: 0,
      stdout: 'corp is deleted.\n',
    })
    await run(['sign-in-method', 'set', 'passkey', '--enabled=no'])
    const last = await run(['sign-in-method', 'set', 'password', '--enabled=no'])
    expect(last.stderr).toContain('nobody can sign in')
    for (const id of ['passkey', 'password']) await run(['sign-in-method', 'set', id, '--enabled'])
  })
  it.each([
    [['sign-in-method', 'add', 'saml'], /oidc/],
    [[...add, '--set', 'trust_email=maybe'], /true or false/],
    [[...add, '--set', 'client_id=a', '--set', 'client_id=b'], /twice/],
    [[...add, '--set-json', 'claims={'], /JSON/],
    [[...add, '--secret', 'x'], /--secret-file/],
  ])('64 from %j', async (args, said) => {
    expect(await run(args)).toMatchObject({ code: 64, stderr: expect.stringMatching(said) })
  })
})

describe('octroi organization', () => {
  it('add, ls, show, set, rm, and who belongs to it', async () => {
    const label = 'Mairie de Lille'
    const made = await json(['organization', 'add', label, '--id', 'mairie', '--siret', '130 025 265 00013'])
    expect(made).toMatchObject({ id: 'mairie', siret: SIRET, label, groups: [] })
    expect((await run(['organization', 'ls'])).stdout).toMatch(/^ID +SIRET.*\nmairie +13002526500013 +Mairie de Lille/)
    expect(await json(['organization', 'set', 'mairie', '--group', 'staff', '--siret', 'none'])).toMatchObject({
      groups: ['staff'],
      siret: null,
    })
    expect((await json(['organization', 'set', 'mairie', '--group', 'none'])).groups).toEqual([])
    expect(await run(['organization', 'member', 'add', 'mairie', 'ada'])).toMatchObject({ code: 0 })
    expect((await run(['organization', 'member', 'ls', 'mairie'])).stdout).toMatch(/ada +manual/)
    expect(await run(['organization', 'member', 'rm', 'mairie', 'ada'])).toMatchObject({ code: 0 })
    expect((await run(['organization', 'member', 'ls', 'mairie'])).stdout).toContain('Nobody')
    expect(await run(['organization', 'rm', 'mairie', '--yes'])).toMatchObject({ code: 0 })
    expect(await run(['organization', 'show', 'mairie', '--json'])).toMatchObject({
      code: 1,
      problem: { code: 'not_found' },
    })
  })
})

describe('octroi client', () => {
  const add = ['client', 'add', 'Shop', '--id', 'shop', '--redirect-uri', 'https://shop.example.org/cb']

  it('add prints the secret and nothing else on stdout', async () => {
    const made = await run([
      ...add,
      '--allow-group',
      'staff',
      '--role',
      'editors=EDITOR',
      '--tokens',
      '--token-ttl',
      '1h',
    ])
    expect(made.stdout).toMatch(/^ocs_[A-Za-z0-9_-]{43}\n$/)
    expect(made.stderr).toMatch(/client_id +shop[\s\S]*editors → EDITOR[\s\S]*shown this once/)
    expect(await json(['client', 'show', 'shop'])).toMatchObject({
      allow: { groups: ['staff'] },
      roles: [{ group: 'editors', role: 'EDITOR' }],
      token: { enabled: true, ttl_s: 3_600, grants: [] },
    })
  })
  it('set changes what is given of allow and of the token, and leaves the rest', async () => {
    const set = (...args: string[]) => json(['client', 'set', 'shop', ...args])
    expect(await set('--allow-account', 'ada', '--grant', 'paheko:GET /api/**')).toMatchObject({
      allow: { accounts: ['ada'], groups: ['staff'] },
      token: { enabled: true, ttl_s: 3_600, grants: [{ connection: 'paheko', allow: ['GET /api/**'] }] },
    })
    expect((await set('--grant', 'none', '--role', 'none')).token.grants).toEqual([])
    expect((await set('--disable')).disabled_at).toMatch(/Z$/)
    expect((await set('--enable')).disabled_at).toBeNull()
    const told = await run(['client', 'set', 'shop', '--token-in-query'])
    expect(told.stderr).toContain('token_in_query')
    expect(await run(['client', 'set', 'shop'])).toMatchObject({ code: 64 })
  })
  it('ls, rotate, rm', async () => {
    expect((await run(['client', 'ls'])).stdout).toMatch(/shop +Shop +active +no +yes +https:\/\/shop/)
    const rotated = await run(['client', 'rotate', 'shop', '--overlap', '0'])
    expect([rotated.stdout, rotated.stderr]).toEqual([
      expect.stringMatching(/^ocs_.{43}\n$/),
      expect.stringContaining('ended'),
    ])
    expect(await run(['client', 'rm', 'shop', '--yes'])).toMatchObject({ code: 0, stdout: 'shop is deleted.\n' })
  })
  it('64 without an address, 1 with one that is none', async () => {
    expect(await run(['client', 'add', 'x'])).toMatchObject({ code: 64 })
    const bad = await run(['client', 'add', 'x', '--redirect-uri', 'http://shop.example.org/', '--json'])
    expect(bad).toMatchObject({ code: 1, problem: { errors: [{ path: 'redirect_uris.0' }] } })
  })
})

describe('octroi session', () => {
  it('ls, show, rm', async () => {
    addSession({ gate }, 's1', 'ada', { host: 'wiki.example.org' })
    addSession({ gate }, 's2', 'ada')
    addSession({ gate }, 's3', 'ben')
    expect((await run(['session', 'ls', '--account', 'ada'])).stdout).toMatch(
      /s1 +ada +wiki\.example\.org[\s\S]*s2 +ada +-/,
    )
    expect((await json(['session', 'ls', '--host', 'wiki.example.org'])).length).toBe(1)
    expect((await run(['session', 'show', 's3'])).stdout).toMatch(/account +ben/)
    expect(await run(['session', 'rm', 's3'])).toMatchObject({ code: 64 })
    expect(await run(['session', 'rm', '--yes'])).toMatchObject({ code: 64 })
    expect(await run(['session', 'rm', 's3', '--yes'])).toMatchObject({ code: 0, stdout: 's3 has ended.\n' })
    expect(await json(['session', 'rm', '--account', 'ada', '--yes'])).toEqual({ account: 'ada', ended: 2 })
    expect((await run(['session', 'ls'])).stdout).toBe('Nobody is signed in.\n')
  })
})

describe('octroi account', () => {
  it('identity add, ls, rm', async () => {
    const settings = ['--set', 'issuer=https://id.example.org', '--set', 'client_id=c']
    const secret = ['--secret-env', 'client_secret=X']
    await run(['sign-in-method', 'add', 'oidc', '--id', 'id', ...settings, ...secret], { X: SECRET })
    const { id } = await json(['account', 'identity', 'add', 'ada', 'sub-1', '--issuer', 'https://id.example.org'])
    expect((await run(['account', 'identity', 'ls', 'ada'])).stdout).toMatch(/id +https:\/\/id\.example\.org +sub-1/)
    expect(await run(['account', 'identity', 'add', 'ada', 'sub-1'])).toMatchObject({ code: 64 })
    expect(await run(['account', 'identity', 'rm', 'ada', id, '--yes'])).toMatchObject({ code: 0 })
    expect((await run(['account', 'identity', 'ls', 'ada'])).stdout).toBe('It has no identity.\n')
  })
  it('email add, ls, rm', async () => {
    const address = 'ada@example.org'
    expect(await json(['account', 'email', 'add', 'ada', address])).toMatchObject({ address, verified_at: null })
    expect((await json(['account', 'email', 'add', 'ada', address, '--verified'])).verified_at).toMatch(/Z$/)
    expect((await run(['account', 'email', 'ls', 'ada'])).stdout).toMatch(/ada@example\.org +2\d{3}-/)
    expect(await run(['account', 'email', 'rm', 'ada', address])).toMatchObject({ code: 0 })
    expect(await json(['account', 'email', 'ls', 'ada'])).toEqual([])
  })
  it('factor ls, rm', async () => {
    addTotp({ gate }, 'phone', 'ada')
    addPasskey({ gate }, 'Laptop-Key_1', 'ada')
    expect((await run(['account', 'factor', 'ls', 'ada'])).stdout).toMatch(
      /Laptop-Key_1 +passkey[\s\S]*phone +totp[\s\S]*left: 0/,
    )
    for (const factor of ['Laptop-Key_1', 'phone']) {
      expect(await run(['account', 'factor', 'rm', 'ada', factor, '--yes'])).toMatchObject({ code: 0 })
    }
    expect(await json(['account', 'factor', 'ls', 'ada'])).toEqual({ passkeys: [], totp: [], recovery_codes: 0 })
  })
  it('application ls, rm', async () => {
    const redirect_uris = ['https://notes.example.org/in']
    await gate.api('POST', '/clients', { id: 'notes', name: 'The notes', redirect_uris })
    addConsent({ gate }, 'ada', 'notes')
    const ls = ['account', 'application', 'ls', 'ada']
    expect((await run(ls)).stdout).toMatch(/notes +The notes +2026-01-01\S+ +openid email +no +no +2026-01-01/)
    expect(await json(ls)).toMatchObject([{ client: 'notes', scopes: ['openid', 'email'], signed_in: false }])
    const rm = ['account', 'application', 'rm', 'ada', 'notes', '--yes']
    expect(await run(rm)).toMatchObject({ code: 0, stdout: 'notes no longer has access to ada.\n' })
    expect((await run(ls)).stdout).toBe('No application knows this person.\n')
    expect(await run(rm)).toMatchObject({ code: 1 })
  })
})
