// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { inStore } from '../api/people.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let one: TestGate
let two: TestGate
const files = folder()
const SECRET = 'canary-client-secret-1'
const BIND = 'canary-bind-password-1'
const ENV = { CORP_CLIENT_SECRET: SECRET, DIRECTORY_BIND_PASSWORD: BIND }

beforeAll(async () => {
  ;[one, two] = await Promise.all([startTestGate(), startTestGate()])
  await fill(one)
})
afterAll(async () => {
  files.remove()
  await Promise.all([one?.stop(), two?.stop()])
})

/** One of everything that belongs to people, with every field set somewhere. */
async function fill(gate: TestGate): Promise<void> {
  await made(gate, '/groups', { id: 'staff', name: 'Staff' })
  await made(gate, '/accounts', { kind: 'person', id: 'ada', name: 'Ada' })
  await made(gate, '/organizations', { id: 'mairie', label: 'Mairie', siret: '13002526500013', groups: ['staff'] })
  await made(gate, '/organizations', { id: 'asso', label: 'Association' })
  await made(gate, '/sign-in-methods', {
    id: 'corp',
    kind: 'oidc',
    name: 'Corporate',
    position: 5,
    enabled: false,
    settings: {
      preset: 'keycloak',
      issuer: 'https://93.184.215.14/realms/x',
      client_id: 'c',
      claims: { groups: '/groups' },
      group_map: { editors: 'staff' },
    },
    secrets: { client_secret: SECRET },
    first_sign_in: 'create',
    second_factor: 'required',
    groups: ['staff'],
    organizations: 'optional',
    network: { allow_private: ['10.0.0.0/8'] },
  })
  await made(gate, '/sign-in-methods', {
    id: 'directory',
    kind: 'ldap',
    name: 'Directory',
    settings: { preset: 'openldap', urls: ['ldaps://93.184.215.14'], base_dn: 'dc=x', bind_dn: 'cn=octroi' },
    secrets: { bind_password: BIND },
  })
  await made(gate, '/clients', {
    id: 'shop',
    name: 'Shop',
    description: 'the shop',
    redirect_uris: ['https://shop.example.org/b', 'https://shop.example.org/a'],
    post_logout_redirect_uris: ['https://shop.example.org/'],
    allow: { accounts: ['ada'], groups: ['staff'], organizations: ['mairie'] },
    methods: ['corp', 'password'],
    mfa: true,
    roles: [{ group: 'staff', role: 'ADMIN' }],
    default_role: 'READER',
    token: { enabled: true, grants: [{ connection: 'paheko', allow: ['GET /**'] }], ttl_s: 600 },
    token_in_query: true,
    openid: {
      auth_method: 'private_key_jwt',
      jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'k' }] },
      grant_types: ['refresh_token', 'authorization_code', 'device_code'],
      id_token_alg: 'RS256',
      id_token_claims: true,
      par: true,
      dpop: true,
      scopes: ['email', 'openid', 'groups'],
      email: { from: '@Example.org', required: true },
      claims: [{ claim: 'profile.name', from: 'name', scope: 'groups' }],
      first_party: false,
      max_age_s: 3_600,
      resources: [{ id: 'urn:example:api', scopes: ['write', 'read'] }],
      access_token_ttl_s: 300,
      refresh_token_ttl_s: 3_600,
      backchannel_logout_uri: 'https://93.184.215.14/logout',
      network: { allow_private: ['10.0.0.0/8'] },
    },
    disabled: true,
  })
  await made(gate, '/clients', { id: 'wiki', name: 'Wiki', redirect_uris: ['https://wiki.example.org/'] })
  const usual = { redirect_uris: ['https://zulip.example.org/'], openid: {} }
  await made(gate, '/clients', { id: 'zulip', name: 'Zulip', ...usual })
}

