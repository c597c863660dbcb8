import { describe, expect, it } from 'vitest'
import { oidcKind, openOidc } from './oidc.ts'
import { OIDC_PRESET_NAMES, OIDC_PRESETS } from './oidc_presets.ts'
import { resolveOidc } from './oidc_resolved.ts'
import { OidcSettings } from './oidc_settings.ts'

const TENANT = '11111111-2222-3333-4444-555555555555'
const plain = { issuer: 'https://id.example.org', client_id: 'octroi' }

/** Each fault as `path: message`. */
function faults(settings: object): string[] {
  const { error } = OidcSettings.safeParse(settings)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('every fault names its setting', () => {
  it.each<[string, object, string]>([
    ['no issuer', { client_id: 'x' }, 'issuer: is required'],
    ['no client', { issuer: plain.issuer }, 'client_id: '],
    [
      'an issuer with a query',
      { ...plain, issuer: 'https://id.example.org/?x=1' },
      'issuer: must be an https:// address',
    ],
    ['an issuer with a user', { ...plain, issuer: 'https://a:b@id.example.org' }, 'issuer: must be'],
    ['an issuer that is a script', { ...plain, issuer: 'javascript:alert(1)' }, 'issuer: must be'],
    ['scopes without openid', { ...plain, scopes: ['email'] }, 'scopes: must contain openid'],
    ['two scopes in one', { ...plain, scopes: ['openid', 'a b'] }, 'scopes.1: must be one scope'],
    ['alg none', { ...plain, id_token_signed_response_alg: 'none' }, 'id_token_signed_response_alg: '],
    [
      'a claim that is no pointer',
      { ...plain, claims: { email: 'email' } },
      'claims.email: must say where the claim is',
    ],
    ['a map without a claim', { ...plain, group_map: { a: 'b' } }, 'claims.groups: is required with group_map'],
    ['a claim without a map', { ...plain, claims: { groups: '/groups' } }, 'group_map: is required with claims.groups'],
    ['domains without trust', { ...plain, allowed_domains: ['example.org'] }, 'allowed_domains: needs trust_email'],
    [
      'our own parameter',
      { ...plain, authorization_parameters: { nonce: 'x' } },
      'authorization_parameters.nonce: is set by Octroi',
    ],
    [
      'a public client without PKCE',
      { ...plain, token_endpoint_auth_method: 'none', pkce: 'never' },
      'pkce: may not be "never"',
    ],
    ['a preset that nobody knows', { ...plain, preset: 'okta' }, 'preset: '],
    ['prompt=none', { ...plain, prompt: 'none' }, 'prompt: '],
    ['Microsoft without a tenant', { preset: 'microsoft', client_id: 'x' }, 'tenant: is required'],
    [
      'Microsoft for everybody',
      { preset: 'microsoft', client_id: 'x', tenant: 'common' },
      'tenant: must be the id (GUID)',
    ],
    [
      'the issuer of every directory',
      { preset: 'microsoft', client_id: 'x', tenant: TENANT, issuer: 'https://login.microsoftonline.com/common/v2.0' },
      'issuer: is of every directory',
    ],
    [
      'the template of every directory',
      { ...plain, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
      'issuer: is of every directory',
    ],
    [
      'a parameter that ProConnect does not take',
      { preset: 'proconnect', client_id: 'x', authorization_parameters: { ui_locales: 'fr' } },
      'authorization_parameters.ui_locales: is not taken',
    ],
  ])('%s', (_, settings, wanted) => {
    expect(faults(settings)).toContainEqual(expect.stringContaining(wanted))
  })

  it('what nobody knows is refused by its name', () => {
    expect(OidcSettings.safeParse({ ...plain, clientid: 'x' }).error?.issues[0]).toMatchObject({ keys: ['clientid'] })
  })

  it('a secret has no place among them', () => {
    expect(OidcSettings.safeParse({ ...plain, client_secret: 'x' }).success).toBe(false)
  })
})

describe('presets', () => {
  it.each([
    ['production', 'https://auth.agentconnect.gouv.fr/api/v2'],
    ['integration', 'https://fca.integ01.dev-agentconnect.fr/api/v2'],
    ['production_rie', 'https://auth.agentconnect.rie.gouv.fr/api/v2'],
    ['integration_rie', 'https://fca.integ02.agentconnect.rie.gouv.fr/api/v2'],
  ] as const)('proconnect, %s', (environment, issuer) => {
    const settings = OidcSettings.parse({ preset: 'proconnect', environment, client_id: 'x' })
    expect(resolveOidc(settings)).toMatchObject({
      issuer,
      token_endpoint_auth_method: 'client_secret_post',
      userinfo_signed_response_alg: 'ES256',
      acr_request: 'claims',
    })
  })

  it('proconnect is production unless something else was said; RS256, where it was registered, is for both', () => {
    const settings = { preset: 'proconnect', client_id: 'x', id_token_signed_response_alg: 'RS256' }
    expect(resolveOidc(OidcSettings.parse(settings))).toMatchObject({
      issuer: 'https://auth.agentconnect.gouv.fr/api/v2',
      userinfo_signed_response_alg: 'RS256',
    })
  })

  it('google and microsoft know their issuer', () => {
    expect(resolveOidc(OidcSettings.parse({ preset: 'google', client_id: 'x' })).issuer).toBe(
      'https://accounts.google.com',
    )
    expect(resolveOidc(OidcSettings.parse({ preset: 'microsoft', client_id: 'x', tenant: TENANT })).issuer).toBe(
      `https://login.microsoftonline.com/${TENANT}/v2.0`,
    )
  })

  it('what was given wins, claim by claim', () => {
    const settings = OidcSettings.parse({
      ...plain,
      preset: 'proconnect',
      scopes: ['openid', 'uid'],
      claims: { name: ['/uid'] },
    })
    const { issuer, scopes, claims } = resolveOidc(settings)
    expect([issuer, scopes, claims.name]).toEqual([plain.issuer, ['openid', 'uid'], ['/uid']])
    expect(claims).toMatchObject({ email: '/email', email_verified: null, organizations: { siret: '/siret' } })
  })

  it.each(OIDC_PRESET_NAMES)('%s is made of settings that an administrator could give', (preset) => {
    const { group_map = { a: 'b' }, ...known } = OIDC_PRESETS[preset] as { group_map?: object }
    const groups = (known as { claims?: { groups?: string } }).claims?.groups
    const given = { ...plain, ...known, ...(groups === undefined ? {} : { group_map }) }
    expect(faults(given)).toEqual([])
  })

  it('what is stored reads again as the same', () => {
    const once = OidcSettings.parse({ preset: 'datapass', ...plain })
    expect(OidcSettings.parse(JSON.parse(JSON.stringify(once)))).toEqual(once)
  })
})

describe('secrets that do not fit', () => {
  const open = (settings: object, secrets: Record<string, string>) =>
    openOidc({ settings: { ...plain, ...settings }, network: {} } as never, secrets, {
      fetchFor: () => fetch,
      now: Date.now,
      log: { warn: () => {}, error: () => {} },
    })

  it.each<[string, object, Record<string, string>, string]>([
    ['no client_secret', {}, {}, 'secrets.client_secret'],
    [
      'HS256 without a secret',
      { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'HS256' },
      {},
      'secrets.client_secret',
    ],
    [
      'no private_key',
      { token_endpoint_auth_method: 'private_key_jwt' },
      { client_secret: 'x' },
      'secrets.private_key',
    ],
    [
      'a private_key that is none',
      { token_endpoint_auth_method: 'private_key_jwt' },
      { private_key: 'x' },
      'secrets.private_key',
    ],
  ])('%s', (_, settings, secrets, path) => {
    expect(() => open(settings, secrets)).toThrow(
      expect.objectContaining({ code: 'invalid_request', errors: [expect.objectContaining({ path })] }),
    )
  })

  it('a public client has none', () => {
    expect(open({ token_endpoint_auth_method: 'none' }, {}).type).toBe('redirect')
  })

  it('both are known by their titles', () => {
    expect(Object.keys(oidcKind.secrets)).toEqual(['client_secret', 'private_key'])
  })
})
