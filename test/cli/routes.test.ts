import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
const files = folder()
const HOST = 'shop.example.org'

beforeAll(async () => {
  gate = await startTestGate()
  for (const id of ['partners', 'staff']) await gate.api('POST', '/groups', { id, name: id })
  await gate.api('POST', '/accounts', { kind: 'service', name: 'deploy' })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

const run = (args: readonly string[]) =>
  octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey }, cwd: files.path })
const json = async (args: readonly string[]) => (await run([...args, '--json'])).json

describe('octroi route', () => {
  it('add: what is given is what the route is', async () => {
    const { id: key } = (await gate.api('POST', '/keys', { name: 'k' })).body
    const accept = ['--any', 'api_key', '--any', 'basic', '--method', 'GET', '--method', 'POST']
    const allow = ['--allow-group', 'partners', '--allow-key', key, '--allow-account', 'deploy']
    const more = ['--id', 'shop', '--name', 'Shop', '--cors', 'https://app.example.org']
    const made = await run(['route', 'add', 'SHOP.example.org', '/api/**', ...accept, ...allow, ...more, '--json'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.json).toMatchObject({
      id: 'shop',
      name: 'Shop',
      host: HOST,
      path: '/api/**',
      methods: ['GET', 'POST'],
      accept: { any: ['api_key', 'basic'] },
      allow: { keys: [key], accounts: ['deploy'], groups: ['partners'], authenticated: false },
      cors: { origins: ['https://app.example.org'] },
      warnings: [],
    })
    expect((await run(['route', 'show', 'shop'])).stdout).toMatch(
      new RegExp(`accept +any of api_key, basic\nallow +group partners\n +account deploy\n +key ${key}\n`),
    )
  })

  it('add says when nobody may pass, and needs to know how callers prove who they are (64)', async () => {
    const made = await run(['route', 'add', HOST, '/all/**', '--all', 'api_key', '--all', 'mtls', '--id', 'all'])
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('allow: names nobody') })
    expect(made.stdout).toMatch(/accept +all of api_key, mtls\nallow +nobody\n/)
    for (const wrong of [
      [],
      ['--any', 'api_key', '--all', 'jwt', '--all', 'api_key'],
      ['--any', 'x', '--allow-authenticated=9'],
    ])
      expect(await run(['route', 'add', HOST, '/w', ...wrong])).toMatchObject({ code: 64, stdout: '' })
    const twice = await run(['route', 'add', HOST, '/all/**', '--any', 'jwt', '--json'])
    expect(twice).toMatchObject({ code: 1, problem: { code: 'conflict' } })
    const alone = await run(['route', 'add', HOST, '/w', '--all', 'basic'])
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('accept.all: must be two kinds or more') })
    const unknown = await run(['route', 'add', HOST, '/w', '--any', 'cookie'])
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('accept') })
  })

  it('what needs no credential is shown as open, whatever is allowed besides', async () => {
    await run(['route', 'add', HOST, '/public/**', '--any', 'anonymous', '--id', 'public'])
    const known = ['--any', 'api_key', '--any', 'anonymous', '--allow-group', 'staff']
    expect((await run(['route', 'add', HOST, '/half', ...known])).stdout).toMatch(
      /allow +anybody without a credential\n +group staff\n/,
    )
    expect((await run(['route', 'ls'])).stdout).toMatch(/^shop-example-org-half .* anonymous, group staff$/m)
    expect((await run(['route', 'ls'])).stdout).toMatch(/^public .* anonymous +anybody$/m)
  })

  it('ls, set changes what is given alone, rm', async () => {
    expect((await run(['route', 'ls'])).stdout).toMatch(
      /^all +shop\.example\.org +\/all\/\*\* +\* +all of api_key, mtls +nobody$/m,
    )
    const set = await json(['route', 'set', 'shop', '--allow-key', 'none', '--allow-group', 'staff', '--cors', 'none'])
    expect(set).toMatchObject({
      allow: { keys: [], accounts: ['deploy'], groups: ['staff'], authenticated: false },
      accept: { any: ['api_key', 'basic'] },
      methods: ['GET', 'POST'],
      cors: { origins: [] },
    })
    const open = await json(['route', 'set', 'shop', '--allow-authenticated', '--path', '/**', '--method', '*'])
    expect(open).toMatchObject({ path: '/**', methods: ['*'], allow: { authenticated: true, accounts: ['deploy'] } })
    expect((await json(['route', 'set', 'shop', '--allow-authenticated=no'])).allow.authenticated).toBe(false)
    expect(await run(['route', 'set', 'shop'])).toMatchObject({ code: 64 })
    const asks = await json(['route', 'set', 'shop', '--any', 'session', '--mfa', '--max-age', '8h'])
    expect(asks.session).toEqual({ mfa: true, max_age_s: 28_800 })
    expect((await run(['route', 'show', 'shop'])).stdout).toMatch(
      /^session +two factors\n +a proof of the last 28800 s$/m,
    )
    expect((await json(['route', 'set', 'shop', '--mfa=no'])).session).toEqual({ mfa: false, max_age_s: 28_800 })
    expect((await json(['route', 'set', 'shop', '--max-age', 'none'])).session).toEqual({ mfa: false, max_age_s: null })
    expect(await run(['route', 'set', 'shop', '--max-age', 'soon'])).toMatchObject({ code: 64 })
    expect(await run(['route', 'set', 'shop', '--mfa=perhaps'])).toMatchObject({ code: 64 })
    expect(await run(['route', 'rm', 'shop'])).toMatchObject({ code: 64 })
    expect(await run(['route', 'rm', 'shop', '--yes'])).toMatchObject({ code: 0, stdout: 'shop is deleted.\n' })
    expect(await run(['route', 'show', 'shop', '--json'])).toMatchObject({ code: 1, problem: { code: 'not_found' } })
  })
})