async function made(gate: TestGate, path: string, body: object) {
  const answer = await gate.api('POST', path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function run(gate: TestGate, args: readonly string[], env: Readonly<Record<string, string>> = ENV) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
  for (const secret of [SECRET, BIND]) expect(ran.stdout + ran.stderr).not.toContain(secret)
  return ran
}
const text = (name: string) => readFileSync(join(files.path, name), 'utf8')
const stateOf = async (gate: TestGate) => parse((await run(gate, ['export'])).stdout)
const apply = (state: object, args: readonly string[], env = ENV) =>
  run(two, ['apply', files.file('case.yaml', stringify(state)), ...args], env)

describe('organizations, sign-in methods and clients', () => {
  it('are written without a secret, and with references for those that there are', async () => {
    await run(one, ['export', 'one.yaml'])
    expect(text('one.yaml')).not.toContain('ocs_')
    const { organizations, sign_in_methods, clients } = parse(text('one.yaml'))
    expect(organizations).toEqual([
      { id: 'asso', label: 'Association' },
      { id: 'mairie', siret: '13002526500013', label: 'Mairie', groups: ['staff'] },
    ])
    expect(sign_in_methods.map(({ id }: { id: string }) => id)).toEqual(['corp', 'directory', 'passkey', 'password'])
    expect(sign_in_methods[0]).toMatchObject({
      enabled: false,
      secrets: { client_secret: '${env:CORP_CLIENT_SECRET}' },
    })
    expect(clients[1]).toEqual({
      id: 'wiki',
      name: 'Wiki',
      redirect_uris: ['https://wiki.example.org/'],
      allow: { authenticated: true },
      token: { enabled: true },
    })
    expect([clients[0].openid.network, clients[1].openid, clients[2].openid]).toEqual([
      { allow_private: ['10.0.0.0/8'] },
      undefined,
      {},
    ])
  })
  it('become the same elsewhere, each new client with its secret once; then there is nothing to do', async () => {
    const applied = await run(two, ['apply', 'one.yaml', '--yes', '--json'])
    expect(applied.code, applied.stderr).toBe(0)
    expect(applied.json.client_secrets).toEqual(
      // The shop proves itself by a key of its own.
      ['wiki', 'zulip'].map((client) => ({ client, client_secret: expect.stringMatching(/^ocs_.{43}$/) })),
    )
    await run(two, ['export', 'two.yaml'])
    expect(text('two.yaml')).toBe(text('one.yaml'))
    expect((await run(two, ['apply', 'one.yaml', '--check'], {} as never)).code).toBe(0)
  })
  it('a token that an application got for a session is no state: it is neither written nor pruned', async () => {
    const { id } = await made(two, '/keys', { account: 'ada', name: 'Shop', expires_at: '2099-01-01T00:00:00Z' })
    inStore({ gate: two }, (database) =>
      database
        .prepare("update api_keys set created_by = null, description = 'Token of the application shop' where id = ?")
        .run(id),
    )
    expect((await stateOf(two)).keys).toEqual((await stateOf(one)).keys)
    await run(two, ['apply', 'one.yaml', '--prune', '--yes'])
    expect((await two.api('GET', `/keys/${id}`)).body.state).toBe('active')
    await two.api('DELETE', `/keys/${id}`)
  })
})

describe('a change in the file', () => {
  it('is the change of the fields that it names, and of no secret unless it moves', async () => {
    const state = await stateOf(two)
    state.organizations[0].label = 'Other'
    state.sign_in_methods[0].first_sign_in = 'ask'
    state.sign_in_methods[0].settings = { ...state.sign_in_methods[0].settings, trust_email: true }
    state.clients[1].mfa = true
    state.clients[0].openid.resources = undefined
    state.clients[2].openid = undefined
    const planned = await apply(JSON.parse(JSON.stringify(state)), [], {} as never)
    expect(planned.stdout.split('\n').slice(0, -2)).toEqual([
      '~ organization asso (label)',
      '~ sign-in method corp (settings, first_sign_in)',
      '~ client shop (openid)',
      '~ client wiki (mfa)',
      '~ client zulip (openid)',
    ])
    expect((await apply(JSON.parse(JSON.stringify(state)), ['--yes'], {} as never)).code).toBe(0)
    expect((await two.api('GET', '/clients/shop')).body.openid).toMatchObject({ resources: [], dpop: true })
    expect((await two.api('GET', '/clients/zulip')).body.openid).toBeNull()
    expect((await two.api('GET', '/sign-in-methods/corp')).body).toMatchObject({
      settings: { trust_email: true },
      first_sign_in: 'ask',
    })
    state.sign_in_methods[0].settings.trust_email = undefined
    await apply(JSON.parse(JSON.stringify(state)), ['--yes'], {} as never)
    expect((await two.api('GET', '/sign-in-methods/corp')).body.settings).not.toHaveProperty('trust_email')
  })
  it('D8 another address goes with the secrets, which are read then', async () => {
    const state = await stateOf(two)
    state.sign_in_methods[1].settings.urls = ['ldaps://93.184.215.15']
    const lacking = await apply(state, ['--yes'], {} as never)
    expect(lacking).toMatchObject({ code: 78, stderr: expect.stringContaining('DIRECTORY_BIND_PASSWORD') })
    expect((await apply(state, ['--yes'])).code).toBe(0)
    expect((await two.api('GET', '/sign-in-methods/directory')).body.settings.urls).toEqual(['ldaps://93.184.215.15'])
  })
  it('--secrets sends them although nothing else changes', async () => {
    const planned = await apply(await stateOf(two), ['--secrets'])
    expect(planned.stdout).toContain('~ sign-in method corp (secrets)')
  })
})

describe('--prune', () => {
  it('deletes nobody who came by a sign-in method', async () => {
    for (const id of ['bob', 'eve']) await made(two, '/accounts', { kind: 'person', id, name: id })
    await made(two, '/groups', { id: 'guests', name: 'Guests' })
    await two.api('PATCH', '/accounts/eve', { groups: ['guests'] })
    await made(two, '/accounts/eve/identities', { method: 'corp', subject: 'eve' })
    const state = await stateOf(two)
    state.groups = state.groups.filter(({ id }: { id: string }) => id !== 'guests')
    state.accounts = state.accounts.filter(({ id }: { id: string }) => id !== 'bob' && id !== 'eve')
    const planned = (await apply(state, ['--prune'])).stdout
    expect(planned).toContain('- account bob')
    expect(planned).not.toContain('eve')
    expect(planned).not.toContain('- group guests')
    for (const id of ['bob', 'eve']) await two.api('DELETE', `/accounts/${id}`)
    await two.api('DELETE', '/groups/guests')
  })
  it('deletes what uses something before it, and only where the file has the list', async () => {
    const state = await stateOf(two)
    const without = { ...state, organizations: undefined, sign_in_methods: undefined, clients: undefined }
    const kept = await apply(JSON.parse(JSON.stringify({ ...without, groups: [] })), ['--prune'])
    expect(kept).toMatchObject({ code: 78, stderr: expect.stringMatching(/groups: staff: the client shop names it/) })
    const none = { ...state, groups: [], organizations: [], sign_in_methods: [], clients: [] }
    const planned = (await apply(none, ['--prune'])).stdout.split('\n').filter((line) => line.startsWith('-'))
    expect(planned).toEqual([
      '- client shop',
      '- client wiki',
      '- client zulip',
      '- sign-in method corp',
      '- sign-in method directory',
      '- sign-in method passkey',
      '- sign-in method password',
      '- organization asso',
      '- organization mairie',
      '- group staff',
    ])
    expect((await apply(none, ['--prune', '--yes'])).code).toBe(0)
    expect((await two.api('GET', '/sign-in-methods')).body.items).toEqual([])
  })
})

describe('78 with every fault of the file at once', () => {
  it('names that lead nowhere, kinds that change, settings and secrets that are none', async () => {
    await made(two, '/sign-in-methods', { id: 'password', kind: 'password', name: 'Password' })
    const state = {
      organizations: [{ id: 'o', label: 'O', groups: ['zoo'] }],
      sign_in_methods: [
        { id: 'password', kind: 'passkey', name: 'x' },
        {
          id: 'm',
          kind: 'oidc',
          name: 'M',
          settings: { colour: 'red' },
          secrets: { wrong: '${env:X}' },
          groups: ['zoo'],
        },
      ],
      clients: [
        {
          id: 'c',
          name: 'C',
          redirect_uris: ['https://c.example.org/'],
          allow: { accounts: ['nobody'], organizations: ['none'], groups: ['zoo'] },
          methods: ['none'],
        },
      ],
    }
    const { code, stderr } = await apply(state, [])
    expect(code).toBe(78)
    for (const said of [
      'organizations: o: there is no group zoo',
      'sign_in_methods: password: it is of the kind password',
      'sign_in_methods: m: there is no group zoo',
      'sign_in_methods: m: settings.client_id',
      'sign_in_methods: m: settings.colour: is not a known field',
      'sign_in_methods: m: oidc has no secret wrong; it has client_secret, private_key',
      'clients: c: there is no account nobody',
      'clients: c: there is no group zoo',
      'clients: c: there is no organization none',
      'clients: c: there is no sign-in method none',
    ]) {
      expect(stderr).toContain(said)
    }
  })
  it('D11 references elsewhere than in secrets, and things that are there twice', async () => {
    const method = { id: 'm', kind: 'oidc', name: 'M', settings: { issuer: 'https://${env:HOME}.org', client_id: 'c' } }
    const { code, stderr } = await apply({ sign_in_methods: [method, method] }, [])
    expect(code).toBe(78)
    expect(stderr).toMatch(/sign_in_methods\.0\.settings\.issuer: takes no reference/)
    expect(stderr).toMatch(/sign_in_methods\.1: is there twice/)
  })
})
