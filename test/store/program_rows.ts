import type { Group, Issuer, Route, SigningKeyRow } from '../../src/core/program_types.ts'

const AT = '2026-01-01T00:00:00.000Z'

export function group(id: string, more: Partial<Group> = {}): Group {
  return { id, name: `Groupe ${id}`, description: 'été', grants: [], created_at: AT, updated_at: AT, ...more }
}

export function route(id: string, more: Partial<Route> = {}): Route {
  return {
    id,
    name: `Route ${id}`,
    description: '会計',
    host: 'shop.example.org',
    path: '/api/**',
    methods: ['GET', 'POST'],
    accept: { mode: 'any', kinds: ['api_key', 'basic'] },
    allow: { keys: ['k1'], accounts: ['a1'], groups: [], authenticated: false },
    cors_origins: ['https://app.example.org'],
    session: { mfa: false, max_age_s: null },
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function issuer(id: string, more: Partial<Issuer> = {}): Issuer {
  return {
    id,
    name: `Émetteur ${id}`,
    issuer: 'https://id.example.org/',
    jwks_uri: 'https://id.example.org/jwks',
    jwks: null,
    audience: ['octroi'],
    algorithms: ['RS256', 'ES256'],
    typ: null,
    subject_claim: 'sub',
    account: 'a1',
    accounts: [],
    conditions: { repository: ['example/shop'] },
    network: { allow_private: ['10.0.0.0/8'] },
    clock_skew_s: 60,
    disabled_at: null,
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function signingKey(
  id: string,
  state: SigningKeyRow['state'],
  more: Partial<SigningKeyRow> = {},
): SigningKeyRow {
  const public_key = `{"kty":"EC","kid":"${id}"}`
  return { id, algorithm: 'ES256', state, public_key, sealed: `sealed ${id}`, created_at: AT, since: AT, ...more }
}
