import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorld, type World } from '../../../test/api/world.ts'
import { CLIENT_TEMPLATE_NAMES, CLIENT_TEMPLATES, type ClientTemplateName } from './index.ts'
import { filledIn } from './template.ts'

let world: World
const PUBLIC = 'https://octroi.example.org/gate'
const ISSUER = `${PUBLIC}/oidc`
const AT = 'https://93.184.215.14/app'

beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: PUBLIC })
})
afterAll(() => world.stop())

const create = (template: string, more: object = {}) =>
  world.call('clients.create', { body: { template, url: AT, ...more } })

const POST = 'client_secret_post'
const CODE = ['authorization_code']
const REFRESHED = ['authorization_code', 'refresh_token']
const WHO = ['openid', 'profile', 'email']
const REQUIRED = { from: 'primary', required: true }

/** All that a template says; the rest is as it is anyway. */
const EXPECTED: Readonly<Record<ClientTemplateName, readonly [string[], string[], object]>> = {
  paheko: [
    [`${AT}/admin/login.php?oidc`],
    [],
    {
      auth_method: POST,
      grant_types: CODE,
      pkce: false,
      scopes: WHO,
      email: REQUIRED,
      claims: [{ claim: 'profile.name', from: 'name', scope: 'profile' }],
    },
  ],
  recyclique: [
    [`${AT}/api/callback`],
    [`${AT}/api/logged-out`],
    { scopes: WHO, email: REQUIRED, backchannel_logout_uri: `${AT}/api/backchannel-logout` },
  ],
  odoo: [
    [`${AT}/auth_oauth/signin`],
    [`${AT}/web/login`],
    { grant_types: CODE, id_token_alg: 'RS256', id_token_claims: true, email: REQUIRED },
  ],
  nextcloud: [
    [`${AT}/apps/user_oidc/code`, `${AT}/index.php/apps/user_oidc/code`],
    [`${AT}/`],
    {
      auth_method: POST,
      grant_types: REFRESHED,
      id_token_claims: true,
      scopes: [...WHO, 'groups'],
      backchannel_logout_uri: `${AT}/index.php/apps/user_oidc/backchannel-logout/octroi`,
    },
  ],
  wordpress: [
    [`${AT}/wp-admin/admin-ajax.php?action=openid-connect-authorize`],
    [`${AT}/`],
    { auth_method: POST, grant_types: REFRESHED, pkce: false, email: REQUIRED },
  ],
  grafana: [[`${AT}/login/generic_oauth`], [`${AT}/login`], { scopes: [...WHO, 'groups'], email: REQUIRED }],
  gitea: [
    [`${AT}/user/oauth2/octroi/callback`],
    [`${AT}/`],
    { grant_types: REFRESHED, pkce: false, scopes: [...WHO, 'groups'], email: REQUIRED },
  ],
}

describe.each(CLIENT_TEMPLATE_NAMES)('the template %s', (name) => {
  it('201 with exactly these fields, and lines that lack nothing but the secret', async () => {
    const [redirect_uris, post_logout_redirect_uris, openid] = EXPECTED[name]
    const usual = (await world.must('clients.create', { body: { name: 'x', redirect_uris, openid: {} } })).openid
    const { status, body } = await create(name, { id: name })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      client_id: name,
      redirect_uris,
      post_logout_redirect_uris,
      token: { enabled: false },
      client_secret: expect.stringMatching(/^ocs_/),
    })
    expect(body.openid).toEqual({ ...usual, ...openid })
    const lines = body.instructions.join('\n')
    expect(lines).toContain(ISSUER)
    expect(lines).toContain('{client_secret}')
    expect(lines.replaceAll('{client_secret}', '')).not.toMatch(/[{}]/)
    expect(lines).not.toContain(body.client_secret)
  })
  it('warns that everybody may use it, where nobody is named', async () => {
    expect((await create(name)).body.warnings).toContainEqual(expect.stringMatching(/^allow: everybody/))
    const { warnings } = (await create(name, { allow: { authenticated: false } })).body
    expect(warnings).not.toContainEqual(expect.stringMatching(/^allow: everybody/))
  })
  it('goes with an application on the developer’s own machine, which needs no other network', async () => {
    expect((await create(name, { url: 'http://localhost:8080/' })).status).toBe(201)
  })
})

describe('what is given', () => {
  it('wins over the template, member by member', async () => {
    const openid = { pkce: true, email: { from: '@example.org' } }
    const { body } = await create('paheko', { name: 'Compta', redirect_uris: ['https://x.example.org/cb'], openid })
    expect(body).toMatchObject({
      id: 'compta',
      name: 'Compta',
      redirect_uris: ['https://x.example.org/cb'],
      openid: { auth_method: POST, pkce: true, email: { from: '@example.org', required: true } },
    })
  })
  it('null takes the OpenID client away', async () => {
    expect((await create('paheko', { openid: null })).body).toMatchObject({ openid: null, token: { enabled: true } })
  })
  it.each([
    'https://x.example.org/?a=1',
    'https://x.example.org/#x',
    "https://x.example.org/'",
    'https://x.example.org/a;b',
    'https://x.example.org/$(id)',
    'http://x.example.org',
    'x.example.org',
    'https://u:p@x.example.org',
  ])('400 with %s for the address', async (url) => {
    const { status, body } = await create('paheko', { url })
    expect([status, body.errors[0].path]).toEqual([400, 'url'])
  })
  it('400 with another template, which says which there are', async () => {
    const { status, body } = await create('moodle')
    expect([status, body.errors]).toEqual([
      400,
      [{ path: 'template', message: `must be one of ${CLIENT_TEMPLATE_NAMES.join(', ')}` }],
    ])
  })
  it('is kept for a repeated request without the secret, in the lines too', async () => {
    const call = { body: { template: 'paheko', url: AT, id: 'again' }, headers: { 'Idempotency-Key': 'templates' } }
    const first = await world.must('clients.create', call)
    const again = await world.call('clients.create', call)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.body.instructions).toEqual(first.instructions)
    expect(JSON.stringify(again.body)).not.toContain(first.client_secret)
  })
})

describe('filling in', () => {
  it('puts values in as they are, leaves what it does not know, and reads nothing twice', () => {
    const told = { issuer: '{client_id}', client_id: '$&', client_secret: '{issuer}' }
    expect(filledIn(['{issuer} {client_id} {client_secret} {other}'], told)).toEqual([
      '{client_id} $& {issuer} {other}',
    ])
    expect(filledIn(['{client_secret}'], { issuer: '', client_id: '', client_secret: null })).toEqual([
      '{client_secret}',
    ])
  })
  it('every template has its lines from its address alone', () => {
    for (const template of Object.values(CLIENT_TEMPLATES)) expect(template.instructions(AT).length).toBeGreaterThan(5)
  })
})
