import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PahekoScene, startPahekoScene } from './paheko_scene.ts'

/** Both below a path of their host: `https://example.org/octroi`, and `https://example.org/paheko`. */

let scene: PahekoScene
beforeAll(async () => {
  scene = await startPahekoScene({ gate: '/octroi', paheko: '/paheko' })
  await scene.addPerson('ada')
})
afterAll(() => scene.stop())

it('signed in through both paths, by what the template says of them', async () => {
  expect(scene.client.redirect_uris).toEqual([`${scene.paheko.adminUrl}login.php?oidc`])
  const ada = await scene.enter('ada')
  expect([ada.url, ada.page?.text]).toEqual([scene.paheko.adminUrl, expect.stringContaining('Bonjour Ada Lovelace')])
  const atTheGate = ada.trail.filter((url) => new URL(url).host === new URL(scene.url).host)
  expect(atTheGate.length).toBeGreaterThan(3)
  for (const url of atTheGate) expect(new URL(url).pathname).toMatch(/^\/octroi\//)
  const back = scene.paheko.requests.find(({ url }) => url.includes('code='))
  expect(back?.url).toContain(`iss=${encodeURIComponent(scene.issuer)}`)
})

it('the document of the client names addresses below the path alone', async () => {
  const answer = await fetch(`${scene.issuer}/clients/paheko/.well-known/openid-configuration`)
  const document = (await answer.json()) as Record<string, unknown>
  const addresses = Object.entries(document).filter(([name]) => /(_endpoint|_uri)$|^issuer$/.test(name))
  expect(addresses.length).toBeGreaterThan(5)
  for (const [, address] of addresses) expect(String(address).startsWith(`${scene.url}/oidc`)).toBe(true)
})
