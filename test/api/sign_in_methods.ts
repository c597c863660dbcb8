import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { World } from './world.ts'

/** Bodies of sign-in methods that are taken. */

export const OIDC = {
  kind: 'oidc',
  name: 'Corporate',
  settings: { issuer: 'https://93.184.215.14/realms/corp', client_id: 'octroi' },
  secrets: { client_secret: 'canary-client-secret-0123456789' },
}

export const LDAP = {
  kind: 'ldap',
  name: 'Directory',
  settings: { preset: 'openldap', urls: ['ldaps://10.0.0.5'], base_dn: 'dc=example,dc=org' },
  secrets: {},
  network: { allow_private: ['10.0.0.0/24'] },
}

/** Neither what is answered of methods nor any file of the data folder. */
export async function expectNothingHolds(world: World, secret: string): Promise<void> {
  const { items } = await world.must('sign-in-methods.list', { query: { limit: '200' } })
  const events = await world.must('events.list', { query: { limit: '200' } })
  expect(JSON.stringify([items, events])).not.toContain(secret)
  const folder = world.gate.settings.data_dir
  for (const file of readdirSync(folder)) {
    expect(readFileSync(join(folder, file)).toString('latin1'), file).not.toContain(secret)
  }
}
