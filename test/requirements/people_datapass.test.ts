import { createHash, pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlainBrowser } from '../sign_in/browser.ts'
import { Person, type ProConnectGate, startProConnectGate } from '../support/vendors/proconnect_gate.ts'

/** The catalogue of the third text without OAuth code of its own: button → Octroi → ProConnect → its page → its back end. */

const PAGE = 'https://catalogue.example.org/auth/datapass/login'
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const ASKED = `app=catalogue&state=st&code_challenge=${CHALLENGE}&code_challenge_method=S256`
const PASSWORD = 'correct horse battery'
const DINUM = '13002526500013'
const PARIS = '21750001600019'

let place: ProConnectGate
let secret: string

const api = (method: string, path: string, body?: unknown) => place.gate.api(method, path, body)
const self = (key: string) => place.gate.api('GET', '/keys/self', undefined, { key })

const application = {
  name: 'Catalogue',
  redirect_uris: [PAGE],
  allow: { authenticated: true },
  roles: [{ group: 'publishers', role: 'ADMIN' }],
  default_role: 'USER',
  token: { enabled: true, grants: [], ttl_s: 3_600 },
}

beforeAll(async () => {
  place = await startProConnectGate()
  // ProConnect does not say whether an address was checked: an application is told it where the operator trusts it.
  const trusted = await api('PATCH', '/sign-in-methods/proconnect', { settings: { trust_email: true } })
  expect(trusted.status).toBe(200)
  // As at ProConnect: users of the catalogue act for an organization, however they sign in.
  expect((await api('PATCH', '/sign-in-methods/password', { organizations: 'required' })).status).toBe(200)
  await api('POST', '/groups', { id: 'publishers', name: 'Publishers' })
  const made = await api('POST', '/clients', { id: 'catalogue', ...application })
  secret = made.body.client_secret
  expect((await api('POST', '/clients', { id: 'old', ...application, token_in_query: true })).status).toBe(201)
})
afterAll(() => place.stop())

/** By the button of the page: there, to ProConnect and back; the address that the browser is led to in the end. */
async function byProConnect(name: string, asked = ASKED): Promise<URL> {
  const person = new Person(place.gate)
  const away = await person.get(`/sign-in/proconnect?${asked}`)
  const back = await person.get(await person.through(away.location ?? '', name))
  return new URL(back.location ?? '')
}

async function byPassword(login: string): Promise<URL> {
  const browser = new PlainBrowser(place.gate.url)
  await browser.get(`/sign-in/password?${ASKED}`)
  return new URL((await browser.submit('/sign-in/password', { login, password: PASSWORD })).location ?? '')
}

async function exchange(page: URL) {
  const answer = await fetch(`${place.gate.url}/session/exchange`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`catalogue:${secret}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ code: page.searchParams.get('code'), code_verifier: VERIFIER }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Readonly<Record<string, string>>
}

/** As the old table had it. */
const oldUser = (id: string) => ({
  id,
  name: id,
  email: `${id}@example.org`,
  organizations: [DINUM],
  groups: ['publishers'],
  password_hash: `pbkdf2_sha256$1000$salt$${pbkdf2Sync(PASSWORD, 'salt', 1000, 32, 'sha256').toString('base64')}`,
})

describe('registration', () => {
  it('S3-01: the first sign-in registers, the next one is the same person', async () => {
    const before = await place.accounts()
    const first = await exchange(await byProConnect('camille'))
    expect(await place.accounts()).toBe(before + 1)
    const second = await exchange(await byProConnect('camille'))
    expect([second.account, await place.accounts()]).toEqual([first.account, before + 1])
  })

  it('S3-07: an address that nobody has makes an account, known by issuer and subject, and an event tells it', async () => {
    const { account, email } = await exchange(await byProConnect('dominique'))
    const identities = (await api('GET', `/accounts/${account}/identities`)).body.items
    expect(identities).toMatchObject([{ issuer: place.proconnect.issuer, subject: 'pc-dominique' }])
    const events = (await api('GET', `/events?subject=account:${account}&limit=50`)).body.items
    const made = events.filter(({ type }: { type: string }) => type === 'account.created')
    expect([made.length, JSON.stringify(made).includes(email as string)]).toEqual([1, false])
  })
})

describe('back to the page', () => {
  it('S3-08: with a code and nothing else; the back end has organization, address, role and token for it', async () => {
    const page = await byProConnect('camille')
    expect(page.origin + page.pathname).toBe(PAGE)
    expect([...page.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
    const told = await exchange(page)
    expect(told).toMatchObject({ organization_siret: DINUM, email: 'camille.petit@agents.exemple.fr', role: 'USER' })
    expect((await self(told.api_token as string)).body).toMatchObject({ account: told.account })
  })

  it('S3-09: where the operator has switched it on, the page finds the four values in its address, and the token works', async () => {
    const page = await byProConnect('camille', 'app=old')
    const { api_token: token = '', ...rest } = Object.fromEntries(page.searchParams)
    expect(rest).toEqual({ organization_siret: DINUM, email: 'camille.petit@agents.exemple.fr', role: 'USER' })
    expect((await self(token)).status).toBe(200)
  })
})

describe('beside the users that were there before', () => {
  it('S3-11: they come with the hash of their password, and sign in with the same one', async () => {
    const taken = await api('POST', '/accounts/import', { accounts: [oldUser('lea')] })
    expect([taken.status, taken.body.made]).toEqual([200, 1])
    expect(await exchange(await byPassword('lea@example.org'))).toMatchObject({ account: 'lea', role: 'ADMIN' })
  })

  it('S3-12: id, organization, address, token and role are what the application is told, by whatever way somebody came', async () => {
    await api('POST', '/accounts/import', { accounts: [oldUser('noe')] })
    const noe = await exchange(await byPassword('noe'))
    const dominique = await exchange(await byProConnect('dominique'))
    expect(noe).toMatchObject({ account: 'noe', organization_siret: DINUM, email: 'noe@example.org', role: 'ADMIN' })
    const email = 'dominique.moreau@agents.exemple.fr'
    expect(dominique).toMatchObject({ organization_siret: PARIS, email, role: 'USER' })
    for (const { account, api_token } of [noe, dominique])
      expect((await self(api_token as string)).body).toMatchObject({ account })
  })

  it('S3-13: nothing changes between page and API: a bearer token, of the one as of the other, until it is taken away', async () => {
    await api('POST', '/accounts/import', { accounts: [oldUser('zia')] })
    for (const told of [await exchange(await byPassword('zia')), await exchange(await byProConnect('camille'))]) {
      const call = () =>
        fetch(`${place.gate.url}/api/v1/keys/self`, { headers: { authorization: `Bearer ${told.api_token}` } })
      expect((await call()).status).toBe(200)
      expect((await api('DELETE', `/sessions/${told.session_id}`)).status).toBe(204)
      expect((await call()).status).toBe(401)
    }
  })
})

it('S0-18: signed in once, the next application asks for no password', async () => {
  await api('POST', '/accounts/import', { accounts: [oldUser('ida')] })
  const other = { ...application, redirect_uris: ['https://other.example.org/cb'] }
  expect((await api('POST', '/clients', { id: 'other', ...other })).status).toBe(201)
  const browser = new PlainBrowser(place.gate.url)
  await browser.get(`/sign-in?${ASKED}`)
  await browser.submit('/sign-in/password', { login: 'ida', password: PASSWORD })
  const next = await browser.get(`/sign-in?${ASKED.replace('catalogue', 'other')}`)
  expect(next.status).toBe(302)
  expect(next.location).toMatch(/^https:\/\/other\.example\.org\/cb\?code=/)
})
