import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { startGate } from '../../src/app.ts'
import { readSettings } from '../../src/config/settings.ts'
import { backupInstallation } from '../../src/installation/backup.ts'
import { restoreInstallation } from '../../src/installation/restore.ts'
import { folder, octroi } from '../cli/octroi.ts'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { keyWithId } from '../gateway/scene.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { keyOf } from './keys_scene.ts'

/** Rows: keys that the environment of a server provides. */

let room: string
let gate: TestGate | undefined
const files = folder()
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'octroi-env-'))
})
afterEach(async () => {
  await endProcesses()
  await gate?.stop()
  gate = undefined
  removeFolders()
  rmSync(room, { recursive: true, force: true })
})
afterAll(() => files.remove())

const X = 'provided-key-of-the-till-01'
const Y = 'provided-key-of-the-till-02'
const section = (name: string, key: string) => `[api_key_${name}]\nkey = ${key}\n`

function file(name: string, text: string): string {
  const path = join(room, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

async function open(env: Record<string, string>): Promise<TestGate> {
  gate = await startTestGate(env)
  return gate
}

const self = async ({ api }: Pick<TestGate, 'api'>, key: string) => {
  const { status, body } = await api('GET', '/keys/self', undefined, { key })
  return status === 200 ? body.tech_name : body.code
}

it('A-50: what the environment provides is the owner’s key, and the stored one does not work', async () => {
  const octroi = await open({ OCTROI_KEYS: section('test_env', X) })
  const stored = await keyOf({ gate: octroi }, 'till', { tech_name: 'test_env' })
  const { body } = await octroi.api('GET', '/keys/self', undefined, { key: X })
  expect(body).toMatchObject({ id: stored.id, account: 'till', tech_name: 'test_env', provided: true })
  expect(await self(octroi, stored.key)).toBe('unauthenticated')
  // Without the environment the stored one is the key again.
  await octroi.restart({ OCTROI_KEYS: '' })
  expect([await self(octroi, X), await self(octroi, stored.key)]).toEqual(['unauthenticated', 'test_env'])
})

it('A-50: every right and every limit is that of the stored record', async () => {
  const octroi = await open({ OCTROI_KEYS: section('test_env', X) })
  const { id } = await keyWithId(octroi, [], { tech_name: 'test_env', rate_limit: { limit: 2, window_s: 3_600 } })
  expect([await self(octroi, X), await self(octroi, X), await self(octroi, X)]).toEqual([
    'test_env',
    'test_env',
    'rate_limited',
  ])
  await octroi.api('PATCH', `/keys/${id}`, { rate_limit: null, disabled: true })
  expect(await self(octroi, X)).toBe('unauthenticated')
  // Revoked: the secret is nobody's, and its name is free for another key.
  await octroi.api('DELETE', `/keys/${id}`)
  expect(await self(octroi, X)).toBe('unauthenticated')
  await keyWithId(octroi, [], { tech_name: 'test_env' })
  expect(await self(octroi, X)).toBe('test_env')
})

it('A-51: the form [api_key_<tech_name>] is read by the gate and by the importer; a tech_name is one key’s', async () => {
  const conf = files.file('api_keys.conf', `[options]\nworkers = 2\n${section('pos_one', X)}`)
  const server = await open({ OCTROI_KEYS: section('pos_two', Y) })
  const env = { OCTROI_URL: server.url, OCTROI_KEY: server.adminKey }
  const ran = await octroi(['key', 'import', conf, '--json'], { env })
  expect([ran.code, ran.json.made]).toEqual([0, 1])
  await keyWithId(server, [], { tech_name: 'pos_two' })
  expect([await self(server, X), await self(server, Y)]).toEqual(['pos_one', 'pos_two'])
  expect((await server.api('POST', '/keys', { name: 'x', tech_name: 'pos_one' })).status).toBe(409)
})

it('A-52: later sources win, names of options are case-sensitive, and nothing has to be restarted', async () => {
  const settings = await freshSettings('sqlite')
  const admin = await filledInstallation(settings, 0)
  file('env/default/a.conf', section('till', 'the-one-of-default-00001'))
  const own = file('env/default/b.conf', section('till', X))
  const more = { OCTROI_KEYS_FILES: join(room, 'env') }
  const server = await serve(settings, more)
  await request(server.url, 'POST', '/api/v1/keys', admin, { name: 'till', tech_name: 'till' })
  const status = async (key: string) => (await request(server.url, 'GET', '/api/v1/keys/self', key))?.status
  expect([await status(X), await status('the-one-of-default-00001')]).toEqual([200, 401])

  // By itself, once the file stands still. (Asked seldom: wrong keys from one address are held back.)
  writeFileSync(own, section('till', Y))
  await expect.poll(() => status(Y), { timeout: 20_000, interval: 500 }).toBe(200)
  expect(await status(X)).toBe(401)
  // At once, on SIGHUP.
  writeFileSync(own, section('till', X))
  server.child.kill('SIGHUP')
  await expect.poll(() => status(X), { timeout: 20_000, interval: 200 }).toBe(200)
  expect(await status(Y)).toBe(401)
  // What is wrong leaves the former one in place: said in the log, and by the doctor.
  writeFileSync(own, '[auth_api_key]\nkey = one-key-for-everybody-0001\n')
  server.child.kill('SIGHUP')
  await expect.poll(() => server.output, { timeout: 20_000, interval: 20 }).toContain('the former ones stay in use')
  expect([await status(X), await status('one-key-for-everybody-0001')]).toEqual([200, 401])
  for (const word of [X, Y, 'one-key-for-everybody']) expect(server.output + server.errors).not.toContain(word)
  expect(await server.kill('SIGTERM')).toBe(0)

  const env = { OCTROI_DATA_DIR: settings.data_dir, OCTROI_LISTEN: '127.0.0.1:0', OCTROI_LOG_LEVEL: 'silent' }
  const start = (keys: string) => startGate(readSettings({ env: { ...env, OCTROI_KEYS: keys } }))
  await expect(start('[api_key_till]\nKey = x-key-of-another-name-1')).rejects.toThrow(
    /\[api_key_till\] has no option key/,
  )
  const texts = { OCTROI_KEYS: section('till', 'the-one-of-octroi-keys-1'), SERVER_ENV_CONFIG: section('till', Y) }
  const secret = { SERVER_ENV_CONFIG_SECRET: section('till', X) }
  for (const [given, key] of [
    [texts, Y],
    [{ ...texts, ...secret }, X],
  ] as const) {
    const running = await startGate(readSettings({ env: { ...env, ...given } }))
    expect((await request(running.url, 'GET', '/api/v1/keys/self', key))?.status).toBe(200)
    await running.stop()
  }
})

it('A-53: one key for all is refused at the start; an empty one works for nobody', async () => {
  await expect(startTestGate({ OCTROI_KEYS: `[auth_api_key]\nkey = ${X}` })).rejects.toThrow(
    /\[auth_api_key\] would give one key to all/,
  )
  await expect(startTestGate({ OCTROI_KEYS: section('a', X) + section('b', X) })).rejects.toThrow(
    /is the key of a as well/,
  )
  const octroi = await open({ OCTROI_KEYS: '[api_key_till]\nkey =\n' })
  const stored = await keyWithId(octroi, [], { tech_name: 'till' })
  expect([await self(octroi, stored.key), await self(octroi, '')]).toEqual(['unauthenticated', 'unauthenticated'])
  expect((await octroi.api('GET', `/keys/${stored.id}`)).body.provided).toBe(true)
})

it('A-53: a secret that is a stored key’s already is refused, at the start and when a key is made', async () => {
  const octroi = await open({ OCTROI_KEYS: section('till', X) })
  expect((await octroi.api('POST', '/keys/import', { name: 'same', secret: X })).status).toBe(409)
  const other = await octroi.api('POST', '/keys/import', { name: 'other', secret: Y })
  expect(other.status).toBe(201)
  await expect(octroi.restart({ OCTROI_KEYS: section('till', Y) })).rejects.toThrow(
    new RegExp(`is the key of the stored key ${other.body.id} as well`),
  )
  await octroi.resume()
})

it('A-54: a key that is provided says so, and cannot be rotated here', async () => {
  const octroi = await open({ OCTROI_KEYS: section('till', X) })
  const { id } = await keyWithId(octroi, [], { tech_name: 'till' })
  for (const path of [`/keys/${id}`, '/keys']) {
    expect(JSON.stringify((await octroi.api('GET', path)).body)).toContain('"provided":true')
  }
  const { status, body } = await octroi.api('POST', `/keys/${id}/rotate`, { overlap_s: 0 })
  expect([status, body.code, body.detail]).toEqual([409, 'conflict', expect.stringContaining('environment')])
  expect(await self(octroi, X)).toBe('till')
  expect((await octroi.api('PATCH', `/keys/${id}`, { secret: Y })).status).toBe(400)
})

it.each([
  [false, 401],
  [true, 200],
])(
  'A-55: production restored in staging: its keys do not work there unless adopted (%s)',
  async (adoptKeys, status) => {
    const production = await freshSettings('sqlite', { OCTROI_ENVIRONMENT: 'production' })
    const admin = await filledInstallation(production, 0)
    const env = { OCTROI_KEYS: section('till', X) }
    const server = await serve(production, env)
    const post = (path: string, body: object) => request(server.url, 'POST', `/api/v1${path}`, admin, body)
    const { key } = (await post('/keys', { name: 'shop' }))!.body
    expect((await post('/keys', { name: 'till', tech_name: 'till' }))?.status).toBe(201)
    const before = async (secret: string) => (await request(server.url, 'GET', '/api/v1/keys/self', secret))?.status
    expect([await before(key), await before(X)]).toEqual([200, 200])
    await server.kill('SIGTERM')
    const backup = join(room, 'production.backup')
    await backupInstallation(production, backup)

    const staging = await freshSettings('sqlite', { OCTROI_ENVIRONMENT: 'staging' })
    const restored = { ...staging, master_key_file: join(room, 'master.key') }
    copyFileSync(join(production.data_dir, 'master.key'), restored.master_key_file)
    const { foreign_keys } = await restoreInstallation(restored, backup, { activate: false, adoptKeys, replace: false })
    expect(foreign_keys).toBe(3)
    const copy = await serve(restored, env)
    const after = async (secret: string) => (await request(copy.url, 'GET', '/api/v1/keys/self', secret))?.status
    expect([await after(key), await after(admin), await after(X)]).toEqual([status, status, status])
    expect(await copy.kill('SIGTERM')).toBe(0)
  },
)

it('A-56: nobody gets a tech_name that he was not given: a section of the same name takes no key over', async () => {
  const octroi = await open({ OCTROI_KEYS: section('old_till', X) })
  const secret = 'a-key-that-was-made-elsewhere'
  const { body } = await octroi.api('POST', '/keys/import', { name: 'Old till', secret })
  expect([body.tech_name, body.provided]).toEqual([null, false])
  expect(await self(octroi, secret)).toBeNull()
  expect(await self(octroi, X)).toBe('unauthenticated')
  // Given one, the environment's key is its key from the next request.
  await octroi.api('PATCH', `/keys/${body.id}`, { tech_name: 'old_till' })
  expect([await self(octroi, X), await self(octroi, secret)]).toEqual(['old_till', 'unauthenticated'])
})
