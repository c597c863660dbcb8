import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBrowser } from '../browser/browser.ts'
import { Visitor } from '../support/vendors/oidc_provider_visit.ts'
import { type ProConnectGate, startProConnectGate } from '../support/vendors/proconnect_gate.ts'
import { AccountVisitor, addPeople, PASSWORD } from './account_visitor.ts'

/** Linking at a real provider's own pages: by the one who is signed in, and by nobody else. */

let place: ProConnectGate

beforeAll(async () => {
  place = await startProConnectGate()
  await addPeople(place.gate, 'ada', 'ben')
})
afterAll(() => place.stop())

async function signedIn(account: string): Promise<AccountVisitor> {
  const visitor = new AccountVisitor(place.gate.url)
  await visitor.signIn(account)
  return visitor
}

/** To the provider and to its answer, which is not taken back to us yet. */
async function proved(visitor: AccountVisitor, name: string): Promise<string> {
  const page = await visitor.fill('/account/identities', '/account/identities', { do: 'link', method: 'keycloak' })
  expect(page.status).toBe(200)
  const away = await visitor.get(page.location ?? '')
  expect(away.location).toContain(place.keycloak.issuer)
  return new Visitor().through(away.location ?? '', name)
}

const identitiesOf = async (account: string) =>
  (await place.gate.api('GET', `/accounts/${account}/identities`)).body.items as { subject: string }[]

describe('an identity of a provider', () => {
  it('T35 is not linked in a browser that did not set out', async () => {
    const callback = await proved(await signedIn('ada'), 'alix')
    const ben = await signedIn('ben')
    expect((await ben.get(callback)).status).toBe(400)
    expect([await identitiesOf('ada'), await identitiesOf('ben')]).toEqual([[], []])
  })
  it('is linked by its owner, who then signs in by it to the same account', async () => {
    const ada = await signedIn('ada')
    const before = await place.accounts()
    const linked = await ada.get(await proved(ada, 'alix'))
    expect(linked).toMatchObject({ status: 302, location: '/account/identities?done=identity_linked' })
    expect((await ada.get('/account/identities')).text).toContain('Keycloak')
    const again = new AccountVisitor(place.gate.url)
    const { text } = await again.get('/sign-in')
    const button = /href="([^"]*\/sign-in\/keycloak\?flow=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const back = await new Visitor().through((await again.get(button)).location ?? '', 'alix')
    expect((await again.get(back)).location).toBe('/account')
    expect((await again.get('/account')).text).toContain('Person ada')
    expect(await place.accounts()).toBe(before)
  })
  it('T28 stays where it is when somebody else proves it', async () => {
    const ben = await signedIn('ben')
    const refused = await ben.get(await proved(ben, 'alix'))
    expect(refused.status).toBe(403)
    expect(await identitiesOf('ben')).toEqual([])
    expect(await identitiesOf('ada')).toHaveLength(1)
  })
  it('is removed again, and signs in nobody to that account any more', async () => {
    const ada = await signedIn('ada')
    const [identity] = (await place.gate.api('GET', '/accounts/ada/identities')).body.items
    const page = `/account/identities?confirm=remove&id=${identity.id}`
    expect(await ada.fill(page, '/account/identities', {})).toMatchObject({
      location: '/account/identities?done=identity_removed',
    })
    expect(await identitiesOf('ada')).toEqual([])
  })
  it('is reached from a real browser, whose policy holds redirects after forms to our own pages', async () => {
    const browser = await startBrowser()
    try {
      const page = await (await browser.context({ locale: 'en' })).newPage()
      await page.goto(`${place.gate.url}/sign-in`)
      await page.fill('[name=login]', 'ben')
      await page.fill('[name=password]', PASSWORD)
      await page.click('form[action="/sign-in/password"] button[type=submit]')
      await page.waitForURL(`${place.gate.url}/account`)
      await page.goto(`${place.gate.url}/account/identities`)
      await page.click('form:has(input[value=keycloak]) button')
      await page.waitForURL((url) => url.origin === new URL(place.keycloak.issuer).origin)
    } finally {
      await browser.close()
    }
  })
})
