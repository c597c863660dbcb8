import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { World } from './world.ts'

/** What people leave in the store when they sign in and set themselves up, written there directly. */

type Row = Readonly<Record<string, string | number | null>>

export function inStore<T>({ gate }: Pick<World, 'gate'>, work: (database: DatabaseSync) => T): T {
  const folder = gate.settings.data_dir
  const file = readdirSync(folder).find((name) => /\.(db|sqlite3?)$/.test(name) && !name.includes('activity'))
  const database = new DatabaseSync(join(folder, file as string), { timeout: 5_000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}

function insert(world: Pick<World, 'gate'>, table: string, row: Row): void {
  const names = Object.keys(row)
  const marks = names.map(() => '?').join(', ')
  inStore(world, (database) =>
    database.prepare(`insert into ${table} (${names.join(', ')}) values (${marks})`).run(...Object.values(row)),
  )
}

const NOW = '2026-01-01T00:00:00.000Z'

export function addSession(world: Pick<World, 'gate'>, id: string, account: string, more: Row = {}): void {
  insert(world, 'sessions', {
    id,
    token_hash: `canary-hash-of-${id}`,
    account_id: account,
    host: null,
    parent: null,
    method: 'password',
    amr: '["pwd"]',
    acr: null,
    auth_time: NOW,
    organization: null,
    sealed: `canary-sealed-${id}`,
    address: '192.0.2.7',
    user_agent: 'Firefox',
    created_at: NOW,
    expires_at: '2099-01-01T00:00:00.000Z',
    idle_s: 7_200,
    lineage: id,
    ...more,
  })
}

/** A key of the account as an application gets it for a session. */
export function giveKey(world: Pick<World, 'gate'>, key: string, session: string, client: string): void {
  insert(world, 'session_keys', { key_id: key, session_id: session, client_id: client })
}

/** A session that went to an application of the OpenID provider. */
export function addSessionClient(world: Pick<World, 'gate'>, session: string, client: string): void {
  const row = { session_id: session, client_id: client, sid: `canary-sid-${session}`, grant_id: 'canary-grant' }
  insert(world, 'session_clients', { ...row, created_at: NOW })
}

export function addConsent(world: Pick<World, 'gate'>, account: string, client: string, more: Row = {}): void {
  const said = { scopes: '["openid","email"]', resources: '[]', created_at: NOW, updated_at: NOW }
  insert(world, 'consents', { account_id: account, client_id: client, ...said, ...more })
}

export function addTotp(world: Pick<World, 'gate'>, id: string, account: string): void {
  insert(world, 'totp_factors', {
    ...{ id, account_id: account, name: 'Phone', sealed: `canary-sealed-${id}` },
    ...{ confirmed_at: NOW, last_step: 0, created_at: NOW },
  })
}

export function addPasskey(world: Pick<World, 'gate'>, id: string, account: string): void {
  insert(world, 'passkeys', {
    ...{ id, account_id: account, name: 'Laptop', public_key: 'canary-public-key', counter: 0 },
    ...{ transports: '["internal"]', backed_up: 1, created_at: NOW, last_used_at: null },
  })
}

export function addRecoveryCode(world: Pick<World, 'gate'>, account: string, hash: string): void {
  insert(world, 'recovery_codes', { account_id: account, hash, created_at: NOW, used_at: null })
}
