/** In the order in which one refers to another. */
export const PEOPLE_TABLES: readonly string[] = [
  // Null: there is no address, or what is there is none.
  `alter table accounts add column email_canonical text`,
  `create index accounts_email on accounts (email_canonical) where email_canonical is not null`,
  `create table emails (
    account_id text not null references accounts (id) on delete cascade, address text not null, canonical text not null,
    verified_at text, created_at text not null, primary key (account_id, canonical))`,
  `create index emails_canonical on emails (canonical)`,
  `create unique index emails_verified on emails (canonical) where verified_at is not null`,
  // Of a method that is no longer there, too: no reference.
  `create table identities (
    id text primary key, account_id text not null references accounts (id) on delete cascade, issuer text not null,
    subject text not null, method text not null, label text not null, created_at text not null, last_used_at text,
    unique (issuer, subject))`,
  `create index identities_account on identities (account_id)`,
  `create table organizations (
    id text primary key, siret text, label text not null, created_at text not null, updated_at text not null)`,
  `create unique index organizations_siret on organizations (siret) where siret is not null`,
  `create table organization_groups (
    organization_id text not null references organizations (id) on delete cascade, group_id text not null references groups (id),
    primary key (organization_id, group_id))`,
  `create index organization_groups_group on organization_groups (group_id)`,
  `create table memberships (
    account_id text not null references accounts (id) on delete cascade,
    organization_id text not null references organizations (id) on delete cascade, source text not null, since text not null,
    primary key (account_id, organization_id, source))`,
  `create index memberships_organization on memberships (organization_id, account_id)`,
  `create table sign_in_methods (
    id text primary key, kind text not null, name text not null, position integer not null, enabled integer not null,
    settings text not null, secret_names text not null, sealed text, first_sign_in text not null, second_factor text not null,
    organizations text not null, network text not null, created_at text not null, updated_at text not null)`,
  `create table sign_in_method_groups (
    method_id text not null references sign_in_methods (id) on delete cascade, group_id text not null references groups (id),
    primary key (method_id, group_id))`,
  `create index sign_in_method_groups_group on sign_in_method_groups (group_id)`,
  // No cascade from the organization: the keys of a session are revoked with it.
  `create table sessions (
    id text primary key, token_hash text not null unique, account_id text not null references accounts (id) on delete cascade,
    host text, parent text references sessions (id) on delete cascade, method text not null, amr text not null, acr text,
    auth_time text not null, organization text references organizations (id), sealed text, address text not null,
    user_agent text not null, created_at text not null, expires_at text not null, idle_s integer not null)`,
  `create index sessions_account on sessions (account_id)`,
  `create index sessions_parent on sessions (parent) where parent is not null`,
  `create index sessions_organization on sessions (organization) where organization is not null`,
  `create index sessions_expires on sessions (expires_at)`,
  `create table totp_factors (
    id text primary key, account_id text not null references accounts (id) on delete cascade, name text not null,
    sealed text not null, confirmed_at text, last_step integer not null, created_at text not null)`,
  `create index totp_factors_account on totp_factors (account_id)`,
  // A counter has 32 bits without a sign (WebAuthn §6.1).
  `create table passkeys (
    id text primary key, account_id text not null references accounts (id) on delete cascade, name text not null,
    public_key text not null, counter bigint not null, transports text not null, backed_up integer not null,
    created_at text not null, last_used_at text)`,
  `create index passkeys_account on passkeys (account_id)`,
  `create table recovery_codes (
    account_id text not null references accounts (id) on delete cascade, hash text not null, created_at text not null, used_at text,
    primary key (account_id, hash))`,
  `create table clients (
    id text primary key, name text not null, description text not null, redirect_uris text not null,
    post_logout_redirect_uris text not null, allow text not null, methods text not null, mfa integer not null,
    roles text not null, default_role text not null, token text not null, token_in_query integer not null, disabled_at text,
    created_at text not null, updated_at text not null)`,
  // What "allow" and "roles" name besides: it keeps a group that an application knows from being deleted.
  `create table client_groups (
    client_id text not null references clients (id) on delete cascade, group_id text not null references groups (id),
    primary key (client_id, group_id))`,
  `create index client_groups_group on client_groups (group_id)`,
  `create table client_secrets (
    hash text primary key, client_id text not null references clients (id) on delete cascade, expires_at text)`,
  `create index client_secrets_client on client_secrets (client_id)`,
  // Keys that were made for an application. Those of a session that has ended have none; they are deleted a while after.
  `create table session_keys (
    key_id text primary key references api_keys (id) on delete cascade,
    session_id text references sessions (id) on delete set null, client_id text references clients (id) on delete set null,
    unique (session_id, client_id))`,
  `create index session_keys_client on session_keys (client_id)`,
  `alter table routes add column session text not null default '{"mfa":false,"max_age_s":null}'`,
]
