import { existsSync, mkdirSync } from 'node:fs'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { PURPOSES } from '../core/purposes.ts'
import type { Store } from '../core/stores.ts'
import { hashOfKey } from '../inbound/admissions.ts'
import { generateKey } from '../inbound/key_format.ts'
import { openStore } from '../store/open.ts'
import { createMasterKeyFile, readMasterKey } from '../vault/master_key.ts'
import { KeyRing } from '../vault/vault.ts'
import { locationOf } from './open.ts'

export interface InitReport {
  /** Shown this once. */
  readonly admin_key: string
  readonly data_dir: string
  /** Where the master key was put, when it was made here. */
  readonly master_key_file: string | null
}

/** Makes the data folder, the master key and the first administrator key. Refuses where an installation is already. */
export async function initInstallation(settings: Settings): Promise<InitReport> {
  mkdirSync(settings.data_dir, { recursive: true, mode: 0o700 })
  const source = masterKeySource(settings)
  const file = 'file' in source ? source.file : null
  // A key file without an installation is what an interrupted init left behind, or what the operator put there.
  const made = file !== null && !existsSync(file)
  const master = made ? createMasterKeyFile(file) : readMasterKey(source)
  const open = await openStore(locationOf(settings))
  try {
    if ((await open.store.vault.keyEncryptionKeys()).length > 0) throw alreadyThere(settings)
    const key = await open.store.transaction(async (store) => {
      const ring = await KeyRing.create(store, master)
      return firstKey(store, ring, settings.environment)
    })
    return { admin_key: key, data_dir: settings.data_dir, master_key_file: made ? file : null }
  } finally {
    await open.close()
  }
}

async function firstKey(store: Store, ring: KeyRing, environment: string): Promise<string> {
  const now = new Date().toISOString()
  const { id, key } = generateKey()
  const account = 'administrator'
  const stamps = { created_at: now, updated_at: now }
  await store.accounts.insert({
    id: account,
    kind: 'service',
    name: 'Administrator',
    description: 'Made by octroi init',
    email: null,
    groups: [],
    grants: [],
    certificate_subjects: [],
    has_password: false,
    disabled_at: null,
    ...stamps,
  })
  const row = {
    id,
    account,
    name: 'First administrator key',
    description: 'Made by octroi init',
    permissions: ['*'],
    grants: [],
    groups: null,
    tech_name: null,
    cidrs: [],
    rate_limit: null,
    imported: false,
    usable_when_owner_inactive: false,
    environment,
    expires_at: null,
    disabled_at: null,
    revoked_at: null,
    created_by: null,
    ...stamps,
  }
  const hash = hashOfKey(ring.derivedKey(PURPOSES.keyHash), key)
  await store.keys.insert(row, { hash, key_id: id, expires_at: null, created_at: now })
  await store.events.insert(newEvent('key.created', `key:${id}`, { name: row.name, account }))
  return key
}

function alreadyThere(settings: Settings): OctroiError {
  const where = settings.database_url === undefined ? settings.data_dir : 'the database'
  return new OctroiError('conflict', `There is an installation in ${where} already. Nothing was changed.`)
}
