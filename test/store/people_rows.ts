import type {
  Client,
  EmailAddress,
  Identity,
  Organization,
  Passkey,
  Session,
  SignInMethod,
  Ticket,
  TotpFactor,
} from '../../src/core/people_types.ts'

const AT = '2026-01-01T00:00:00.000Z'

export function email(account: string, canonical: string, more: Partial<EmailAddress> = {}): EmailAddress {
  return { account, address: canonical, canonical, verified_at: null, created_at: AT, ...more }
}

export function identity(id: string, account: string, more: Partial<Identity> = {}): Identity {
  return {
    id,
    account,
    issuer: 'https://id.example.org/',
    subject: `subject of ${id}`,
    method: 'company',
    label: 'Zoé Œuvrard',
    created_at: AT,
    last_used_at: null,
    ...more,
  }
}

export function organization(id: string, more: Partial<Organization> = {}): Organization {
  return { id, siret: null, label: `Mairie ${id} — 会計`, groups: [], created_at: AT, updated_at: AT, ...more }
}

export function method(id: string, more: Partial<SignInMethod> = {}): SignInMethod {
  return {
    id,
    kind: 'oidc',
    name: `Méthode ${id}`,
    position: 5,
    enabled: true,
    settings: { issuer: 'https://id.example.org/', scopes: ['openid'] },
    secret_names: ['client_secret'],
    first_sign_in: 'create',
    second_factor: 'required',
    groups: [],
    organizations: 'required',
    network: { allow_private: ['10.0.0.0/8'] },
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function session(id: string, account: string, more: Partial<Session> = {}): Session {
  return {
    id,
    account,
    host: null,
    parent: null,
    method: 'password',
    amr: ['pwd', 'otp', 'mfa'],
    acr: null,
    auth_time: AT,
    organization: null,
    sealed: null,
    address: '2001:db8::1',
    user_agent: 'Navigateur “été”',
    created_at: AT,
    expires_at: '2026-01-01T12:00:00.000Z',
    idle_s: 7_200,
    lineage: id,
    ...more,
  }
}

export function totp(id: string, account: string, more: Partial<TotpFactor> = {}): TotpFactor {
  const sealed = `sealed ${id}`
  return { id, account, name: 'Téléphone', sealed, confirmed_at: null, last_step: 0, created_at: AT, ...more }
}

export function passkey(id: string, account: string, more: Partial<Passkey> = {}): Passkey {
  return {
    id,
    account,
    name: 'Clé',
    public_key: 'pQECAyYgASFYIA',
    counter: 0,
    transports: ['internal', 'hybrid'],
    backed_up: false,
    created_at: AT,
    last_used_at: null,
    ...more,
  }
}

export function client(id: string, more: Partial<Client> = {}): Client {
  return {
    id,
    name: `Application ${id}`,
    description: 'été',
    redirect_uris: ['https://app.example.org/in'],
    post_logout_redirect_uris: ['https://app.example.org/'],
    allow: { accounts: ['a1'], groups: [], organizations: ['o1'], authenticated: false },
    methods: ['password'],
    mfa: true,
    roles: [],
    default_role: 'reader',
    token: { enabled: true, grants: [{ connection: 'paheko', allow: ['GET /api/**'] }], ttl_s: 3_600 },
    token_in_query: false,
    openid: null,
    disabled_at: null,
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function ticket(id: string, more: Partial<Ticket> = {}): Ticket {
  return {
    id,
    purpose: 'step',
    account: null,
    session: null,
    sealed: `sealed ${id}`,
    expires_at: '2026-01-01T00:15:00.000Z',
    created_at: AT,
    ...more,
  }
}