describe('octroi status', () => {
  it('counts groups, routes and issuers', async () => {
    const routes = (await json(['route', 'ls'])).length
    expect(await json(['status'])).toMatchObject({ groups: 2, routes, issuers: 0 })
  })
})

describe('octroi issuer', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] })
  const CI = ['--issuer', 'https://ci.example.org', '--audience', 'octroi']

  it('add: keys from a file, conditions, an account', async () => {
    const file = files.file('ci.jwks', jwks)
    const fixed = ['--account', 'deploy', '--condition', 'ref=main', '--condition', 'ref=release', '--subject', 'shop']
    const more = ['--id', 'ci', '--algorithm', 'ES256', '--clock-skew', '0', '--typ', 'at+jwt']
    const made = await json(['issuer', 'add', ...CI, '--jwks-file', file, ...fixed, ...more])
    expect(made).toMatchObject({
      id: 'ci',
      jwks_uri: null,
      jwks: { keys: [{ kid: 'one', kty: 'EC' }] },
      audience: ['octroi'],
      algorithms: ['ES256'],
      typ: 'at+jwt',
      account: 'deploy',
      conditions: { ref: ['main', 'release'], sub: ['shop'] },
      clock_skew_s: 0,
    })
    expect((await run(['issuer', 'show', 'ci'])).stdout).toMatch(/conditions +ref is main or release\n +sub is shop\n/)
    expect((await run(['issuer', 'ls'])).stdout).toMatch(
      /^ci +ci\.example\.org +active +https:\/\/ci\.example\.org +octroi +deploy$/m,
    )
  })

  it('64 for what is missing, 1 for an account without a condition (D10)', async () => {
    const bare = await run(['issuer', 'add', '--issuer', 'x'])
    expect(bare).toMatchObject({ code: 64, stderr: expect.stringMatching(/--audience AUD, --jwks-uri URL/) })
    const file = files.file('again.jwks', jwks)
    const both = ['--jwks-file', file, '--jwks-uri', 'https://ci.example.org/jwks']
    expect(await run(['issuer', 'add', ...CI, ...both])).toMatchObject({ code: 64 })
    const anybody = ['issuer', 'add', '--issuer', 'b', '--audience', 'o', '--jwks-file', file, '--account', 'deploy']
    expect(await run([...anybody, '--json'])).toMatchObject({ code: 1, problem: { code: 'conditions_required' } })
  })

  it('a file that is no JWK Set, or holds a private key, is refused and never repeated', async () => {
    const secret = privateKey.export({ format: 'jwk' })
    const cases: [string, number][] = [
      [JSON.stringify(secret), 64],
      [`{"keys": [${secret.d}`, 64],
      [JSON.stringify({ keys: [secret] }), 1],
    ]
    for (const [text, code] of cases) {
      const ran = await run(['issuer', 'add', ...CI, '--jwks-file', files.file('private.jwks', text)])
      expect(ran).toMatchObject({ code, stdout: '' })
      expect(ran.stderr).not.toContain(secret.d)
    }
  })

  it('set changes what is given alone; disable, enable, rm', async () => {
    const set = ['issuer', 'set', 'ci', '--typ', 'none', '--account', 'none', '--for-account', 'deploy']
    expect(await json([...set, '--condition', 'none'])).toMatchObject({
      typ: null,
      account: null,
      accounts: ['deploy'],
      conditions: {},
      algorithms: ['ES256'],
    })
    const uri = 'http://127.0.0.1:9/jwks'
    const near = await run(['issuer', 'set', 'ci', '--jwks-uri', uri, '--json'])
    expect(near).toMatchObject({ code: 1, problem: { code: 'insecure_upstream' } })
    const moved = await json(['issuer', 'set', 'ci', '--jwks-uri', uri, '--allow-private=127.0.0.0/8', '--allow-http'])
    expect(moved).toMatchObject({ jwks: null, jwks_uri: uri, network: { allow_private: ['127.0.0.0/8'] } })
    expect((await json(['issuer', 'disable', 'ci'])).disabled_at).not.toBeNull()
    expect((await json(['issuer', 'enable', 'ci'])).disabled_at).toBeNull()
    expect(await run(['issuer', 'set', 'ci'])).toMatchObject({ code: 64 })
    expect(await run(['issuer', 'rm', 'ci'])).toMatchObject({ code: 64 })
    expect(await run(['issuer', 'rm', 'ci', '--yes'])).toMatchObject({ code: 0, stdout: 'ci is deleted.\n' })
  })
})
