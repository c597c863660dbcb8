import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { makeCertificate } from '../support/subject_certificate.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
const files = folder()
const PUBLIC = 'https://octroi.example.org'
const AT = 'https://compta.example.org'
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

beforeAll(async () => {
  gate = await startTestGate({ OCTROI_PUBLIC_URL: PUBLIC })
  await gate.api('POST', '/groups', { id: 'volunteers', name: 'Volunteers' })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

const run = (args: readonly string[]) => octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey } })
const json = async (args: readonly string[]) => (await run([...args, '--json'])).json

describe('octroi client add --template', () => {
  const add = ['client', 'add', '--template', 'paheko', '--app-url', AT]

  it('puts the lines to set on stdout, the secret in its place, and the rest beside it', async () => {
    const made = await run([...add, '--allow-group', 'volunteers'])
    expect(made.code, made.stderr).toBe(0)
    const [secret] = /ocs_[A-Za-z0-9_-]{43}/.exec(made.stdout) ?? []
    expect(made.stdout).toBe(`// config.local.php of Paheko
const WWW_URL = '${AT}/';
const ADMIN_URL = '${AT}/admin/';
const SHOW_ERRORS = false;
const OIDC_CLIENT_URL = '${PUBLIC}/oidc/clients/paheko';
const OIDC_CLIENT_ID = 'paheko';
const OIDC_CLIENT_SECRET = '${secret}';
const OIDC_CLIENT_BUTTON = 'Octroi';
const OIDC_CLIENT_MATCH_EMAIL = true;
`)
    expect(made.stderr).not.toContain(secret)
    expect(made.stderr).toMatch(/Note: openid\.pkce: /)
    expect(made.stderr).not.toMatch(/Note: allow: everybody/)
    expect(made.stderr).toMatch(/What to set at the application, with the secret, shown this once/)
  })
  it('takes another name and id, and what is given wins', async () => {
    const given = ['Compta', '--id', 'compta', '--email-from', '@example.org', '--scope', 'openid', '--scope', 'email']
    const made = await json([...add, ...given, '--claim', 'none'])
    expect(made).toMatchObject({
      client_id: 'compta',
      name: 'Compta',
      client_secret: expect.stringMatching(/^ocs_/),
      openid: {
        auth_method: 'client_secret_post',
        scopes: ['openid', 'email'],
        email: { from: '@example.org', required: true },
        claims: [],
      },
    })
    expect(made.instructions).toContain("const OIDC_CLIENT_SECRET = '{client_secret}';")
  })
  it('64 with --url for the application: that one is sent the key; 1 with a template that is none', async () => {
    const wrong = await octroi(['client', 'add', '--template', 'paheko', '--url', 'http://127.0.0.1:9'], {
      env: { OCTROI_KEY: gate.adminKey },
    })
    expect(wrong).toMatchObject({ code: 64, stderr: expect.stringContaining('--app-url') })
    const none = await run(['client', 'add', '--template', 'moodle', '--app-url', AT, '--json'])
    expect(none).toMatchObject({ code: 1, problem: { errors: [{ path: 'template' }] } })
  })
})

