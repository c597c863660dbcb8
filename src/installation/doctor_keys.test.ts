import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { filledInstallation, freshSettings, removeFolders } from '../../test/faults/places.ts'
import { runDoctor } from './doctor.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-keys-'))
})
afterEach(() => {
  removeFolders()
  rmSync(folder, { recursive: true, force: true })
})

const KEY = 'CANARY-provided-key-0001'

async function found(env: Record<string, string>) {
  const settings = await freshSettings('sqlite', { OCTROI_LISTEN: '127.0.0.1:0', ...env })
  await filledInstallation(settings, 0)
  const findings = (await runDoctor(settings, { probe: false })).filter(({ code }) => code.startsWith('provided_keys'))
  expect(JSON.stringify(findings)).not.toContain('CANARY')
  return findings.map(({ level, code, message }) => [level, code, message])
}

function file(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), mode)
  return join(folder, name)
}

describe('keys that the environment provides', () => {
  it('says nothing where it provides none', async () => {
    expect(await found({})).toEqual([])
  })

  it('a file that others can read, a weak key, a name that nobody has', async () => {
    const path = file('keys.conf', '[api_key_till]\nkey = CANARY-8\n', 0o644)
    expect(await found({ OCTROI_KEYS_FILES: path })).toEqual([
      ['warning', 'provided_keys.open', expect.stringContaining(`${path}: every user of this machine`)],
      ['warning', 'provided_keys.unused', expect.stringContaining('no stored key has the tech_name till')],
      ['warning', 'provided_keys.weak', expect.stringContaining('under 20 characters')],
      ['ok', 'provided_keys', 'Keys that the environment provides: 1.'],
    ])
  })

  it('what would keep a gate from starting: a shared key, a file that is not there', async () => {
    const missing = join(folder, 'missing.conf')
    const findings = await found({ OCTROI_KEYS_FILES: missing, SERVER_ENV_CONFIG: `[auth_api_key]\nkey = ${KEY}` })
    expect(findings).toEqual([
      ['problem', 'provided_keys.faulty', `${missing}: there is no such file`],
      ['problem', 'provided_keys.faulty', expect.stringContaining('SERVER_ENV_CONFIG: line 2 [auth_api_key]')],
    ])
  })
})
