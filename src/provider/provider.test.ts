import { expect, it, vi } from 'vitest'
import type { PrivateJwk } from '../core/signing_keys.ts'
import { newKeyPair } from '../vault/signing_key_pairs.ts'
import { OpenIdProvider, type OpenIdProviderParts } from './provider.ts'

async function key(alg: 'ES256' | 'RS256'): Promise<PrivateJwk> {
  const { id, privateJwk } = await newKeyPair(alg)
  return { ...privateJwk, kid: id, use: 'sig', alg }
}

it('sets the library up anew when a key comes or goes, and says nothing on the console', async () => {
  const said = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info')]
  const [first, second, rsa] = [await key('ES256'), await key('ES256'), await key('RS256')]
  let keys: readonly PrivateJwk[] = [first, rsa]
  let asked = 0
  const ensure = async () => {
    asked++
  }
  const never = {} as never
  const provider = new OpenIdProvider({
    ...({
      store: {},
      clients: never,
      entries: never,
      key: never,
      sealer: never,
      trail: never,
    } as unknown as OpenIdProviderParts),
    keys: { privateKeys: () => keys, ensure },
    publicUrl: 'https://gate.example.org/sub',
    now: () => Date.now(),
  })
  expect([provider.issuer, provider.basePath]).toEqual(['https://gate.example.org/sub/oidc', '/sub/oidc'])
  const [one, same] = await Promise.all([provider.library(), provider.library()])
  expect(one).toBe(same)
  keys = [second, first, rsa]
  const other = await provider.library()
  expect(other).not.toBe(one)
  expect(await provider.library()).toBe(other)
  expect(asked).toBe(1)
  for (const spy of said) expect(spy).not.toHaveBeenCalled()
})
