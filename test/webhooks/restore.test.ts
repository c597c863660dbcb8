import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { newEvent } from '../../src/core/events.ts'
import { PURPOSES } from '../../src/core/purposes.ts'
import type { Webhook } from '../../src/core/types.ts'
import { backupInstallation } from '../../src/installation/backup.ts'
import { initInstallation } from '../../src/installation/init.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { restoreInstallation } from '../../src/installation/restore.ts'
import { firstSecret, WebhookSecrets } from '../../src/outbound/webhooks/secrets.ts'
import { newSigningKey } from '../../src/outbound/webhooks/signing.ts'
import { type EngineName, freshSettings, removeFolders, temporaryFolder } from '../faults/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** A copy must not tell the original's receivers anything until somebody says so (D15). */

afterEach(removeFolders)
afterAll(() => stopSharedPostgres(), 60_000)

const AT = '2026-01-01T00:00:00.000Z'
const LATER = '2026-01-01T00:05:00.000Z'
const key = newSigningKey()

function webhook(id: string, state: Webhook['state']): Webhook {
  return {
    ...{ id, name: id, url: `https://${id}.example.org/`, types: ['*'], network: {}, created_by: null },
    ...{ state, state_reason: null, state_since: AT, created_at: AT, updated_at: AT },
  }
}

/** One delivery of each kind, and what opens the secret, in a backup. */
async function backedUp(engine: EngineName): Promise<{ settings: Settings; file: string; events: readonly string[] }> {
  const settings = await freshSettings(engine)
  await initInstallation(settings)
  const { open, ring } = await openInstallation(settings)
  const secrets = new WebhookSecrets(ring.sealer(PURPOSES.webhooks))
  const events = ['key.created', 'key.rotated', 'key.revoked'].map((type, i) =>
    newEvent(type as 'key.created', 'key:k1', {}, new Date(Date.parse(AT) + i)),
  )
  for (const one of [webhook('on', 'active'), webhook('off', 'disabled')]) {
    await open.store.webhooks.insert(one, secrets.seal(one, firstSecret(key)))
  }
  for (const event of events) await open.store.events.insert(event)
  const lease = { token: 'the-original', until: LATER }
  const [done] = await open.store.deliveries.claim('on', LATER, lease, 1)
  if (done === undefined) throw new Error('nothing to claim')
  await open.store.deliveries.finish(done, { state: 'delivered', at: AT, due_at: null, status: 200, error: null })
  // Under way at the moment of the backup.
  await open.store.deliveries.claim('on', AT.replace('00.000', '00.001'), lease, 1)
  await open.close()
  const file = join(temporaryFolder(), 'octroi.backup')
  await backupInstallation(settings, file)
  return { settings, file, events: events.map(({ id }) => id) }
}

async function restored(from: Settings, to: EngineName, file: string, activate: boolean) {
  const settings = await freshSettings(to)
  mkdirSync(settings.data_dir, { recursive: true })
  copyFileSync(join(from.data_dir, 'master.key'), join(settings.data_dir, 'master.key'))
  const report = await restoreInstallation(settings, file, { activate, adoptKeys: false, replace: false })
  const { open, ring } = await openInstallation(settings)
  return { report, open, store: open.store, secrets: new WebhookSecrets(ring.sealer(PURPOSES.webhooks)) }
}

describe.each([
  ['sqlite', 'sqlite'],
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['postgres', 'postgres'],
] as const)('a backup of %s restored into %s', (from, to) => {
  it('holds webhooks with their secrets, and suspends them with their outbox', async () => {
    const { settings, file, events } = await backedUp(from)
    const { report, open, store, secrets } = await restored(settings, to, file, false)
    expect(report.suspended_webhooks).toBe(1)
    const on = await store.webhooks.get('on')
    expect(on?.webhook).toMatchObject({ state: 'suspended', types: ['*'], url: 'https://on.example.org/' })
    expect(on && secrets.open(on)).toEqual(firstSecret(key))
    expect((await store.webhooks.get('off'))?.webhook.state).toBe('disabled')
    const states = (await store.deliveries.list('on', { limit: 9 })).map(({ id, state, due_at, lease }) => [
      events.indexOf(id),
      state,
      due_at,
      lease,
    ])
    // The first is the event of the restore itself.
    expect(states.slice(1)).toEqual([
      [2, 'suspended', null, null],
      [1, 'suspended', null, null],
      [0, 'delivered', null, null],
    ])
    expect(states[0]?.[1]).toBe('suspended')
    expect(await store.deliveries.nextDueAt()).toBeUndefined()
    await open.close()
  }, 60_000)

  it('goes on where the original stopped with activate', async () => {
    const { settings, file, events } = await backedUp(from)
    const { report, open, store } = await restored(settings, to, file, true)
    expect(report.suspended_webhooks).toBe(0)
    expect((await store.webhooks.get('on'))?.webhook).toMatchObject({ state: 'active' })
    const claimed = await store.deliveries.claim('on', LATER, { token: 'the-copy', until: LATER }, 9)
    expect(claimed.map(({ event }) => event.id).sort()).toEqual(events.slice(1))
    await open.close()
  }, 60_000)
})