describe('octroi client add --openid', () => {
  const add = ['client', 'add', 'Wiki', '--id', 'wiki', '--redirect-uri', 'https://wiki.example.org/cb']

  it('prints the secret and nothing else on stdout; show has a line for each member', async () => {
    const made = await run([...add, '--openid'])
    expect(made.stdout).toMatch(/^ocs_[A-Za-z0-9_-]{43}\n$/)
    const shown = (await run(['client', 'show', 'wiki'])).stdout
    const lines = shown.split('\n').filter((line) => line.startsWith('openid.'))
    expect(lines.map((line) => line.replace(/ {2,}/, ': '))).toEqual([
      'openid.auth_method: client_secret_basic',
      'openid.jwks: -',
      'openid.grant_types: authorization_code refresh_token',
      'openid.id_token_alg: ES256',
      'openid.id_token_claims: no',
      'openid.pkce: yes',
      'openid.par: no',
      'openid.dpop: no',
      'openid.scopes: openid profile email',
      'openid.email: primary',
      'openid.claims: -',
      'openid.first_party: yes',
      'openid.max_age_s: -',
      'openid.resources: -',
      'openid.access_token_ttl_s: 600',
      'openid.refresh_token_ttl_s: 2592000',
      'openid.backchannel_logout_uri: -',
      'openid.network: -',
    ])
    expect((await run(['client', 'ls'])).stdout).toMatch(/wiki +Wiki +active +yes +no/)
  })
  it('takes everything that can be said of it', async () => {
    const jwks = files.file('jwks.json', JSON.stringify({ keys: [keys.publicKey.export({ format: 'jwk' })] }))
    const options = [
      ['--auth-method', 'private_key_jwt', '--jwks-file', jwks, '--par', '--dpop', '--consent', '--email-required'],
      ['--id-token-alg', 'RS256', '--id-token-claims'],
      ['--grant-type', 'authorization_code', '--grant-type', 'client_credentials', '--max-age', '1h'],
      ['--scope', 'openid', '--scope', 'profile', '--claim', 'profile.name=name@profile'],
      ['--resource', 'https://api.example.org read write', '--resource', 'urn:example:till'],
      ['--access-token-ttl', '5m', '--refresh-token-ttl', '7d', '--backchannel-logout-uri', 'https://93.184.215.14/'],
      ['--allow-private=10.0.0.0/8'],
    ].flat()
    const made = await run(['client', 'add', 'Full', '--redirect-uri', 'https://full.example.org/', ...options])
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: 'full\n' })
    expect(made.stderr).toContain('It has no secret')
    expect((await json(['client', 'show', 'full'])).openid).toMatchObject({
      auth_method: 'private_key_jwt',
      grant_types: ['authorization_code', 'client_credentials'],
      par: true,
      dpop: true,
      pkce: true,
      id_token_alg: 'RS256',
      id_token_claims: true,
      scopes: ['openid', 'profile'],
      email: { from: 'primary', required: true },
      claims: [{ claim: 'profile.name', from: 'name', scope: 'profile' }],
      first_party: false,
      max_age_s: 3_600,
      resources: [
        { id: 'https://api.example.org', scopes: ['read', 'write'] },
        { id: 'urn:example:till', scopes: [] },
      ],
      access_token_ttl_s: 300,
      refresh_token_ttl_s: 604_800,
      backchannel_logout_uri: 'https://93.184.215.14/',
      network: { allow_private: ['10.0.0.0/8'] },
    })
  })
  it('1 with a private key, which is not shown', async () => {
    const key = keys.privateKey.export({ format: 'jwk' })
    const jwks = files.file('private.json', JSON.stringify({ keys: [key] }))
    const ran = await run([
      ...add.slice(0, 3),
      '--auth-method',
      'private_key_jwt',
      '--jwks-file',
      jwks,
      ...add.slice(5),
    ])
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('private key') })
    expect(ran.stdout + ran.stderr).not.toContain(key.d)
  })
  it('64 with what cannot be meant', async () => {
    for (const wrong of [
      ['--claim', 'profile.name'],
      ['--max-age', 'soon'],
      ['--openid=no', '--pkce'],
      ['--pkce=maybe'],
      ['--jwks-file', files.file('no.json', '{"keys"')],
    ])
      expect(await run([...add, ...wrong]), wrong.join(' ')).toMatchObject({ code: 64 })
  })
})

describe('octroi client set', () => {
  const set = (...args: string[]) => json(['client', 'set', 'wiki', ...args])

  it('changes what is given, of the address and the network too, and leaves the rest', async () => {
    const before = (await json(['client', 'show', 'wiki'])).openid
    await set('--email-from', '@example.org', '--backchannel-logout-uri', 'https://93.184.215.14/', '--allow-private')
    const { openid } = await set('--email-required', '--ca-file', files.file('ca.pem', await makeCertificate('/CN=ca')))
    expect(openid).toEqual({
      ...before,
      email: { from: '@example.org', required: true },
      backchannel_logout_uri: 'https://93.184.215.14/',
      network: { allow_private: true, ca: expect.stringContaining('BEGIN CERTIFICATE') },
    })
    expect((await set('--backchannel-logout-uri', 'none', '--max-age', '1h')).openid.network).toEqual({})
    expect((await set('--max-age', 'none')).openid.max_age_s).toBeNull()
  })
  it('takes it back, and makes it one again', async () => {
    expect((await set('--openid=no')).openid).toBeNull()
    expect((await run(['client', 'show', 'wiki'])).stdout).toMatch(/openid +no/)
    expect((await set('--openid')).openid).toMatchObject({ email: { from: 'primary', required: false } })
  })
  it('1 from rotate for one that keeps no secret', async () => {
    await set('--auth-method', 'none')
    const ran = await run(['client', 'rotate', 'wiki', '--json'])
    expect(ran).toMatchObject({ code: 1, stdout: '', problem: { code: 'conflict' } })
  })
})
