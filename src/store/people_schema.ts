/** Who signs in, and to what; see `schema.ts`. */
export interface PeopleTables {
  emails: {
    account_id: string
    address: string
    canonical: string
    verified_at: string | null
    created_at: string
  }
  identities: {
    id: string
    account_id: string
    issuer: string
    subject: string
    method: string
    label: string
    created_at: string
    last_used_at: string | null
  }
  organizations: { id: string; siret: string | null; label: string; created_at: string; updated_at: string }
  organization_groups: { organization_id: string; group_id: string }
  memberships: { account_id: string; organization_id: string; source: string; since: string }
  sign_in_methods: {
    id: string
    kind: string
    name: string
    position: number
    enabled: number
    settings: string
    secret_names: string
    sealed: string | null
    first_sign_in: string
    second_factor: string
    organizations: string
    network: string
    created_at: string
    updated_at: string
  }
  sign_in_method_groups: { method_id: string; group_id: string }
  sessions: {
    id: string
    token_hash: string
    account_id: string
    host: string | null
    parent: string | null
    method: string
    amr: string
    acr: string | null
    auth_time: string
    organization: string | null
    sealed: string | null
    address: string
    user_agent: string
    created_at: string
    expires_at: string
    idle_s: number
    lineage: string
  }
  totp_factors: {
    id: string
    account_id: string
    name: string
    sealed: string
    confirmed_at: string | null
    last_step: number
    created_at: string
  }
  passkeys: {
    id: string
    account_id: string
    name: string
    public_key: string
    /** Text on PostgreSQL. */
    counter: number
    transports: string
    backed_up: number
    created_at: string
    last_used_at: string | null
  }
  recovery_codes: { account_id: string; hash: string; created_at: string; used_at: string | null }
  clients: {
    id: string
    name: string
    description: string
    redirect_uris: string
    post_logout_redirect_uris: string
    allow: string
    methods: string
    mfa: number
    roles: string
    default_role: string
    token: string
    token_in_query: number
    openid: string | null
    backchannel_logout_uri: string | null
    disabled_at: string | null
    created_at: string
    updated_at: string
  }
  client_groups: { client_id: string; group_id: string }
  client_secrets: { hash: string; client_id: string; expires_at: string | null }
  session_keys: { key_id: string; session_id: string | null; client_id: string | null }
}
