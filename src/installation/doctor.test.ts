import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { CANARY, filledInstallation, freshSettings, removeFolders } from '../../test/faults/places.ts'
import { startTestGate } from '../../test/support/gate.ts'
import { PAHEKO_ADMIN, PAHEKO_WRITER, type PahekoCredential, startPaheko } from '../../test/support/paheko.ts'
import type { Settings } from '../config/settings.ts'
import { parseRule } from '../policy/pattern.ts'
import { runDoctor } from './doctor.ts'
import { rulesOverlap } from './doctor_probe.ts'

afterEach(removeFolders)

const look = (settings: Settings, probe = false) => runDoctor(settings, { probe })
const codes = async (settings: Settings) =>
  (await look(settings)).filter(({ level }) => level !== 'ok').map(({ code }) => code)

async function filled(env: Record<string, string> = {}) {
  const settings = await freshSettings('sqlite', { OCTROI_LISTEN: '127.0.0.1:0', ...env })
  const key = await filledInstallation(settings, 2)
  return { settings, key }
}

describe('what it finds', () => {
  it('nothing that is a problem in a fresh installation, and changes nothing', async () => {
    const { settings } = await filled()
    const before = readdirSync(settings.data_dir).sort()
    const findings = await look(settings)
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
    expect(findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        'store.opens',
        'audit.chain',
        'disk',
        'listener.free',
        'connection.plain_http',
        'key.administrator_forever',
        'key.administrator_anywhere',
      ]),
    )
    expect(readdirSync(settings.data_dir).sort()).toEqual(before)
  })

  it('no secret is in what it says', async () => {
    const { settings, key } = await filled()
    const text = JSON.stringify(await look(settings, true))
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain(key)
  })

  it('goes on with the rest when there is no installation, and makes none', async () => {
    const settings = await freshSettings('sqlite')
    expect(await codes(settings)).toEqual(
      expect.arrayContaining(['data_folder.missing', 'master_key', 'store.missing']),
    )
    expect(statSync(settings.data_dir, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('goes on with the rest when the database does not answer', async () => {
    const { settings } = await filled()
    const down = { ...settings, database_url: 'postgres://octroi@127.0.0.1:1/x' }
    expect(await codes(down)).toEqual(expect.arrayContaining(['store.unreachable', 'settings.public_url']))
  })

  it('a store that is no database', async () => {
    const { settings } = await filled()
    writeFileSync(join(settings.data_dir, 'octroi.db'), 'not a database '.repeat(1_000))
    expect(await codes(settings)).toContain('store.unreachable')
  })

  const spoiled: [string, (settings: Settings) => void, string][] = [
    [
      'a master key that others can read',
      ({ data_dir }) => chmodSync(join(data_dir, 'master.key'), 0o644),
      'master_key',
    ],
    ['a master key that is missing', ({ data_dir }) => rmSync(join(data_dir, 'master.key')), 'master_key'],
    [
      'another master key',
      ({ data_dir }) => writeFileSync(join(data_dir, 'master.key'), Buffer.alloc(32, 7).toString('base64')),
      'vault.closed',
    ],
    ['a data folder that others can write to', ({ data_dir }) => chmodSync(data_dir, 0o777), 'data_folder.mode'],
    [
      'a database that others can read',
      ({ data_dir }) => chmodSync(join(data_dir, 'octroi.db'), 0o644),
      'data_folder.mode',
    ],
    [
      'a folder of an interrupted restore',
      ({ data_dir }) => mkdirSync(join(data_dir, 'restore-abcd1234')),
      'leftover.restore',
    ],
    [
      'a connector file with faults',
      ({ data_dir }) => {
        mkdirSync(join(data_dir, 'connectors'))
        writeFileSync(join(data_dir, 'connectors', 'acme.yaml'), 'id: acme')
      },
      'connector.faulty',
    ],
    [
      'a clock that was set back',
      ({ data_dir }) =>
        sqlite(data_dir, `insert into events values ('zzzz', 'x', 'y', '2999-01-01T00:00:00.000Z', '{}')`),
      'clock',
    ],
    [
      'a key of another environment',
      ({ data_dir }) => sqlite(data_dir, `update api_keys set environment = 'production'`),
      'key.other_environment',
    ],
    [
      'a key that has expired',
      ({ data_dir }) => sqlite(data_dir, `update api_keys set expires_at = '2020-01-01T00:00:00.000Z'`),
      'key.expired',
    ],
    [
      'a key that will soon',
      ({ data_dir }) =>
        sqlite(data_dir, `update api_keys set expires_at = '${new Date(Date.now() + 86_400_000).toISOString()}'`),
      'key.expiring',
    ],
    ['an imported key', ({ data_dir }) => sqlite(data_dir, 'update api_keys set imported = 1'), 'key.imported'],
    [
      'a grant for a connection that is not there',
      ({ data_dir }) => sqlite(data_dir, `update api_keys set grants = '[{"connection":"gone","allow":["GET /**"]}]'`),
      'key.grant_without_connection',
    ],
    [
      'a grant name that the connector lacks',
      ({ data_dir }) => sqlite(data_dir, `update api_keys set grants = '[{"connection":"c0","allow":["nonsense"]}]'`),
      'key.unknown_grant',
    ],
    [
      'a connection that is not ready',
      ({ data_dir }) => sqlite(data_dir, `update connections set state = 'suspended'`),
      'connection.suspended',
    ],
    [
      'a connection whose connector is gone',
      ({ data_dir }) => sqlite(data_dir, `update connections set connector = 'gone'`),
      'connection.connector',
    ],
    [
      'secrets that were moved to another connection',
      ({ data_dir }) =>
        sqlite(
          data_dir,
          `update connections set secrets = (select secrets from connections where id = 'c1') where id = 'c0'`,
        ),
      'connection.secrets',
    ],
  ]
  it.each(spoiled)('%s', async (_, spoil, code) => {
    const { settings } = await filled()
    spoil(settings)
    expect(await codes(settings)).toContain(code)
  })

  it('an https public URL without a trusted proxy', async () => {
    const { settings } = await filled({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
    expect(await codes(settings)).toContain('settings.trusted_proxies')
  })

  it('something else on its port', async () => {
    const { settings } = await filled()
    const server = createServer((_, response) => response.end('I am something else')).listen(0, '127.0.0.1')
    await expect.poll(() => server.listening).toBe(true)
    const { port } = server.address() as AddressInfo
    expect(await codes({ ...settings, listen: { address: '127.0.0.1', port } })).toContain('listener.taken')
    server.close()
  })
})

function sqlite(folder: string, statement: string): void {
  const db = new DatabaseSync(join(folder, 'octroi.db'))
  db.exec(statement)
  db.close()
}

describe('beside a serving Octroi, with --probe (S0-25)', () => {
  it('warns of a right that no key needs, until one does, and not of a lesser credential', async () => {
    const paheko = await startPaheko()
    const gate = await startTestGate()
    const add = (id: string, { username, password }: PahekoCredential) =>
      gate.api('POST', '/connections', {
        id,
        connector: 'paheko',
        settings: { base_url: paheko.url },
        secrets: { username, password },
        network: { allow_private: true, allow_http: true },
      })
    const settings = { ...gate.settings, listen: { address: '127.0.0.1', port: gate.port } }
    const overreaching = async () =>
      (await look(settings, true)).filter(({ code }) => code === 'probe.overreach').map(({ message }) => message)
    try {
      expect((await add('with-admin', PAHEKO_ADMIN)).status).toBe(201)
      expect((await add('with-writer', PAHEKO_WRITER)).status).toBe(201)
      expect((await look(settings, true)).map(({ code }) => code)).toContain('listener.ready')
      expect(await overreaching()).toEqual(['The credential of with-admin has the right "admin", which no key needs.'])
      const grants = [{ connection: 'with-admin', allow: ['DELETE /api/user/{n}'] }]
      const made = await gate.api('POST', '/keys', { name: 'needs it', grants })
      expect(await overreaching()).toEqual([])
      await gate.api('DELETE', `/keys/${made.body.id}`)
      expect(await overreaching()).toHaveLength(1)
      paheko.setCredentials([])
      expect(await codesOf(look(settings, true))).toContain('probe.failed')
    } finally {
      await gate.stop()
      await paheko.stop()
    }
  })
})

const codesOf = async (findings: ReturnType<typeof look>) => (await findings).map(({ code }) => code)

describe('rulesOverlap', () => {
  const cases: [string, string, boolean][] = [
    ['GET /a', 'GET /a', true],
    ['GET /a', 'POST /a', false],
    ['* /**', 'DELETE /api/user/{n}', true],
    ['DELETE /api/**', 'DELETE /api/user/{n}', true],
    ['DELETE /api/user/*', 'DELETE /api/user/{n}', true],
    ['DELETE /api/user/new', 'DELETE /api/user/{n}', false],
    ['DELETE /api/user/7', 'DELETE /api/user/{n}', true],
    ['GET /api/accounting/**', 'PUT /api/user/import', false],
    ['PUT /api/user', 'PUT /api/user/import', false],
    ['HEAD /a', 'GET /a', true],
  ]
  it.each(cases)('%s and %s: %s', (a, b, wanted) => {
    expect(rulesOverlap(parseRule(a), parseRule(b))).toBe(wanted)
    expect(rulesOverlap(parseRule(b), parseRule(a))).toBe(wanted)
  })
})
