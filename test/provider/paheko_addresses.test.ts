import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldedLogin } from '../support/vendors/paheko_oidc_members.ts'
import { type PahekoScene, startPahekoScene } from './paheko_scene.ts'

/** Paheko knows its members by an address, and compares it without case and accents: what goes out has to be one person's alone. */

let scene: PahekoScene
beforeAll(async () => {
  scene = await startPahekoScene()
})
afterAll(() => scene.stop())

const verify = (id: string, address: string) =>
  scene.gate.api('PUT', `/accounts/${id}/emails`, { address, verified: true })

async function wentOut(login: string) {
  const before = scene.paheko.logins.length
  const traveller = await scene.enter(login)
  return { page: traveller.page?.text ?? '', url: traveller.url, login: scene.paheko.logins.slice(before).at(-1) }
}

describe('S0-08: unique after case and accents are folded', () => {
  it('José@ is the member jose@: as it was written, and Paheko finds him', async () => {
    await scene.addPerson('jose', { email: 'José@Example.org' })
    const { login } = await wentOut('jose')
    expect(login).toMatchObject({ email: 'José@Example.org', member: { email: 'jose@example.org' } })
  })

  it.each(['jose@example.org', 'JOSÉ@EXAMPLE.ORG', 'josè@example.org', 'jo\u0301se\u0301@example.org'])(
    '409: %s cannot be another account’s verified address beside it, so nobody else is taken for José',
    async (address) => {
      const id = `other-${Buffer.from(address).toString('hex').slice(0, 24)}`
      await scene.addPerson(id, { email: null })
      const answer = await verify(id, address)
      expect([answer.status, answer.body.code]).toEqual([409, 'conflict'])
      // Not verified, it may stand there, and does not go out.
      await scene.must('PUT', `/accounts/${id}/emails`, { address })
      const { page, login } = await wentOut(id)
      expect([login, page.includes('Bonjour')]).toEqual([undefined, false])
    },
  )

  it('the address of the account itself, unverified, does not go out either, whoever has it verified', async () => {
    await scene.addPerson('mallory', { email: 'jose@example.org', verified: false })
    const { login, url } = await wentOut('mallory')
    expect([login, new URL(url).origin]).toEqual([undefined, scene.url])
  })

  it.each([
    ['an accent in the domain makes another domain', 'adam@exämple.org', 'adam@example.org'],
    ['another script', 'пётр@example.org', 'petr@example.org'],
    ['another apostrophe', 'd’arc@example.org', "d'arc@example.org"],
  ])(
    '%s: two accounts may have both, and yet Paheko is never given two that it takes for one',
    async (_, odd, plain) => {
      const id = `odd-${Buffer.from(plain).toString('hex').slice(0, 16)}`
      await scene.addPerson(id, { email: odd })
      await scene.addPerson(`${id}-plain`, { email: plain })
      const { login } = await wentOut(id)
      expect(foldedLogin(login?.email ?? '')).not.toBe(foldedLogin(plain))
      expect((await wentOut(`${id}-plain`)).login?.email).toBe(plain)
    },
  )
})

describe('which of somebody’s addresses', () => {
  it('his primary one, and after a change the new one, from the next login on', async () => {
    await scene.addPerson('ada', { email: 'ada.l@example.org' })
    expect((await wentOut('ada')).login).toMatchObject({ email: 'ada.l@example.org', member: undefined })
    await scene.must('PATCH', '/accounts/ada', { email: 'ada@example.org' })
    // Nobody has shown that she reads it: nothing goes out.
    expect((await wentOut('ada')).login).toBeUndefined()
    expect((await verify('ada', 'ada@example.org')).status).toBeLessThan(300)
    expect((await wentOut('ada')).login).toMatchObject({ email: 'ada@example.org', member: { name: 'Ada Lovelace' } })
  })

  it('that of another domain, where the client says so; who has none there is stopped at the gate', async () => {
    await scene.must('PATCH', '/clients/paheko', { openid: { email: { from: '@asso.example.org' } } })
    await scene.addPerson('tess', { email: 'tess@example.org' })
    const before = await wentOut('tess')
    expect([before.login, new URL(before.url).origin]).toEqual([undefined, scene.url])
    await scene.must('PUT', '/accounts/tess/emails', { address: 'Trésorier@Asso.Example.org' })
    expect((await wentOut('tess')).login).toBeUndefined()
    await verify('tess', 'Trésorier@Asso.Example.org')
    expect((await wentOut('tess')).login).toMatchObject({
      email: 'Trésorier@Asso.Example.org',
      member: { name: 'Le trésorier' },
    })
    await scene.must('PATCH', '/clients/paheko', { openid: { email: { from: 'primary' } } })
  })
})
