import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Traveller } from '../provider/paheko_traveller.ts'
import type { ExampleName } from './application.ts'
import { type ExampleScene, startExampleScene } from './scene.ts'

/** Both examples with a real gate: in, who it is, out on either side. */
describe.each<ExampleName>(['fastapi', 'typescript'])('examples/%s with a gate', (name) => {
  let scene: ExampleScene

  beforeAll(async () => {
    scene = await startExampleScene(name)
  })
  afterAll(() => scene?.stop())

  /** Presses the button of the page, as far as its script or its form leads. */
  const signOut = async (traveller: Traveller) => {
    const { url } = scene.example
    const answer = await traveller.site(url).post('/api/logout', {}, { headers: { origin: url } })
    const next = name === 'fastapi' ? JSON.parse(answer.text).location : answer.location
    await traveller.go(next)
  }

  it('who signs in at the gate is known to the application: by a subject, a name and a verified address', async () => {
    const traveller = await scene.enter()
    expect(traveller.url).toBe(`${scene.example.url}/`)
    const { status, body } = await scene.me(traveller)
    expect([status, body]).toEqual([200, { sub: expect.any(String), name: 'ada <b>', email: 'ada@example.org' }])
    const again = await scene.me(await scene.enter())
    expect(again.body.sub).toBe(body.sub)
  })

  it('who is signed in at the gate types nothing; who may not use the application stops at the gate', async () => {
    const traveller = await scene.enter()
    traveller.site(scene.example.url).cookies.clear()
    await traveller.go(`${scene.example.url}/api/login`)
    expect([traveller.url, (await scene.me(traveller)).status]).toEqual([`${scene.example.url}/`, 200])
    const max = await scene.enter(new Traveller(), 'max')
    expect(max.url).toContain(scene.gate.url)
    expect([max.page?.status, (await scene.me(max)).status]).toEqual([403, 401])
  })

  it('signing out ends the session here and at the gate, and comes back without a question', async () => {
    const traveller = await scene.enter()
    await signOut(traveller)
    expect(traveller.url).toBe(`${scene.example.url}/?signed_out`)
    expect((await scene.me(traveller)).status).toBe(401)
    await traveller.go(`${scene.example.url}/api/login`)
    expect(traveller.page?.text).toContain('name="password"')
  })

  it('a way back from a logout that was not begun here is refused', async () => {
    const { status } = await new Traveller().go(`${scene.example.url}/api/logged-out?state=made-up`)
    expect(status).toBe(400)
  })

  it('who signs out at the gate is signed out here; another person’s browser is not', async () => {
    const traveller = await scene.enter()
    const other = await scene.enter()
    expect((await scene.me(traveller)).status).toBe(200)
    const site = traveller.site(scene.gate.url)
    await site.get('/session/sign-out')
    await site.submit('/session/sign-out')
    await expect.poll(async () => (await scene.me(traveller)).status).toBe(401)
    expect((await scene.me(other)).status).toBe(200)
  })

  it('who is disabled at the gate is signed out here, everywhere', async () => {
    const browsers = [await scene.enter(), await scene.enter()]
    for (const browser of browsers) expect((await scene.me(browser)).status).toBe(200)
    await scene.must('POST', '/accounts/ada/disable')
    for (const browser of browsers) await expect.poll(async () => (await scene.me(browser)).status).toBe(401)
    await scene.must('POST', '/accounts/ada/enable')
  })
})
