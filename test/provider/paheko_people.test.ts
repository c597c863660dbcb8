import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { PASSWORD, type PahekoScene, startPahekoScene } from './paheko_scene.ts'
import { Traveller } from './paheko_traveller.ts'

/** Who gets as far as Paheko, and who is stopped at the gate: then Paheko is told nothing, not even that somebody tried. */

let scene: PahekoScene
beforeAll(async () => {
  scene = await startPahekoScene()
  await scene.must('POST', '/groups', { id: 'volunteers', name: 'Volunteers' })
  await scene.addPerson('ada')
  await scene.addPerson('vera', { groups: ['volunteers'] })
  await scene.addPerson('una', { verified: false })
  await scene.addPerson('noe', { email: null })
})
afterAll(() => scene.stop())
beforeEach(() => {
  scene.paheko.requests.length = 0
})

/** What Paheko heard from the gate's side: anything but the visit that began it. */
function heard(): string[] {
  return scene.paheko.requests.map(({ url }) => url).filter((url) => url !== '/admin/login.php?oidc')
}

async function stopped(login: string): Promise<Traveller> {
  scene.paheko.requests.length = 0
  const traveller = await scene.enter(login)
  expect(new URL(traveller.url).origin).toBe(scene.url)
  expect([heard(), scene.paheko.requests.length]).toEqual([[], 1])
  return traveller
}

describe('stopped at the gate, with a page, and nothing reaches Paheko:', () => {
  it('who is in no group that may: at the sign-in, which has made nothing', async () => {
    const { page } = await stopped('vera')
    expect([page?.status, page?.text]).toEqual([403, expect.stringContaining('not open to you')])
    expect((await scene.must('GET', '/sessions?limit=50')).items).toEqual([])
  })

  it.each([
    ['whose address nobody has verified', 'una'],
    ['who has no address', 'noe'],
  ])('%s', async (_, login) => {
    const { page } = await stopped(login)
    expect(page?.status).toBe(403)
    expect(page?.text).toContain('Paheko')
    expect(page?.text).toContain(login)
  })

  it('who is signed in already, time after time, until the operator allows it', async () => {
    const vera = new Traveller()
    await vera.go(`${scene.url}/sign-in`)
    await vera.submit('/sign-in/password', { login: 'vera', password: PASSWORD })
    for (let time = 1; time <= 2; time++) {
      await vera.go(`${scene.paheko.adminUrl}login.php?oidc`)
      expect([new URL(vera.url).origin, vera.page?.status, heard()]).toEqual([scene.url, 403, []])
      expect(vera.page?.text).toContain('Paheko')
      expect(vera.page?.text).toContain('vera')
    }
    await scene.must('PATCH', '/accounts/vera', { groups: ['volunteers', 'compta'] })
    await vera.go(`${scene.paheko.adminUrl}login.php?oidc`)
    // Known to the gate, not to Paheko: it has no member with her address.
    expect(heard().at(-1)).toContain('code=')
    expect(vera.page?.text).toContain('no member has the address vera@example.org')
    await scene.must('PATCH', '/accounts/vera', { groups: ['volunteers'] })
  })

  it('whose account is disabled: the session has gone, and the right password opens nothing', async () => {
    const ada = await scene.enter('ada')
    expect(ada.page?.text).toContain('Bonjour Ada')
    await scene.must('POST', '/accounts/ada/disable')
    scene.paheko.requests.length = 0
    await ada.go(`${scene.paheko.adminUrl}login.php?oidc`)
    expect([new URL(ada.url).origin, ada.page?.text.includes('name="password"')]).toEqual([scene.url, true])
    await ada.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
    expect([new URL(ada.url).origin, heard()]).toEqual([scene.url, []])
    await scene.must('POST', '/accounts/ada/enable')
  })

  it('everybody, while Paheko is switched off at the gate: there is no document for it, and no page to sign in to it', async () => {
    const link = (await new Traveller().go(`${scene.paheko.adminUrl}login.php?oidc`, scene.url)).location ?? ''
    await scene.must('PATCH', '/clients/paheko', { disabled: true })
    const visitor = new Traveller()
    const page = await visitor.go(link)
    expect([new URL(visitor.url).origin, page.status]).toEqual([scene.url, 400])
    expect(page.text).not.toContain('name="password"')
    const began = await visitor.go(`${scene.paheko.adminUrl}login.php?oidc`)
    expect([began.status, began.text]).toEqual([400, expect.stringContaining('discovery')])
    expect(heard()).toEqual([])
    await scene.must('PATCH', '/clients/paheko', { disabled: false })
    expect((await scene.enter('ada')).page?.text).toContain('Bonjour Ada')
  })
})

it.each([
  ['taken out of the group', 'PATCH', '/accounts/ada', { groups: [] }, { groups: ['compta'] }],
  ['disabled', 'POST', '/accounts/ada/disable', undefined, undefined],
])('%s between the code and the token: Paheko lets nobody in', async (_, method, path, change, back) => {
  const { back: address, traveller } = await scene.codeOf('ada')
  await scene.must(method, path, change)
  const known = scene.paheko.logins.length
  const page = await traveller.go(address.href)
  expect([page.status, page.text]).toEqual([400, expect.stringContaining('token: invalid_grant')])
  expect(scene.paheko.logins.length).toBe(known)
  if (back === undefined) await scene.must('POST', '/accounts/ada/enable')
  else await scene.must(method, path, back)
})

it('the second factor is the gate’s: asked for before Paheko, set up on the way by who has none', async () => {
  await scene.must('PATCH', '/clients/paheko', { mfa: true })
  const ada = await stopped('ada')
  const secret = /<code[^>]* class="code"[^>]*>([^<]*)</.exec(ada.page?.text ?? '')?.[1]?.replaceAll(' ', '') ?? ''
  expect(secret).toMatch(/^[A-Z2-7]{32}$/)
  await ada.submit('/sign-in/step/', { code: codeOfStep(secret, stepAt(Date.now())) })
  expect(heard()).toEqual([])
  // The recovery codes, shown once.
  await ada.submit('/sign-in/step/')
  expect([ada.url, ada.page?.text.includes('Bonjour Ada')]).toEqual([scene.paheko.adminUrl, true])
  // With both factors given, Paheko opens again without anything.
  await ada.go(`${scene.paheko.adminUrl}logout.php`)
  await ada.go(`${scene.paheko.adminUrl}login.php?oidc`)
  expect(ada.page?.text).toContain('Bonjour Ada')
  // A password alone does not.
  const thief = await stopped('ada')
  expect(thief.page?.text).toContain('name="code"')
  await scene.must('PATCH', '/clients/paheko', { mfa: false })
})
