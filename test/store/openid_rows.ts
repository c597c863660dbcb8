import type { ClientOpenId, Consent, ProviderEntry, SessionClient } from '../../src/core/openid_types.ts'

const AT = '2026-01-01T00:00:00.000Z'

export function openid(more: Partial<ClientOpenId> = {}): ClientOpenId {
  return {
    id_token_alg: 'ES256',
    id_token_claims: false,
    auth_method: 'client_secret_basic',
    jwks: null,
    grant_types: ['authorization_code', 'refresh_token'],
    pkce: true,
    par: false,
    dpop: false,
    scopes: ['openid', 'profile', 'email'],
    email: { from: '@example.org', required: true },
    claims: [{ claim: 'profile.name', from: 'name', scope: 'profile' }],
    first_party: true,
    max_age_s: null,
    resources: [{ id: 'https://api.example.org/', scopes: ['lire', 'écrire'] }],
    access_token_ttl_s: 600,
    refresh_token_ttl_s: 86_400,
    backchannel_logout_uri: 'https://app.example.org/out',
    network: { allow_private: ['10.0.0.0/8'] },
    ...more,
  }
}

export function sessionClient(session: string, client: string, more: Partial<SessionClient> = {}): SessionClient {
  return { session, client, sid: `sid of ${session} at ${client}`, grant: null, created_at: AT, ...more }
}

export function consent(account: string, client: string, more: Partial<Consent> = {}): Consent {
  return {
    account,
    client,
    scopes: ['openid', 'email'],
    resources: [{ id: 'https://api.example.org/', scopes: ['lire'] }],
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function providerEntry(id: string, more: Partial<ProviderEntry> = {}): ProviderEntry {
  return {
    model: 'RefreshToken',
    id,
    grant: null,
    account: null,
    client: null,
    user_code: null,
    sealed: `sealed ${id} été`,
    consumed_at: null,
    expires_at: '2026-01-02T00:00:00.000Z',
    created_at: AT,
    ...more,
  }
}
