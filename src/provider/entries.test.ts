import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { ProviderEntryStore } from '../core/openid_stores.ts'
import type { ProviderEntry } from '../core/openid_types.ts'
import type { ValueSealer } from '../core/vault.ts'
import { Entries } from './entries.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const WINDOW_S = 300

it('a proof by a clock that is ahead is known for as long as the library would take it again', async () => {
  const added: ProviderEntry[] = []
  const store = {
    add: async (entry: ProviderEntry) => {
      const isFirst = !added.some(({ id }) => id === entry.id)
      if (isFirst) added.push(entry)
      return isFirst
    },
  }
  const entries = new Entries({
    entries: store as unknown as ProviderEntryStore,
    subjects: { find: async () => undefined },
    key: createSecretKey(randomBytes(32)),
    sealer: { seal: (value: Buffer) => value.toString('base64') } as unknown as ValueSealer,
    now: () => NOW,
  })
  const endOfLibrary = NOW / 1000 + WINDOW_S
  expect(await entries.first('app', 'a proof', endOfLibrary)).toBe(true)
  expect(await entries.first('app', 'a proof', endOfLibrary)).toBe(false)
  expect(await entries.first('other', 'a proof', endOfLibrary)).toBe(true)
  // Its `iat` may be so much ahead of us, and from there it is good for as long again (RFC 9449 §4.3).
  const lastMoment = NOW + 2 * WINDOW_S * 1000
  for (const { expires_at } of added) expect(Date.parse(expires_at)).toBeGreaterThan(lastMoment)
})
