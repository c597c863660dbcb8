import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { contents, filledInstallation, freshSettings, removeFolders } from '../../test/faults/places.ts'
import { readLine } from '../audit/line.ts'
import type { Settings } from '../config/settings.ts'
import { ConfigurationError } from '../core/errors.ts'
import { openInstallation } from './open.ts'
import { rotateVault } from './rotate.ts'

afterEach(removeFolders)

async function auditLines(settings: Settings) {
  const { open } = await openInstallation(settings)
  const batches = await open.activity.chain('main', 0, 100)
  await open.close()
  return batches.flatMap(({ lines }) => lines.split('\n').map(readLine))
}

it('wraps every data key anew and records it', async () => {
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 3)
  const before = await contents(settings)
  const report = await rotateVault(settings, {})
  expect(report).toEqual({ key_id: expect.stringMatching(/^kek-/), rewrapped: 4, resumed: false })
  expect(await contents(settings)).toEqual(before)
  const lines = await auditLines(settings)
  expect(lines.map(({ action, phase, target, account }) => [action, phase, target, account])).toEqual([
    ['vault.rotate', 'started', null, null],
    ['vault.rotate', 'finished', `vault:${report.key_id}`, null],
  ])
})

describe('a new master key', () => {
  it('is made 0600, takes over in one commit, and says what to do next', async () => {
    const settings = await freshSettings('sqlite')
    await filledInstallation(settings, 2)
    const before = await contents(settings)
    const file = join(settings.data_dir, 'second.key')
    const report = await rotateVault(settings, { masterKeyFile: file })
    expect(report).toMatchObject({ master_key_file: file, next: expect.stringContaining('OCTROI_MASTER_KEY_FILE') })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect(contents(settings)).rejects.toThrow(ConfigurationError)
    expect(await contents({ ...settings, master_key_file: file })).toEqual(before)
  })

  it('busy while Octroi serves: nothing is made or changed', async () => {
    const settings = await freshSettings('sqlite')
    await filledInstallation(settings, 1)
    const { open } = await openInstallation(settings)
    const lock = await open.lockForServing()
    const file = join(settings.data_dir, 'second.key')
    await expect(rotateVault(settings, { masterKeyFile: file })).rejects.toMatchObject({ code: 'busy' })
    expect(existsSync(file)).toBe(false)
    await lock.release()
    await open.close()
  })

  it('conflict when the file holds the key that is in use', async () => {
    const settings = await freshSettings('sqlite')
    await filledInstallation(settings, 1)
    const masterKeyFile = join(settings.data_dir, 'master.key')
    await expect(rotateVault(settings, { masterKeyFile })).rejects.toMatchObject({ code: 'conflict' })
  })
})
