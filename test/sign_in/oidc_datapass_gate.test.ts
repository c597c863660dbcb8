import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Person, type ProConnectGate, startProConnectGate } from '../support/vendors/proconnect_gate.ts'

/** The old shape, from the list of organizations to a session for one of them. */
let place: ProConnectGate
beforeAll(async () => {
  place = await startProConnectGate()
})
afterEach(() => place.keycloak.calm())
afterAll(() => place.stop())

const DINUM = '13002526500013'
const PARIS = '21750001600019'

/** Somebody of these organizations, by a number, as DataPass wrote it. */
async function arrive(sub: number, ...sirets: string[]) {
  const organizations = sirets.map((siret, id) => ({ id, siret, label: `Organisation ${id}`, is_external: false }))
  place.keycloak.forge.idToken = { claims: { sub } }
  place.keycloak.forge.userinfo = { claims: { sub, organizations } }
  const person = new Person(place.gate)
  const answer = await person.signIn('datapass', 'alix')
  return { person, answer, page: answer.location === undefined ? answer : await person.get(answer.location) }
}

async function idOf(siret: string): Promise<string> {
  const { items } = (await place.gate.api('GET', '/organizations?limit=100')).body
  return items.find((organization: { siret: string }) => organization.siret === siret).id
}

it('B-34, B-35 one that is known: in, for that one; those that are not known do not count', async () => {
  const { answer, person } = await arrive(154, DINUM, '99999999900018')
  expect([answer.status, answer.location]).toEqual([302, '/account'])
  expect(person.cookies.has('octroi_session')).toBe(true)
})

it('B-35 several: he chooses, and only among his own', async () => {
  const { page, person } = await arrive(155, DINUM, PARIS)
  expect(page.text).toContain('DINUM')
  expect(page.text).toContain('Ville de Paris')
  const chosen = await person.submit('/sign-in/step/', { organization: await idOf(PARIS) })
  expect(chosen.location).toBe('/account')
  expect(person.cookies.has('octroi_session')).toBe(true)
})

it('B-35 none: the help page, and nothing is made', async () => {
  const before = await place.accounts()
  const { answer, person } = await arrive(156)
  expect([answer.status, await place.accounts()]).toEqual([403, before])
  expect(person.cookies.has('octroi_session')).toBe(false)
})

it('B-36 somebody who left his organization does not come in by it any more', async () => {
  expect((await arrive(157, DINUM)).answer.status).toBe(302)
  expect((await arrive(157)).answer.status).toBe(403)
  const members = async (siret: string) =>
    JSON.stringify((await place.gate.api('GET', `/organizations/${await idOf(siret)}/members?limit=100`)).body)
  expect((await arrive(158, DINUM)).answer.status).toBe(302)
  const before = await members(PARIS)
  expect((await arrive(158, PARIS)).answer.status).toBe(302)
  expect((await members(PARIS)).length).toBeGreaterThan(before.length)
})

it('B-40 the same address from another provider is another account', async () => {
  await arrive(159, DINUM)
  const before = await place.accounts()
  place.keycloak.calm()
  place.proconnect.forge.userinfo = { claims: { email: 'Alix@Example.org' } }
  await new Person(place.gate).signIn('proconnect', 'dominique')
  place.proconnect.calm()
  expect(await place.accounts()).toBe(before + 1)
})
