import type { Generated } from 'kysely'
import type { OpenIdTables, ProviderEntryTables } from './openid_schema.ts'
import type { PeopleTables } from './people_schema.ts'

/** Times are RFC 3339 text (they sort as text), JSON is text, booleans are 0 or 1: the same on both engines. */
export interface MainTables extends PeopleTables, OpenIdTables {
  accounts: {
    id: string
    kind: string
    name: string
    description: string
    email: string | null
    grants: string
    disabled_at: string | null
    created_at: string
    updated_at: string
    email_canonical: string | null
  }
  groups: {
    id: string
    name: string
    description: string
    grants: string
    created_at: string
    updated_at: string
  }
  account_groups: { account_id: string; group_id: string }
  account_passwords: { account_id: string; hash: string }
  account_certificates: { subject: string; account_id: string }
  api_keys: {
    id: string
    account_id: string
    name: string
    description: string
    permissions: string
    grants: string
    cidrs: string
    rate_limit: string | null
    imported: number
    usable_when_owner_inactive: number
    environment: string
    expires_at: string | null
    disabled_at: string | null
    revoked_at: string | null
    created_at: string
    updated_at: string
    created_by: string | null
    tech_name: string | null
    inherits_groups: number
  }
  key_groups: { key_id: string; group_id: string }
  key_secrets: { hash: string; key_id: string; expires_at: string | null; created_at: string }
  connections: {
    id: string
    connector: string
    scheme: string
    name: string
    settings: string
    tags: string
    network: string
    options: string
    state: string
    state_reason: string | null
    state_since: string
    secrets: string
    next_secrets: string | null
    secrets_version: number
    data_key_id: string
    app: string | null
    created_at: string
    updated_at: string
  }
  connector_apps: {
    connector: string
    scheme: string
    settings: string
    network: string
    secrets: string
    secrets_version: number
    data_key_id: string
    created_at: string
    updated_at: string
  }
  connection_tokens: {
    connection_id: string
    sealed: string | null
    version: number
    due_at: string | null
    failures: number
    fence: number
    lease_until: string | null
  }
  connect_sessions: {
    id: string
    token_hash: string
    connector: string
    connection_id: string | null
    key_id: string
    return_url: string | null
    state: string
    sealed: string
    state_hash: string | null
    expires_at: string
    created_at: string
  }
  events: { id: string; type: string; subject: string; at: string; data: string }
  webhooks: {
    id: string
    name: string
    url: string
    network: string
    secrets: string
    state: string
    state_reason: string | null
    state_since: string
    created_at: string
    updated_at: string
    created_by: string | null
  }
  webhook_types: { webhook_id: string; type: string }
  webhook_deliveries: {
    webhook_id: string
    event_id: string
    state: string
    attempts: number
    due_at: string | null
    lease: string | null
    last_at: string | null
    last_status: number | null
    last_error: string | null
    created_at: string
    finished_at: string | null
  }
  routes: {
    id: string
    name: string
    description: string
    host: string
    path: string
    methods: string
    accept: string
    allow: string
    cors_origins: string
    created_at: string
    updated_at: string
    session: string
  }
  route_groups: { route_id: string; group_id: string }
  issuers: {
    id: string
    name: string
    issuer: string
    jwks_uri: string | null
    jwks: string | null
    audience: string
    algorithms: string
    typ: string | null
    subject_claim: string
    account: string | null
    accounts: string
    conditions: string
    network: string
    clock_skew_s: number
    disabled_at: string | null
    created_at: string
    updated_at: string
  }
  signing_keys: {
    id: string
    algorithm: string
    state: string
    public_key: string
    sealed: string
    created_at: string
    since: string
  }
  vault_keys: { id: string; wrapped: string; created_at: string }
  data_keys: { id: string; kek_id: string; wrapped: string }
}

export interface ActivityTables extends ProviderEntryTables {
  audit_batches: {
    row: Generated<number>
    writer: string
    seq: number
    first_at: string
    last_at: string
    count: number
    lines: string
    mac: string
  }
  audit_index: { row: number; kind: string; value: string }
  audit_checkpoints: { writer: string; seq: number; batch_mac: string; at: string; mac: string }
  key_uses: { key_id: string; at: string }
  key_days: { key_id: string; day: string; calls: number; refused: number }
  rate_windows: { key: string; starts: number; used: number; ends: number; given: number }
  replays: { id: string; body_hash: string; state: string; answer: string | null; expires_at: string; fence: string }
  tickets: {
    id: string
    purpose: string
    account: string | null
    session: string | null
    sealed: string
    expires_at: string
    created_at: string
  }
  session_uses: { session: string; at: string }
}
