import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Mood } from '../support/vendors/oidc_provider_moods.ts'
import { Person, type ProConnectGate, startProConnectGate } from '../support/vendors/proconnect_gate.ts'

let place: ProConnectGate
beforeAll(async () => {
  place = await startProConnectGate()
})
afterEach(async () => {
  for (const provider of [place.proconnect, place.keycloak]) {
    await provider.up()
    provider.calm()
  }
})
afterAll(() => place.stop())

const person = () => new Person(place.gate)
const hasSession = ({ cookies }: Person) => cookies.has('octroi_session')

describe('with ProConnect', () => {
  it('S3-02, S3-03: the button leads to an address of ours, and that to the authorization endpoint of the discovery document', async () => {
    const camille = person()
    const { text } = await camille.get('/sign-in')
    expect(text).toMatch(/href="\/sign-in\/proconnect\?flow=[^"]+"/)
    const away = new URL(await camille.setOut('proconnect'))
    expect(`${away.origin}${away.pathname}`).toBe(`${place.proconnect.issuer}/authorize`)
    expect(away.searchParams.get('redirect_uri')).toBe(`${place.gate.url}/sign-in/proconnect/callback`)
  })

  it('S3-04, S3-05: the callback asks the token endpoint, then userinfo, and the person is signed in', async () => {
    const camille = person()
    const back = await camille.through(await camille.setOut('proconnect'), 'camille')
    expect(back).toContain(`${place.gate.url}/sign-in/proconnect/callback?`)
    place.proconnect.requests.length = 0
    const done = await camille.get(back)
    expect([done.status, done.location]).toEqual([302, '/account'])
    const asked = place.proconnect.requests.map(({ method, url }) => `${method} ${url}`)
    expect(asked.filter((line) => !line.endsWith('/jwks'))).toEqual(['POST /api/v2/token', 'GET /api/v2/userinfo'])
    expect((await camille.get('/account')).text).toContain('Camille Petit')
  })

  it('S3-06: the address and the organization come of userinfo', async () => {
    await person().signIn('proconnect', 'camille')
    const { items } = (await place.gate.api('GET', '/accounts?limit=100')).body
    const { id } = items.find(({ name }: { name: string }) => name === 'Camille Petit')
    const emails = (await place.gate.api('GET', `/accounts/${id}/emails`)).body
    expect(JSON.stringify(emails)).toContain('camille.petit@agents.exemple.fr')
    const organizations = (await place.gate.api('GET', '/organizations?limit=100')).body.items
    const { id: dinum } = organizations.find(({ label }: { label: string }) => label === 'DINUM')
    const members = (await place.gate.api('GET', `/organizations/${dinum}/members`)).body
    expect(JSON.stringify(members)).toContain(`"${id}"`)
  })

  it('the account has the issuer and subject as its identity', async () => {
    const camille = person()
    await camille.signIn('proconnect', 'camille')
    const { items } = (await place.gate.api('GET', '/accounts?limit=100')).body
    const { id } = items.find(({ name }: { name: string }) => name === 'Camille Petit')
    const identities = (await place.gate.api('GET', `/accounts/${id}/identities`)).body
    expect(JSON.stringify(identities)).toContain('"subject":"pc-camille"')
    expect(JSON.stringify(identities)).toContain(place.proconnect.issuer)
  })

  it('the same person comes back to the same account', async () => {
    const before = await place.accounts()
    await person().signIn('proconnect', 'camille')
    expect(await place.accounts()).toBe(before)
  })
})

