import { afterAll, beforeAll, expect, it } from 'vitest'
import { configOf, type PahekoScene, startPahekoScene } from './paheko_scene.ts'
import { Traveller } from './paheko_traveller.ts'

/** Paheko takes its people from the gate, set up by what its template says and by nothing else. */

let scene: PahekoScene
beforeAll(async () => {
  scene = await startPahekoScene()
  await scene.addPerson('ada', { name: 'Ada L.' })
})
afterAll(() => scene.stop())

it('S0-07, S0-08: Octroi alone is the provider, and Paheko takes its people from it by what the template sets', async () => {
  const ada = await scene.enter('ada')
  expect(ada.url).toBe(scene.paheko.adminUrl)
  expect(ada.page?.text).toContain('Bonjour Ada Lovelace')
  expect(scene.paheko.logins.at(-1)).toMatchObject({
    email: 'ada@example.org',
    name: 'Ada L.',
    member: { name: 'Ada Lovelace' },
  })
  // A password is typed at the gate, and nowhere else.
  expect(ada.trail.filter((url) => url.includes('/sign-in/password'))).toEqual([`${scene.url}/sign-in/password`])
})

it('every scope that its own discovery document names is asked for, and granted', async () => {
  const document = await discovery(`${scene.issuer}/clients/paheko`)
  expect(document.scopes_supported).toEqual(scene.client.openid.scopes)
  expect(document).toMatchObject({
    issuer: scene.issuer,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    grant_types_supported: ['authorization_code'],
    response_types_supported: ['code'],
  })
  const ada = await scene.enter('ada')
  const asked = new URL(ada.trail.find((url) => url.startsWith(`${scene.issuer}/auth?`)) ?? '').searchParams
  expect(asked.get('scope')?.split(' ').sort()).toEqual([...document.scopes_supported].sort())
  expect(scene.paheko.logins.at(-1)?.granted?.split(' ').sort()).toEqual([...document.scopes_supported].sort())
})

it('pointed at the general document, it asks for more than it may have, and gets what it may have', async () => {
  const general = await discovery(scene.issuer)
  expect(general.scopes_supported).toEqual(expect.arrayContaining(['groups', 'organization', 'offline_access']))
  scene.paheko.configure(configOf(scene.client).replace(`${scene.issuer}/clients/paheko`, scene.issuer))
  const ada = await scene.enter('ada')
  scene.paheko.configure(configOf(scene.client))
  expect(ada.page?.text).toContain('Bonjour Ada Lovelace')
  const granted = scene.paheko.logins.at(-1)?.granted?.split(' ').sort()
  expect(granted).toEqual([...scene.client.openid.scopes].sort())
})

it('comes back to the redirect URI as it is registered, query and all, with code, state and iss behind it', async () => {
  const { back } = await scene.codeOf('ada')
  expect(scene.client.redirect_uris).toEqual([`${scene.paheko.adminUrl}login.php?oidc`])
  expect(back.href).toMatch(/\/admin\/login\.php\?oidc=?&/)
  expect([...back.searchParams.keys()].sort()).toEqual(['code', 'iss', 'oidc', 'state'])
  expect(back.searchParams.get('iss')).toBe(scene.issuer)
  expect(back.searchParams.get('state')).toMatch(/^[0-9a-f]{40}$/)
})

it.each(['', '?oidc=', '?oidc=1', '?oidc&x=1', '/'])(
  'a redirect URI that ends with login.php%s is not that one',
  async (end) => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'paheko',
      redirect_uri: `${scene.paheko.adminUrl}login.php${end}`,
      state: 'f'.repeat(40),
      scope: 'openid',
    })
    const visitor = new Traveller()
    const answer = await visitor.go(`${scene.issuer}/auth?${query}`)
    expect([visitor.url.startsWith(scene.url), answer.status]).toEqual([true, 400])
    expect(answer.text).not.toContain('name="password"')
  },
)

it('S0-18: who is signed in at the gate opens Paheko without typing anything', async () => {
  const ada = new Traveller()
  await ada.go(`${scene.url}/sign-in`)
  await ada.submit('/sign-in/password', { login: 'ada', password: 'a long enough secret' })
  ada.trail.length = 0
  await ada.go(`${scene.paheko.adminUrl}login.php?oidc`)
  expect([ada.url, ada.page?.text.includes('Bonjour Ada')]).toEqual([scene.paheko.adminUrl, true])
  expect(ada.trail.filter((url) => url.includes('/sign-in'))).toEqual([])
})

it('a button null: Paheko’s login page itself leads to the gate and back', async () => {
  scene.paheko.configure(configOf(scene.client).replace("OIDC_CLIENT_BUTTON = 'Octroi'", 'OIDC_CLIENT_BUTTON = null'))
  const ada = await scene.enter('ada')
  const back = await ada.go(`${scene.paheko.adminUrl}logout.php`)
  expect(back.text).toContain('déconnecté')
  const again = await ada.go(`${scene.paheko.adminUrl}login.php`)
  scene.paheko.configure(configOf(scene.client))
  // Its way out is its own: the gate's session is as it was.
  expect([ada.url, again.text.includes('Bonjour Ada')]).toEqual([scene.paheko.adminUrl, true])
})

it('the sign-in page says where one is going, in French where that is wanted', async () => {
  const visitor = new Traveller()
  const page = await visitor.go(`${scene.paheko.adminUrl}login.php?oidc`)
  expect([new URL(visitor.url).origin, page.status]).toEqual([scene.url, 200])
  expect(page.text).toContain('Paheko')
})

it('the trail says who went to Paheko', async () => {
  await scene.enter('ada')
  const { items } = await scene.must('GET', '/audit?limit=50')
  expect(items).toEqual(expect.arrayContaining([expect.objectContaining({ action: 'oidc.authorize', account: 'ada' })]))
})

// biome-ignore lint/suspicious/noExplicitAny: a document of the provider
async function discovery(issuer: string): Promise<any> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`)
  expect(answer.status).toBe(200)
  return answer.json()
}
