import { createSecretKey } from 'node:crypto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { open, seal } from '../../src/vault/seal.ts'
import { SigningKeyRing } from '../../src/vault/signing_keys.ts'
import { ENGINES, Places } from '../store/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** Processes that share a store share the keys that sign, whoever makes them. */

const DAY = 86_400_000
const places = new Places()
afterEach(() => places.cleanUp())
afterAll(() => stopSharedPostgres())

const key = createSecretKey(Buffer.alloc(32, 7))
const sealer = {
  seal: (plain: Uint8Array, place: string) => seal(key, 'k', plain, place),
  open: (text: string, place: string) => open(key, text, place),
}
const kids = (ring: SigningKeyRing): string[] => JSON.parse(ring.jwks()).keys.map(({ kid }: { kid: string }) => kid)
const kidOf = (ring: SigningKeyRing) =>
  JSON.parse(Buffer.from(ring.sign({}).split('.')[0] as string, 'base64url').toString()).kid

describe.each(ENGINES)('signing keys on %s', (engine) => {
  it('four processes that begin at once have one key', async () => {
    const first = await places.openFresh(engine)
    const stores = [first, ...(await Promise.all([1, 2, 3].map(() => places.openAgain(first))))]
    const rings = await Promise.all(stores.map(({ store }) => SigningKeyRing.open({ store, sealer, now: Date.now })))
    expect(new Set(rings.map(kidOf)).size).toBe(1)
    expect(new Set(rings.map((ring) => ring.jwks())).size).toBe(1)
    expect(await first.store.signingKeys.list()).toHaveLength(1)
  })

  it('two that rotate at once come to the same, and no key signs that the other does not publish', async () => {
    const one = await places.openFresh(engine)
    const two = await places.openAgain(one)
    let now = Date.parse('2026-01-01T00:00:00Z')
    const rings = await Promise.all(
      [one, two].map(({ store }) => SigningKeyRing.open({ store, sealer, now: () => now })),
    )
    const signed = new Set<string>()
    for (let day = 0; day < 65; day++) {
      now += DAY
      await Promise.all(rings.map((ring) => ring.round()))
      for (const ring of rings) {
        signed.add(kidOf(ring))
        for (const other of rings) expect(kids(other)).toContain(kidOf(ring))
      }
    }
    expect(signed.size).toBe(3)
    const rows = await one.store.signingKeys.list()
    expect(rows.filter(({ state }) => state === 'current')).toHaveLength(1)
    expect(rows.length).toBeLessThanOrEqual(3)
  })
})