describe('nothing is created, and a page with a correlation id', () => {
  const refused = async (way: () => Promise<{ status: number; text: string; headers: Headers }>, who: Person) => {
    const before = await place.accounts()
    const page = await way()
    expect(page.headers.get('content-type')).toContain('text/html')
    const id = page.headers.get('octroi-request-id')
    expect(id).toMatch(/^\S{8,}$/)
    expect(page.text).toContain(id)
    expect(page.text).not.toContain('onerror')
    expect([await place.accounts(), hasSession(who)]).toEqual([before, false])
    return page.status
  }

  it.each([
    ['wrong nonce', { claims: { nonce: 'x'.repeat(43) } }],
    ['wrong alg', { header: { alg: 'RS256' } }],
    ['wrong iss', { claims: { iss: 'https://evil.example' } }],
    ['wrong aud', { claims: { aud: 'another' } }],
    ['wrong exp', { claims: { exp: 1_600_000_000 } }],
  ])('B-32 400 for an id_token with %s', async (_, forgery) => {
    const who = person()
    place.proconnect.forge.idToken = forgery
    expect(await refused(() => who.signIn('proconnect', 'dominique'), who)).toBe(400)
  })

  it('B-33 400 for the userinfo of somebody else', async () => {
    const who = person()
    place.proconnect.forge.userinfo = { claims: { sub: 'pc-camille' } }
    expect(await refused(() => who.signIn('proconnect', 'dominique'), who)).toBe(400)
  })

  it('403 for somebody whose SIRET is not known', async () => {
    const who = person()
    expect(await refused(() => who.signIn('proconnect', 'sacha'), who)).toBe(403)
  })

  it('B-37 403 when the provider answers access_denied', async () => {
    const who = person()
    expect(await refused(() => who.signIn('proconnect', ''), who)).toBe(403)
  })

  it('B-37 400 for the same way back a second time', async () => {
    const who = person()
    const back = await who.through(await who.setOut('proconnect'), 'camille')
    await who.get(back)
    who.cookies.delete('octroi_session')
    expect(await refused(() => who.get(back), who)).toBe(400)
  })

  it('B-38 403 when the provider checked less strictly than was asked for', async () => {
    const change = (acr_values: string[] | null) =>
      place.gate.api('PATCH', '/sign-in-methods/proconnect', { settings: { acr_values } })
    expect((await change(['eidas1-mfa'])).status).toBe(200)
    const who = person()
    expect(await refused(() => who.signIn('proconnect', 'camille'), who)).toBe(403)
    expect((await change(null)).status).toBe(200)
  })

  it('T35 400 for the attacker’s code and state in a fresh browser', async () => {
    const [attacker, victim] = [person(), person()]
    const back = await attacker.through(await attacker.setOut('proconnect'), 'dominique')
    expect(await refused(() => victim.get(back), victim)).toBe(400)
    await victim.setOut('proconnect')
    expect(await refused(() => victim.get(back), victim)).toBe(400)
  })

  it('D4 400 for the state of one provider at the callback of the other', async () => {
    const who = person()
    const back = await who.through(await who.setOut('proconnect'), 'camille')
    const elsewhere = back.replace('/sign-in/proconnect/', '/sign-in/keycloak/')
    expect(await refused(() => who.get(elsewhere), who)).toBe(400)
  })

  it('T17 400 for a way back whose state is there twice', async () => {
    const who = person()
    const back = await who.through(await who.setOut('proconnect'), 'camille')
    expect(await refused(() => who.get(`${back}&state=${'x'.repeat(43)}`), who)).toBe(400)
  })
})

describe('the provider is in trouble: a page with another way, never a 500', () => {
  const MOODS: readonly Mood[] = ['error', 'html', 'broken_json', 'huge', 'array']

  it.each(MOODS)('502 on the way back when its userinfo endpoint answers %s', async (mood) => {
    const who = person()
    const back = await who.through(await who.setOut('keycloak'), 'alix')
    const before = await place.accounts()
    place.keycloak.moods.set('/me', mood)
    const page = await who.get(back)
    expect(page.status).toBe(502)
    expect(page.text).toMatch(/\/sign-in\/proconnect\?flow=/)
    expect([await place.accounts(), hasSession(who)]).toEqual([before, false])
  })

  it('502 when it is down, and well again when it is up', async () => {
    const who = person()
    const away = await who.through(await who.setOut('keycloak'), 'alix')
    await place.keycloak.down()
    expect((await who.get(away)).status).toBe(502)
    await place.keycloak.up()
    expect((await who.signIn('keycloak', 'alix')).status).toBe(302)
    expect(hasSession(who)).toBe(true)
  })

  it('signed in after its keys were changed', async () => {
    place.keycloak.rotateKeys()
    expect((await person().signIn('keycloak', 'alix')).status).toBe(302)
  })

  it('502 once it calls itself by another issuer', async () => {
    place.keycloak.forge.discovery = { issuer: 'https://evil.example' }
    // Changed settings open the method anew: what it knew is asked again.
    await place.gate.api('PATCH', '/sign-in-methods/keycloak', { settings: { ui_locales: false } })
    const who = person()
    expect(await who.setOut('keycloak')).toBe('')
    expect(who.last).toMatchObject({ status: 502 })
    expect(who.last?.text).toContain('/sign-in/proconnect?flow=')
  })

  it('and its check says what is wrong', async () => {
    const check = async () => (await place.gate.api('POST', '/sign-in-methods/keycloak/test')).body
    expect(await check()).toMatchObject({ ok: true, problems: [] })
    await place.keycloak.down()
    expect(await check()).toMatchObject({ ok: false, problems: [expect.any(String)] })
  })
})

describe('B-39 signing out', () => {
  it('ends the session here, leads the browser through the provider’s, and back with the state that was given', async () => {
    const camille = person()
    await camille.signIn('proconnect', 'camille')
    await camille.get('/session/sign-out')
    const answer = await camille.submit('/session/sign-out')
    const away = new URL(answer.location ?? '')
    expect(`${away.origin}${away.pathname}`).toBe(`${place.proconnect.issuer}/session/end`)
    expect(away.searchParams.get('id_token_hint')).toMatch(/^ey/)
    expect((await camille.get('/account')).status).toBe(302)
    const back = await camille.through(away.href, '')
    expect(back).toContain(`${place.gate.url}/session/signed-out?state=`)
    expect((await camille.get(back)).status).toBe(200)
  })
})

it('no code, token or secret is in the trail', async () => {
  const who = person()
  const back = await who.through(await who.setOut('proconnect'), 'camille')
  await who.get(back)
  const trail = JSON.stringify((await place.gate.api('GET', '/audit?limit=200')).body)
  expect(trail).toContain('proconnect')
  for (const secret of [new URL(back).searchParams.get('code') ?? '', 'eyJ', place.proconnect.client.secret])
    expect(trail).not.toContain(secret)
})
