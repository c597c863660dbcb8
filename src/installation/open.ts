import type { KeyObject } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { ConfigurationError } from '../core/errors.ts'
import { PURPOSES } from '../core/purposes.ts'
import { Catalogue } from '../outbound/connectors/catalogue.ts'
import { type OpenStore, openStore, type StoreLocation, storeExists } from '../store/open.ts'
import { readMasterKey } from '../vault/master_key.ts'
import { KeyRing } from '../vault/vault.ts'
import { shippedConnectors } from '../version.ts'

/** An opened data folder: what every command that works on it begins with. */
export interface Installation {
  readonly open: OpenStore
  readonly ring: KeyRing
  readonly auditKey: KeyObject
}

export function locationOf(settings: Settings): StoreLocation {
  return { dataDir: settings.data_dir, databaseUrl: settings.database_url }
}

/** Opens what `init` made. Refuses, changing nothing, when there is nothing, or the master key is missing or another one. */
export async function openInstallation(settings: Settings): Promise<Installation> {
  if (!(await storeExists(locationOf(settings)))) {
    const where = settings.database_url === undefined ? settings.data_dir : 'the database'
    throw new ConfigurationError([`There is no installation in ${where}. Make one with "octroi init".`])
  }
  const master = readMasterKey(masterKeySource(settings))
  const open = await openStore(locationOf(settings))
  try {
    const ring = await KeyRing.open(open.store.vault, master)
    return { open, ring, auditKey: ring.derivedKey(PURPOSES.audit) }
  } catch (error) {
    await open.close()
    throw error
  }
}

export function openCatalogue(settings: Settings): Catalogue {
  const folders = [join(settings.data_dir, 'connectors'), ...settings.connectors]
  return new Catalogue({ shipped: shippedConnectors(), folders })
}

/** The audit chain that this process writes to: on SQLite all share one, on PostgreSQL each host has its own. */
export function auditWriter({ engine }: Pick<OpenStore, 'engine'>): string {
  return engine === 'sqlite' ? 'main' : hostname().slice(0, 64)
}
