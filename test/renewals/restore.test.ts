import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { backupInstallation } from '../../src/installation/backup.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { restoreInstallation } from '../../src/installation/restore.ts'
import { freshSettings, removeFolders } from '../faults/places.ts'
import { addApp } from './apps.ts'
import { startEngine } from './engine.ts'
import { type Scene, startRotating } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** A copy has the tokens of the original, and leaves them alone until it is told that it is the original now (D15). */

let scene: Scene
afterEach(async () => {
  await scene.stop()
  removeFolders()
})

async function restored(from: Settings, activate: boolean): Promise<Settings> {
  const file = join(dirname(from.data_dir), `${Math.random()}.backup`)
  await backupInstallation(from, file)
  const to = await freshSettings('sqlite')
  const key = join(dirname(to.data_dir), 'master.key')
  copyFileSync(join(from.data_dir, 'master.key'), key)
  const settings = { ...to, master_key_file: key }
  await restoreInstallation(settings, file, { activate, adoptKeys: false, replace: false })
  return settings
}

const secrets = async (settings: Settings) => {
  const { open, ring } = await openInstallation(settings)
  const app = await open.store.apps.get('fiken')
  const place = {
    id: 'app fiken',
    connector: 'fiken',
    scheme: 'oauth2',
    settings: app?.app.settings ?? {},
    network: {},
  }
  const opened = app && (await ring.openSecrets(app.dataKey, place, app.sealed))
  const sessions = await open.store.connectSessions.get('s1')
  await open.close()
  return { app: opened?.current, sessions }
}

async function addSession(settings: Settings): Promise<void> {
  const { open } = await openInstallation(settings)
  const at = new Date(Date.now() + 3_600_000).toISOString()
  await open.store.connectSessions.insert(
    {
      ...{ id: 's1', connector: 'fiken', connection_id: null, key_id: 'k', return_url: null, state: 'open' },
      ...{ sealed: 'x', state_hash: null, expires_at: at, created_at: at },
    },
    'hash',
  )
  await open.close()
}

it('D15: carries tokens and applications, sealed, and no connect session; nothing is renewed before it is activated', async () => {
  scene = await startRotating()
  const { settings } = scene.gate
  await addApp(settings, 'fiken', { settings: {}, network: {} })
  await addSession(settings)
  await ageToken(settings, { ends: -1, due: -1 })
  await scene.gate.api('PATCH', '/connections/svc', { name: 'still' })
  await scene.gate.pause()
  await ageToken(settings, { ends: -1, due: -1 })
  const copy = await restored(settings, false)
  expect((await tokenOnDisk(copy))?.token).toEqual((await tokenOnDisk(settings))?.token)
  expect(await secrets(copy)).toEqual({
    app: { client_id: 'shared', client_secret: 'canary-shared' },
    sessions: undefined,
  })
  expect((await secrets(settings)).sessions?.id).toBe('s1')
  const asked = scene.server.tokenRequests()
  const engine = await startEngine(copy)
  expect(await engine.open.store.tokens.due(new Date().toISOString(), 10)).toEqual([])
  await expect(engine.ready()).rejects.toMatchObject({ code: 'reconnect_required' })
  expect(scene.server.tokenRequests()).toBe(asked)
  await engine.open.store.connections.setState('svc', 'ready', null, new Date().toISOString())
  expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
  expect(scene.server.tokenRequests()).toBe(asked + 1)
  await engine.close()
  await scene.gate.resume()
})

it('with --activate it goes on where the original was', async () => {
  scene = await startRotating()
  const { settings } = scene.gate
  await scene.gate.pause()
  await ageToken(settings, { ends: -1 })
  const engine = await startEngine(await restored(settings, true))
  expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
  expect(scene.server.familiesKilled()).toBe(0)
  await engine.close()
  await scene.gate.resume()
})
