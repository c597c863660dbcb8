import type { AuditBatch, DataKey, KeyEncryptionKey, ReplayRow, Store } from '../../src/core/stores.ts'
import type { Account, ApiKey, Connection, EventRow, KeySecret, SealedSecrets } from '../../src/core/types.ts'

const AT = '2026-01-01T00:00:00.000Z'

export function account(id: string, more: Partial<Account> = {}): Account {
  return {
    id,
    kind: 'service',
    name: `Compte ${id}`,
    description: 'l’été — 会計',
    email: null,
    groups: [],
    grants: [],
    certificate_subjects: [],
    has_password: false,
    disabled_at: null,
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function apiKey(id: string, owner: string, more: Partial<ApiKey> = {}): ApiKey {
  return {
    id,
    account: owner,
    name: `Clé ${id}`,
    description: '',
    permissions: ['keys.read', { permission: 'connections.read', tags: { customer: '42' } }],
    grants: [{ connection: 'paheko', allow: ['GET /api/**'], credentials: true }],
    groups: null,
    tech_name: null,
    cidrs: ['10.0.0.0/8'],
    rate_limit: { limit: 10, window_s: 60 },
    imported: false,
    usable_when_owner_inactive: true,
    environment: 'test',
    expires_at: null,
    disabled_at: null,
    revoked_at: null,
    created_at: AT,
    updated_at: AT,
    created_by: null,
    ...more,
  }
}

export function keySecret(hash: string, key: string, more: Partial<KeySecret> = {}): KeySecret {
  return { hash, key_id: key, expires_at: null, created_at: AT, ...more }
}

export function connection(id: string, more: Partial<Connection> = {}): Connection {
  return {
    id,
    connector: 'paheko',
    scheme: 'basic',
    name: `Connexion ${id}`,
    settings: { base_url: 'https://asso.example.org' },
    tags: { customer: '42' },
    network: { allow_private: ['10.0.0.0/8'] },
    options: { limits: { concurrent_writes: 1 }, allow_never: ['* /api/sql*'] },
    app: null,
    has_next: false,
    state: 'ready',
    state_reason: null,
    state_since: AT,
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

export function sealed(version: number, more: Partial<SealedSecrets> = {}): SealedSecrets {
  return { current: `sealed ${version}`, next: null, version, ...more }
}

export function kek(id: string, created_at = AT): KeyEncryptionKey {
  return { id, wrapped: `wrapped ${id}`, created_at }
}

export function dataKey(id: string, kek_id: string): DataKey {
  return { id, kek_id, wrapped: `wrapped ${id} by ${kek_id}` }
}

export function event(id: string, more: Partial<EventRow> = {}): EventRow {
  return { id, type: 'key.expiring', subject: 'key:k1', at: AT, data: { days: 7 }, ...more }
}

export function batch(writer: string, seq: number, more: Partial<AuditBatch> = {}): AuditBatch {
  const at = new Date(Date.parse(AT) + seq * 1_000).toISOString()
  const lines = `{"seq":${seq}}\n`
  return { writer, seq, first_at: at, last_at: at, count: 1, lines, mac: `mac ${writer} ${seq}`, ...more }
}

export function replay(id: string, more: Partial<ReplayRow> = {}): ReplayRow {
  const expires_at = '2026-01-01T00:01:00.000Z'
  return { id, body_hash: 'body', state: 'in_flight', answer: null, expires_at, fence: `of ${id}`, ...more }
}

/** A store with a ring of one, an account, a key and a connection. */
export async function fill({ store }: { readonly store: Store }): Promise<void> {
  await store.vault.insertKeyEncryptionKey(kek('kek1'))
  await store.vault.insertDataKey(dataKey('dk1', 'kek1'))
  await store.accounts.insert(account('a1'))
  await store.keys.insert(apiKey('k1', 'a1'), keySecret('hash-1', 'k1'))
  await store.connections.insert(connection('c1'), sealed(1), 'dk1')
}
