import type { Settings } from '../../src/config/settings.ts'
import type { ConnectorApp } from '../../src/core/types.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { appPlace } from '../../src/outbound/connections/held.ts'

/** The configuration of an application for all connections of a connector, as an operator gives it. */
export async function addApp(
  settings: Settings,
  connector: string,
  more: Pick<ConnectorApp, 'settings' | 'network'>,
  secrets: Readonly<Record<string, string>> = { client_id: 'shared', client_secret: 'canary-shared' },
): Promise<void> {
  const { open, ring } = await openInstallation(settings)
  const at = new Date().toISOString()
  const app: ConnectorApp = { connector, scheme: 'oauth2', ...more, created_at: at, updated_at: at }
  try {
    await open.store.transaction(async (store) => {
      const dataKey = await ring.newDataKey(store)
      const sealed = await ring.sealSecrets(dataKey, appPlace(app), { current: secrets, next: null }, 1)
      await store.apps.insert(app, sealed, dataKey.id)
    })
  } finally {
    await open.close()
  }
}
