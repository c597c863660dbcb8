import { createPublicKey, createSecretKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import type { SigningKeyStore } from '../core/program_stores.ts'
import type { SigningKeyRow } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import { open, seal } from './seal.ts'
import { SigningKeyRing } from './signing_keys.ts'

const DAY = 86_400_000
const key = createSecretKey(Buffer.alloc(32, 7))
const sealer = {
  seal: (plain: Uint8Array, place: string) => seal(key, 'k', plain, place),
  open: (text: string, place: string) => open(key, text, place),
}

/** Rows in memory, with the two constraints of the table. */
class Rows implements SigningKeyStore {
  rows: SigningKeyRow[] = []
  async list() {
    return [...this.rows]
  }
  async insert(row: SigningKeyRow) {
    if (
      row.state !== 'retired' &&
      this.rows.some(({ algorithm, state }) => algorithm === row.algorithm && state === row.state)
    )
      throw new OctroiError('conflict', 'There is one already.')
    this.rows.push(row)
  }
  async setState(id: string, state: SigningKeyRow['state'], since: string) {
    this.rows = this.rows.map((row) => (row.id === id ? { ...row, state, since } : row))
  }
  async delete(id: string) {
    this.rows = this.rows.filter((row) => row.id !== id)
  }
}

function scene() {
  const signingKeys = new Rows()
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') }
  const store = { signingKeys } as unknown as Store
  Object.assign(store, { transaction: (work: (store: Store) => Promise<unknown>) => work(store) })
  const parts = { store, sealer, now: () => clock.now }
  return { signingKeys, clock, parts, states: () => signingKeys.rows.map(({ state }) => state).sort() }
}

const kids = (ring: SigningKeyRing): string[] => JSON.parse(ring.jwks()).keys.map(({ kid }: { kid: string }) => kid)
const kidOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] as string, 'base64url').toString()).kid

describe('signing', () => {
  it('is verified with the published key of that kid (RFC 7515 §5.2)', async () => {
    const ring = await SigningKeyRing.open(scene().parts)
    const jwt = ring.sign({ sub: 'till', name: 'Tillé' })
    const [header = '', payload = '', signature = ''] = jwt.split('.')
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'JWT',
      kid: kids(ring)[0],
    })
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ sub: 'till', name: 'Tillé' })
    const jwk = JSON.parse(ring.jwks()).keys[0]
    const ok = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    expect(ok).toBe(true)
  })
  it('publishes public members alone, and keeps the private ones sealed', async () => {
    const { parts, signingKeys } = scene()
    const ring = await SigningKeyRing.open(parts)
    expect(Object.keys(JSON.parse(ring.jwks()).keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    const [row] = signingKeys.rows as [SigningKeyRow]
    const secret = JSON.parse(sealer.open(row.sealed, row.id).toString()).d
    expect(JSON.stringify(row)).not.toContain(secret)
    expect(() => sealer.open(row.sealed, 'another place')).toThrow()
  })
})

describe('rotation', () => {
  it('publishes the next key a day ahead, and the last one a day more', async () => {
    const { parts, clock, states } = scene()
    const ring = await SigningKeyRing.open(parts)
    const first = kidOf(ring.sign({}))
    const later = async (ms: number) => {
      clock.now += ms
      await ring.round()
    }
    await later(27 * DAY)
    expect([states(), kids(ring).length]).toEqual([['current'], 1])
    await later(DAY)
    expect([states(), kids(ring).length, kidOf(ring.sign({}))]).toEqual([['current', 'next'], 2, first])
    await later(DAY)
    expect(kidOf(ring.sign({}))).toBe(first)
    const next = kids(ring).find((kid) => kid !== first)
    await later(DAY)
    expect([states(), kidOf(ring.sign({})), kids(ring)]).toEqual([
      ['current', 'retired'],
      next,
      expect.arrayContaining([first]),
    ])
    await later(DAY)
    expect([states(), kids(ring)]).toEqual([['current'], [next]])
  })
  it('a key that is overdue still waits until the next one was published for a day', async () => {
    const { parts, clock } = scene()
    const ring = await SigningKeyRing.open(parts)
    const first = kidOf(ring.sign({}))
    clock.now += 90 * DAY
    await ring.round()
    clock.now += DAY - 1
    await ring.round()
    expect([kidOf(ring.sign({})), kids(ring).length]).toEqual([first, 2])
    clock.now += 1
    await ring.round()
    expect(kidOf(ring.sign({}))).not.toBe(first)
  })
  it('two processes that begin at once have one key: the later one reads it', async () => {
    const { parts, signingKeys } = scene()
    const [one, two] = await Promise.all([SigningKeyRing.open(parts), SigningKeyRing.open(parts)])
    expect(signingKeys.rows).toHaveLength(1)
    expect(one.jwks()).toBe(two.jwks())
    expect(kidOf(one.sign({}))).toBe(kidOf(two.sign({})))
  })
  it('a process publishes what another one made', async () => {
    const { parts, clock } = scene()
    const [one, two] = [await SigningKeyRing.open(parts), await SigningKeyRing.open(parts)]
    clock.now += 28 * DAY
    await one.round()
    await two.round()
    expect(kids(two)).toEqual(kids(one))
  })
  it('a store that fails leaves what was there', async () => {
    const { parts, signingKeys } = scene()
    const ring = await SigningKeyRing.open(parts)
    const before = ring.jwks()
    signingKeys.list = () => Promise.reject(new OctroiError('store_unavailable', 'away'))
    await expect(ring.round()).rejects.toThrow('store_unavailable')
    expect([ring.jwks(), kidOf(ring.sign({}))]).toEqual([before, kids(ring)[0]])
  })
})

describe('a second algorithm', () => {
  it('has keys once somebody asks for them, made once, and rotates beside the first', async () => {
    const { parts, clock, signingKeys } = scene()
    const ring = await SigningKeyRing.open(parts)
    expect(() => ring.sign({ sub: 'x' }, 'JWT', 'RS256')).toThrow('no signing key for RS256')
    const before = ring.privateKeys()
    await Promise.all([ring.ensure('RS256'), (await SigningKeyRing.open(parts)).ensure('RS256')])
    expect(ring.privateKeys()).not.toBe(before)
    expect(signingKeys.rows.map(({ algorithm }) => algorithm).sort()).toEqual(['ES256', 'RS256'])
    const [header = '', payload = '', signature = ''] = ring.sign({ sub: 'x' }, 'JWT', 'RS256').split('.')
    const jwk = JSON.parse(ring.jwks()).keys.find(({ kty }: { kty: string }) => kty === 'RSA')
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
    clock.now += 29 * DAY
    await ring.round()
    expect(signingKeys.rows.map(({ algorithm, state }) => `${algorithm} ${state}`).sort()).toEqual([
      'ES256 current',
      'ES256 next',
      'RS256 current',
      'RS256 next',
    ])
    const same = ring.privateKeys()
    await ring.round()
    expect(ring.privateKeys()).toBe(same)
    // Those that sign come first.
    expect(
      same
        .slice(0, 2)
        .map(({ alg }) => alg)
        .sort(),
    ).toEqual(['ES256', 'RS256'])
    expect(same[0]?.kid).toBe(kidOf(ring.sign({}, 'JWT', same[0]?.alg as 'ES256')))
  })
})
