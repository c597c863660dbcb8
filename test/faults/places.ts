import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import { initInstallation } from '../../src/installation/init.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { sharedPostgres } from '../support/postgres.ts'

export type EngineName = 'sqlite' | 'postgres'

const folders: string[] = []

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-faults-'))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Settings of a data folder of its own, on either engine. */
export async function freshSettings(engine: EngineName, env: Record<string, string> = {}): Promise<Settings> {
  const base = {
    OCTROI_DATA_DIR: join(temporaryFolder(), 'data'),
    OCTROI_LISTEN: '127.0.0.1:0',
    OCTROI_LOG_LEVEL: 'silent',
  }
  const database =
    engine === 'postgres' ? { OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() } : undefined
  return readSettings({ env: { ...base, ...database, ...env } })
}

export const CANARY = 'canary-secret-8c1f0e'

/** An installation with connections whose secrets are known. Returns the administrator's key. */
export async function filledInstallation(settings: Settings, connections = 3): Promise<string> {
  const { admin_key } = await initInstallation(settings)
  await addConnections(
    settings,
    Array.from({ length: connections }, (_, i) => `c${i}`),
  )
  return admin_key
}

export function addConnection(settings: Settings, id: string, baseUrl: string): Promise<void> {
  return addConnections(settings, [id], baseUrl)
}

async function addConnections(
  settings: Settings,
  ids: readonly string[],
  baseUrl = 'http://127.0.0.1:1',
): Promise<void> {
  const { open, ring } = await openInstallation(settings)
  const at = new Date().toISOString()
  try {
    await open.store.transaction(async (store) => {
      for (const id of ids) {
        const dataKey = await ring.newDataKey(store)
        const secrets = { current: { api_key: `${CANARY}-${id}` }, next: null }
        const connection = {
          id,
          connector: 'generic-api-key',
          scheme: 'api_key',
          name: `Connexion d’été ${id}`,
          settings: { base_url: baseUrl, header: 'Authorization', prefix: 'Bearer ' },
          tags: { customer: '42' },
          network: { allow_private: true, allow_http: true },
          options: {},
          app: null,
          has_next: false,
          state: 'ready' as const,
          state_reason: null,
          state_since: at,
          created_at: at,
          updated_at: at,
        }
        await store.connections.insert(connection, await ring.sealSecrets(dataKey, connection, secrets, 1), dataKey.id)
      }
    })
  } finally {
    await open.close()
  }
}

/** What an installation holds, with its secrets opened. */
export async function contents(settings: Settings) {
  const { open, ring } = await openInstallation(settings)
  try {
    const rows = await open.store.connections.list({ limit: 100_000 })
    const connections = []
    for (const { id, state, name } of rows) {
      const stored = (await open.store.connections.get(id))!
      const { current } = await ring.openSecrets(stored.dataKey, stored.connection, stored.sealed)
      connections.push({ id, name, state, secret: current.api_key })
    }
    const keys = await open.store.keys.list({ limit: 1_000 })
    const events = await open.store.events.list({ limit: 1_000 })
    return { connections, keys, events: events.map(({ type }) => type).sort() }
  } finally {
    await open.close()
  }
}
