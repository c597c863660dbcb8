import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../core/errors.ts'
import { ProvidedSecrets } from './provided_keys.ts'
import type { ProvisionSources } from './provision.ts'

let folder: string
let log: { level: string; fields: Record<string, unknown>; message: string }[]
let changes: number
/** Stored keys by the hash of their secret. */
let stored: Record<string, { id: string; tech_name: string | null }>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-keys-'))
  log = []
  changes = 0
  stored = { '#stored-secret-of-another': { id: 'other123', tech_name: null } }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const A = 'provided-key-of-till-0001'
const B = 'provided-key-of-shop-0002'
const hashKey = (secret: string) => `#${secret}`

function file(name: string, text: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

async function open(sources: Partial<ProvisionSources>): Promise<ProvidedSecrets> {
  const note = (level: string) => (fields: object, message: string) =>
    log.push({ level, fields: fields as Record<string, unknown>, message })
  return ProvidedSecrets.open({
    sources: { files: [], environment: 'production', texts: [], ...sources },
    hashKey,
    hot: {
      findKey: async (hash: string) => (stored[hash] === undefined ? undefined : { key: stored[hash] }) as never,
      findTechName: async (name: string) => (name === 'nobody' ? undefined : { key: { tech_name: name } }) as never,
    },
    onChange: () => changes++,
    log: { info: note('info'), warn: note('warn'), error: note('error') },
  })
}

async function faultsOf(sources: Partial<ProvisionSources>): Promise<readonly string[]> {
  const error = await open(sources).catch((refusal: unknown) => refusal)
  expect(error).toBeInstanceOf(ConfigurationError)
  return (error as ConfigurationError).faults
}

const section = (name: string, key: string) => `[api_key_${name}]\nkey = ${key}\n`
const text = (of: string, name = 'OCTROI_KEYS') => ({ texts: [{ name, text: of }] })

describe('keys that are provided', () => {
  it('nothing, where nothing provides any', async () => {
    const provided = await open({})
    expect([provided.techName(hashKey(A)), provided.provides('till')]).toEqual([undefined, false])
    expect(log).toEqual([])
  })

  it('are known by the hash of their secret', async () => {
    const provided = await open({ files: [file('a.conf', section('till', A))] })
    expect(provided.techName(hashKey(A))).toBe('till')
    expect([provided.techName(hashKey(B)), provided.provides('till'), provided.provides('shop')]).toEqual([
      undefined,
      true,
      false,
    ])
    expect(JSON.stringify(log)).not.toContain(A)
  })

  it('later sources win: default, environment, OCTROI_KEYS and what Odoo reads', async () => {
    file('env/default/b.conf', section('till', 'the-one-of-default-b-01') + section('shop', B))
    file('env/default/a.conf', section('till', 'the-one-of-default-a-01'))
    file('env/production/a.conf', section('till', 'the-one-of-production-1'))
    file('env/staging/a.conf', section('till', 'the-one-of-staging-0001'))
    file('env/default/notes.txt', 'key = not read')
    const files = [join(folder, 'env')]
    const nameOf = async (sources: Partial<ProvisionSources>, key: string) =>
      (await open({ files, ...sources })).techName(hashKey(key))
    expect(await nameOf({}, 'the-one-of-production-1')).toBe('till')
    expect(await nameOf({}, 'the-one-of-default-b-01')).toBeUndefined()
    expect(await nameOf({ environment: 'elsewhere' }, 'the-one-of-default-b-01')).toBe('till')
    expect(await nameOf({}, B)).toBe('shop')
    const texts = [
      { name: 'OCTROI_KEYS', text: section('till', 'the-one-of-octroi-keys-1') },
      { name: 'SERVER_ENV_CONFIG', text: section('till', A) },
    ]
    expect(await nameOf({ texts }, A)).toBe('till')
    expect(await nameOf({ texts }, 'the-one-of-octroi-keys-1')).toBeUndefined()
  })

  it('an empty key is provided and works for nobody; a section without one leaves an earlier one', async () => {
    const provided = await open({
      files: [file('a.conf', section('till', A) + section('shop', B))],
      ...text('[api_key_till]\nkey =\n[api_key_shop]\nname = Shop'),
    })
    expect([provided.provides('till'), provided.techName(hashKey(A)), provided.techName(hashKey(''))]).toEqual([
      true,
      undefined,
      undefined,
    ])
    expect(provided.techName(hashKey(B))).toBe('shop')
  })

  it.each([
    ['a shared key', `[auth_api_key]\nkey = ${A}`, 'OCTROI_KEYS: line 2 [auth_api_key] would give one key to all'],
    ['the same key twice', section('a', A) + section('b', A), 'OCTROI_KEYS: line 4: is the key of a as well'],
    [
      'the secret of a stored key',
      section('a', 'stored-secret-of-another'),
      'OCTROI_KEYS: line 2: is the key of the stored key other123 as well',
    ],
    ['a section that gives nothing', '[api_key_a]\nKey = x', 'OCTROI_KEYS: line 1: [api_key_a] has no option key'],
    ['a name that is none', section('A b', A), 'cannot be the tech_name of a key'],
    ['a short key', section('a', 'short12'), 'the key has not 8 to 255 characters'],
    ['a long key', section('a', 'x'.repeat(256)), 'the key has not 8 to 255 characters'],
    ['a note behind the key', section('a', `${A} # new`), 'the key is not printable ASCII without spaces'],
    ['a mistyped key of ours', section('a', `oct_key_aaaaaaaa_${'x'.repeat(38)}`), 'begins like one of Octroi'],
  ])('start-up is refused with %s', async (_, conf, fault) => {
    const faults = await faultsOf(text(conf))
    expect(faults.join('\n')).toContain(fault)
    for (const secret of [A, 'stored-secret', 'short12', 'xxxx']) expect(faults.join('\n')).not.toContain(secret)
  })

  it('start-up is refused with a file that is missing, not text, or in no folder that is read; all at once', async () => {
    file('empty/other/a.conf', section('a', A))
    const files = [
      join(folder, 'missing.conf'),
      file('latin.conf', Buffer.from([0x5b, 0xe9, 0x5d])),
      join(folder, 'empty'),
    ]
    expect(await faultsOf({ files })).toEqual([
      expect.stringContaining('missing.conf: there is no such file'),
      expect.stringContaining('empty: has neither a folder default nor a folder production'),
      expect.stringContaining('latin.conf: is not UTF-8 text'),
    ])
  })

  it('its own stored secret may be the same, and warnings name files, weak keys and names that nobody has', async () => {
    stored[hashKey(A)] = { id: 'mine1234', tech_name: 'till' }
    const files = [file('a.conf', section('till', A) + section('nobody', B) + section('door', 'weak-one'), 0o644)]
    const provided = await open({ files })
    expect(provided.techName(hashKey(A))).toBe('till')
    expect(log.filter(({ level }) => level === 'warn').map(({ fields }) => fields.kind)).toEqual([
      'open',
      'unused',
      'weak',
    ])
    expect(JSON.stringify(log)).not.toContain('weak-one')
  })
})

describe('reading anew', () => {
  const settle = async (provided: ProvidedSecrets) => {
    await provided.look()
    await provided.look()
  }

  it('a file that changed holds once it stands still, and the caches are told', async () => {
    const path = file('a.conf', section('till', A))
    const provided = await open({ files: [path] })
    file('a.conf', section('till', B).replace('till', 'tilt'))
    await provided.look()
    expect(provided.techName(hashKey(A))).toBe('till')
    await provided.look()
    expect([provided.techName(hashKey(A)), provided.techName(hashKey(B)), changes]).toEqual([undefined, 'tilt', 1])
    await settle(provided)
    expect(changes).toBe(1)
  })

  it('reload reads at once', async () => {
    const provided = await open({ files: [file('a.conf', section('till', A))] })
    file('a.conf', section('till', `${A}-and-longer`))
    await Promise.all([provided.reload(), provided.reload()])
    expect([provided.techName(hashKey(`${A}-and-longer`)), changes]).toEqual(['till', 1])
  })

  it.each([
    ['is gone', () => rmSync(join(folder, 'env/production/a.conf'))],
    ['has a fault', () => file('env/production/a.conf', '[auth_api_key]\nkey = x')],
    ['is no text', () => file('env/production/a.conf', Buffer.from([0xff, 0xfe]))],
    ['has the same key twice', () => file('env/production/b.conf', section('b', A))],
  ])('the former set stays when a file %s; it is said once, and mended by itself', async (_, harm) => {
    file('env/production/a.conf', section('till', A))
    const provided = await open({ files: [join(folder, 'env')] })
    harm()
    for (let i = 0; i < 3; i++) await settle(provided)
    expect([provided.techName(hashKey(A)), provided.provides('till'), changes]).toEqual(['till', true, 0])
    const errors = log.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors)).not.toContain(A)
    rmSync(join(folder, 'env/production/b.conf'), { force: true })
    file('env/production/a.conf', section('till', B))
    await settle(provided)
    expect([provided.techName(hashKey(A)), provided.techName(hashKey(B)), changes]).toEqual([undefined, 'till', 1])
  })

  it('a store that does not answer leaves the former set', async () => {
    const provided = await open({ files: [file('a.conf', section('till', A))] })
    file('a.conf', section('till', B))
    const find = Object.getOwnPropertyDescriptor(stored, hashKey(B))
    expect(find).toBeUndefined()
    Object.defineProperty(stored, hashKey(B), {
      get() {
        throw new Error('the store does not answer')
      },
    })
    await provided.reload()
    expect(provided.techName(hashKey(A))).toBe('till')
    expect(log.at(-1)).toMatchObject({ level: 'error', fields: { faults: ['the store does not answer'] } })
  })
})
